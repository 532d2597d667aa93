//! SubStation Alpha, old (SSA) and advanced (ASS): the dialogue of its `[Events]`, without its styles.

use super::cue::{Cue, Text, markup_end, time};
use super::{CUES_MAX, Unreadable};

/// Whether a text has the sections of a script.
pub(super) fn is_ass(text: &str) -> bool {
    text.lines().take(200).any(|line| {
        let line = line.trim().to_ascii_lowercase();
        line == "[script info]" || line == "[events]"
    })
}

pub(super) fn cues(text: &str) -> Result<Vec<Cue>, Unreadable> {
    let mut cues = Vec::new();
    let mut events = false;
    // Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text, unless a Format line says otherwise.
    let mut columns = Columns { start: 1, end: 2, text: 9 };
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            events = line.eq_ignore_ascii_case("[events]");
        } else if events && let Some((key, value)) = line.split_once(':') {
            match key.trim().to_ascii_lowercase().as_str() {
                "format" => columns = Columns::read(value).unwrap_or(columns),
                "dialogue" => {
                    let Some(cue) = columns.cue(value) else { continue };
                    if cues.len() >= CUES_MAX {
                        return Err(Unreadable::TooMany);
                    }
                    cues.push(cue);
                }
                _ => {}
            }
        }
    }
    Ok(cues)
}

/// Where the fields of an event are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    start: usize,
    end: usize,
    text: usize,
}

impl Columns {
    fn read(format: &str) -> Option<Self> {
        let names: Vec<_> = format.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        Some(Self { start: at("start")?, end: at("end")?, text: at("text")? })
    }

    fn cue(self, event: &str) -> Option<Cue> {
        // The text is the last field and may have commas in it.
        let fields: Vec<_> = event.splitn(self.text + 1, ',').collect();
        let (from_ms, to_ms) = (time(fields.get(self.start)?)?, time(fields.get(self.end)?)?);
        let text = shown(fields.get(self.text)?)?;
        Some(Cue { from_ms, to_ms: to_ms.max(from_ms + 1), text })
    }
}

/// Without override codes and drawings; bold, italic and underline are kept.
fn shown(text: &str) -> Option<String> {
    let mut out = Text::default();
    let mut open: Vec<char> = Vec::new();
    let mut drawing = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '{'
            && let Some(end) = markup_end(rest, '}')
        {
            let (codes, after) = (&rest[1..end], &rest[end + 1..]);
            for code in codes.split('\\').skip(1) {
                override_code(code.trim(), &mut out, &mut open, &mut drawing);
            }
            rest = after;
            continue;
        }
        let mut length = c.len_utf8();
        match rest.get(..2) {
            Some("\\N" | "\\n") => {
                out.line();
                length = 2;
            }
            Some("\\h") => {
                out.character('\u{a0}');
                length = 2;
            }
            _ if drawing => {}
            _ => out.character(c),
        }
        rest = &rest[length..];
    }
    for style in open.iter().rev() {
        out.tag(&format!("/{style}"));
    }
    out.done().filter(|text| {
        text.split('<').any(|part| !part.split_once('>').map_or(part, |(_, shown)| shown).trim().is_empty())
    })
}

fn override_code(code: &str, out: &mut Text, open: &mut Vec<char>, drawing: &mut bool) {
    if let Some(scale) =
        code.strip_prefix('p').filter(|scale| !scale.is_empty() && scale.bytes().all(|b| b.is_ascii_digit()))
    {
        *drawing = scale != "0";
        return;
    }
    let mut characters = code.chars();
    let (Some(style @ ('b' | 'i' | 'u')), value) = (characters.next(), characters.as_str()) else {
        if code.starts_with('r') {
            close(out, open, |_| true);
        }
        return;
    };
    match value.parse::<u32>() {
        Ok(0) => close(out, open, |one| one == style),
        // A weight in the place of a switch.
        Ok(weight) if weight != 1 && weight < 600 => {}
        Ok(_) if !open.contains(&style) => {
            open.push(style);
            out.tag(&style.to_string());
        }
        _ => {}
    }
}

/// Closes tags so that they stay nested; those above that stay open are opened again.
fn close(out: &mut Text, open: &mut Vec<char>, closes: impl Fn(char) -> bool) {
    let Some(first) = open.iter().position(|one| closes(*one)) else { return };
    let above = open.split_off(first);
    for style in above.iter().rev() {
        out.tag(&format!("/{style}"));
    }
    for style in above.into_iter().filter(|one| !closes(*one)) {
        out.tag(&style.to_string());
        open.push(style);
    }
}
