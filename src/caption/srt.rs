//! SubRip. There is no specification: what counts is the line with the arrow.

use super::cue::Cue;
use super::{Broken, add, markup, timestamp};

/// Start and end of a line like `00:00:01,000 --> 00:00:02,000 X1:40`, in milliseconds.
pub(super) fn times(line: &str) -> Option<(u64, u64)> {
    let (start, end) = line.split_once("-->")?;
    // Positions may follow; a time may have spaces in it.
    let end = end.trim();
    let end = timestamp::read(end).or_else(|| timestamp::read(end.split_whitespace().next()?));
    Some((timestamp::read(start.trim())?, end?))
}

/// The cues. Empty lines inside a text do not end it, and numbers are not needed.
pub(super) fn read(text: &str) -> Result<Vec<Cue>, Broken> {
    let mut cues = Vec::new();
    let mut open: Option<(u64, u64, Vec<&str>)> = None;
    // Some files end their lines with a lone CR.
    let lines = text.split(['\n', '\r']).map(str::trim);
    for line in lines {
        if let Some((start_ms, end_ms)) = times(line) {
            if let Some((start_ms, end_ms, mut lines)) = open.take() {
                drop_number(&mut lines);
                add(&mut cues, cue(start_ms, end_ms, &lines))?;
            }
            open = Some((start_ms, end_ms, Vec::new()));
        } else if let Some((_, _, lines)) = &mut open {
            lines.push(line);
        }
    }
    if let Some((start_ms, end_ms, lines)) = open {
        add(&mut cues, cue(start_ms, end_ms, &lines))?;
    }
    Ok(cues)
}

/// The next cue's number stands right before its times, with an empty line before it.
fn drop_number(lines: &mut Vec<&str>) {
    // Between CR and LF there is an empty line too.
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let is_number = |line: &&str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    let stands_apart = lines.len() < 2 || lines[lines.len() - 2].is_empty();
    if stands_apart && lines.last().is_some_and(is_number) {
        lines.pop();
    }
}

fn cue(start_ms: u64, end_ms: u64, lines: &[&str]) -> Cue {
    Cue { start_ms, end_ms, text: markup::from_html(&lines.join("\n")) }
}
