//! SubRip: a number, a line with two times, lines of text, an empty line. The number may be missing, and so may the empty line.

use super::cue::{Cue, Text, markup_end, time};
use super::{CUES_MAX, Unreadable};

pub(super) fn cues(text: &str) -> Result<Vec<Cue>, Unreadable> {
    let mut cues: Vec<Cue> = Vec::new();
    let mut current: Option<((u64, u64), Vec<&str>)> = None;
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        if let Some(times) = times(line) {
            // The number of this cue was taken for the last line of the one before.
            if let Some((_, lines)) = &mut current
                && lines.last().is_some_and(|last| is_number(last))
            {
                lines.pop();
            }
            finish(&mut cues, current.take())?;
            current = Some((times, Vec::new()));
        } else if let Some((_, lines)) = &mut current {
            lines.push(line);
        }
    }
    finish(&mut cues, current)?;
    Ok(cues)
}

fn finish(cues: &mut Vec<Cue>, cue: Option<((u64, u64), Vec<&str>)>) -> Result<(), Unreadable> {
    let Some(((from_ms, to_ms), lines)) = cue else { return Ok(()) };
    if let Some(text) = shown(&lines.join("\n")) {
        if cues.len() >= CUES_MAX {
            return Err(Unreadable::TooMany);
        }
        cues.push(Cue { from_ms, to_ms: to_ms.max(from_ms + 1), text });
    }
    Ok(())
}

/// `00:00:01,000 --> 00:00:02,000`, perhaps with a place behind it.
fn times(line: &str) -> Option<(u64, u64)> {
    let (from, to) = line.split_once("-->")?;
    let to = to.trim().split([' ', '\t']).next().unwrap_or_default();
    Some((time(from)?, time(to)?))
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.len() <= 9 && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// With `<b>`, `<i>`, `<u>` kept and other tags left out, also those in braces that come from ASS.
fn shown(text: &str) -> Option<String> {
    let mut out = Text::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '<'
            && let Some(end) = markup_end(rest, '>')
            && let Some(tag) = known_tag(&rest[1..end])
        {
            if !tag.is_empty() {
                out.tag(&tag);
            }
            rest = &rest[end + 1..];
        } else if let Some(after) = rest.strip_prefix("{\\").and_then(|code| Some(&code[markup_end(code, '}')? + 1..]))
        {
            rest = after;
        } else {
            // Entities are common although SubRip has none.
            let entity =
                ["&amp;", "&lt;", "&gt;", "&nbsp;", "&quot;"].into_iter().find(|entity| rest.starts_with(entity));
            let (shown, length) = match entity {
                Some("&amp;") => ('&', 5),
                Some("&lt;") => ('<', 4),
                Some("&gt;") => ('>', 4),
                Some("&nbsp;") => ('\u{a0}', 6),
                Some(_) => ('"', 6),
                None => (c, c.len_utf8()),
            };
            out.character(shown);
            rest = &rest[length..];
        }
    }
    out.done()
}

/// What becomes of a tag: itself, nothing (empty), or `None` when it is no tag but text.
fn known_tag(inner: &str) -> Option<String> {
    let lower = inner.trim().to_ascii_lowercase();
    let name = lower.trim_start_matches('/').split([' ', '=']).next().unwrap_or_default();
    match name {
        "b" | "i" | "u" => Some(if lower.starts_with('/') { format!("/{name}") } else { name.to_owned() }),
        "font" | "s" | "span" | "c" | "v" | "ruby" | "rt" => Some(String::new()),
        _ => None,
    }
}
