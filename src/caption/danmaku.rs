//! Danmaku: comments that fly over the picture, as Bilibili's XML has them.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use serde::Serialize;

use super::{Broken, OUTPUT_MAX};

/// The most comments that one file may have; a site gives out 8 000 at most, collected ones are some ten times that.
pub const COMMENTS_MAX: usize = 200_000;
/// A longer `p`, or name in it, is nobody's, in bytes.
const PLACE_MAX: usize = 512;

/// One comment.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Comment {
    /// Into the media.
    time_ms: u64,
    /// 1 to 3 roll, 4 is at the bottom, 5 at the top; others are the player's to know.
    mode: u32,
    size: u32,
    /// 0xRRGGBB.
    color: u32,
    /// Seconds since 1970.
    sent_at: u64,
    pool: u32,
    user: String,
    /// Text, because it is larger than the numbers that JavaScript has.
    id: String,
    text: String,
}

pub(super) fn to_json(text: &str) -> Result<String, Broken> {
    let comments = read(text)?;
    let json = serde_json::to_string(&comments).map_err(|_| Broken::Xml)?;
    if json.len() > OUTPUT_MAX { Err(Broken::TooLong) } else { Ok(json) }
}

fn read(text: &str) -> Result<Vec<Comment>, Broken> {
    let mut xml = Reader::from_str(text);
    // People write what they like, and not all who collect it escape it.
    xml.config_mut().allow_dangling_amp = true;
    let (mut comments, mut open, mut depth, mut rooted) = (Vec::new(), None::<Comment>, 0_usize, false);
    loop {
        match xml.read_event().map_err(|_| Broken::Xml)? {
            Event::Start(element) => {
                if depth == 0 && (rooted || element.local_name().as_ref().eq_ignore_ascii_case("html")) {
                    return Err(Broken::Xml);
                }
                (rooted, depth) = (true, depth + 1);
                if element.local_name().as_ref() == "d" {
                    open = placed(&element);
                }
            }
            Event::Empty(_) => rooted = true,
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                if element.local_name().as_ref() == "d"
                    && let Some(comment) = open.take()
                {
                    if comments.len() == COMMENTS_MAX {
                        return Err(Broken::TooMany);
                    }
                    comments.push(comment);
                }
            }
            Event::Text(text) => push(&mut open, &text),
            Event::CData(text) => push(&mut open, &text),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => push(&mut open, character.encode_utf8(&mut [0; 4])),
                _ => match resolve_predefined_entity(&reference) {
                    Some(text) => push(&mut open, text),
                    None => push(&mut open, &format!("&{};", &*reference)),
                },
            },
            Event::DocType(_) => return Err(Broken::Xml),
            Event::Eof if depth > 0 || !rooted => return Err(Broken::Xml),
            Event::Eof => return Ok(comments),
            _ => {}
        }
    }
}

fn push(open: &mut Option<Comment>, text: &str) {
    if let Some(comment) = open {
        comment.text.push_str(text);
    }
}

/// A comment without its text; `None` without a time.
fn placed(element: &BytesStart<'_>) -> Option<Comment> {
    let place = element.try_get_attribute("p").ok()??;
    let place = quick_xml::escape::unescape(&place.value).ok().filter(|place| place.len() <= PLACE_MAX)?;
    let mut fields = place.split(',').map(str::trim);
    let seconds: f64 = fields.next()?.parse().ok().filter(|seconds: &f64| seconds.is_finite())?;
    let mut number = || fields.next().and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    let narrow = |number: u64| u32::try_from(number).unwrap_or_default();
    Some(Comment {
        // Before the beginning is at it, and a float cannot pass what a u64 holds unnoticed.
        time_ms: (seconds.clamp(0.0, 1e9) * 1000.0).round() as u64,
        mode: narrow(number()),
        size: narrow(number()),
        color: narrow(number()),
        sent_at: number(),
        pool: narrow(number()),
        user: fields.next().unwrap_or_default().to_owned(),
        id: fields.next().unwrap_or_default().to_owned(),
        text: String::new(),
    })
}
