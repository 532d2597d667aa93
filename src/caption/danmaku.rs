//! Danmaku: comments that fly over the picture, as `<d p="TIME,MODE,SIZE,COLOUR,SENT,POOL,USER,ID">TEXT</d>`.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde::Serialize;

use super::{CUES_MAX, Unreadable, charset};

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// When it is shown, in ms from the start.
    pub time_ms: u64,
    /// 1 to 3: from the right; 4: at the bottom; 5: at the top; others: special.
    pub mode: u8,
    /// Of the letters; 25 is usual.
    pub size: u16,
    /// 0xRRGGBB.
    pub color: u32,
    /// When it was written: seconds since 1970.
    pub sent_at: i64,
    /// 0: of anybody.
    pub pool: u32,
    /// A hash of who wrote it.
    pub user: String,
    /// Its number there.
    pub id: String,
    /// What it says.
    pub text: String,
}

/// Danmaku as a JSON array of [`Comment`]s, in order of time. Comments that cannot be read are left out.
///
/// # Errors
/// [`Unreadable`].
pub fn danmaku_json(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let text = charset::decode(bytes);
    let mut comments = comments(&text)?;
    comments.sort_by_key(|comment| comment.time_ms);
    serde_json::to_vec(&comments).map_err(|_| Unreadable::NoDanmaku)
}

fn comments(text: &str) -> Result<Vec<Comment>, Unreadable> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let (mut comments, mut current, mut elements) = (Vec::new(), None::<Comment>, 0_usize);
    loop {
        match reader.read_event().map_err(|_| Unreadable::NoDanmaku)? {
            Event::Eof => break,
            // Entities of its own may grow without end.
            Event::DocType(_) => return Err(Unreadable::NoDanmaku),
            Event::Start(element) => {
                elements += 1;
                current = (element.local_name().as_ref() == "d").then(|| comment(&element)).flatten();
            }
            Event::Text(piece) => {
                if let Some(comment) = &mut current {
                    comment.text.push_str(&piece);
                }
            }
            Event::CData(piece) => {
                if let Some(comment) = &mut current {
                    comment.text.push_str(&piece);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(comment) = &mut current {
                    comment.text.extend(character(&reference));
                }
            }
            Event::End(element) if element.local_name().as_ref() == "d" => {
                if let Some(comment) = current.take().filter(|comment| !comment.text.trim().is_empty()) {
                    if comments.len() >= CUES_MAX {
                        return Err(Unreadable::TooMany);
                    }
                    comments.push(comment);
                }
            }
            _ => {}
        }
    }
    if elements == 0 { Err(Unreadable::NoDanmaku) } else { Ok(comments) }
}

/// What a reference stands for (XML 4.1, 4.6).
fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || *c == '\n')
        }
    }
}

/// The comment of an element, without its text. What stands behind the fourth number may be missing.
fn comment(element: &BytesStart<'_>) -> Option<Comment> {
    let attribute = element.attributes().with_checks(false).flatten().find(|one| one.key.as_ref() == "p")?;
    let p = attribute.value.as_ref();
    let mut fields = p.split(',').map(str::trim);
    let seconds: f64 = fields.next()?.parse().ok()?;
    if !(0.0..=1e9).contains(&seconds) {
        return None;
    }
    Some(Comment {
        time_ms: (seconds * 1000.0).round() as u64,
        mode: fields.next()?.parse().ok()?,
        size: fields.next()?.parse().ok()?,
        color: fields.next()?.parse::<u32>().ok()? & 0xff_ffff,
        sent_at: fields.next().and_then(|field| field.parse().ok()).unwrap_or_default(),
        pool: fields.next().and_then(|field| field.parse().ok()).unwrap_or_default(),
        user: fields.next().unwrap_or_default().to_owned(),
        id: fields.next().unwrap_or_default().to_owned(),
        text: String::new(),
    })
}
