//! Cues, and how they stand in WebVTT.

use std::fmt::Write;

/// Something that is shown for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue {
    /// In ms.
    pub from_ms: u64,
    /// In ms.
    pub to_ms: u64,
    /// Lines of WebVTT: escaped, with the tags `b`, `i` and `u` at most.
    pub text: String,
}

/// The longest time that is read, in ms: 1000 hours.
pub(super) const TIME_MAX_MS: u64 = 1000 * 3600 * 1000;

/// Longer markup is text, in bytes: looking for its end at every beginning of some would take quadratic time.
pub(super) const MARKUP_MAX: usize = 512;

/// Where the markup ends that stands here.
pub(super) fn markup_end(text: &str, last: char) -> Option<usize> {
    text[..text.floor_char_boundary(MARKUP_MAX)].find(last)
}

/// A file of these cues (WebVTT 4.1).
pub(super) fn vtt(cues: &[Cue]) -> String {
    let mut out = String::with_capacity(16 + cues.iter().map(|cue| cue.text.len() + 40).sum::<usize>());
    out.push_str("WEBVTT\n");
    for cue in cues {
        let _ = write!(out, "\n{} --> {}\n{}\n", Time(cue.from_ms), Time(cue.to_ms), cue.text);
    }
    out
}

struct Time(u64);

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, ms) = (self.0 / 1000, self.0 % 1000);
        write!(f, "{:02}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// `1:02:03,4`, `02:03.456`: hours may be missing, the fraction is separated by a comma or a point and has one to three digits or more.
pub(super) fn time(text: &str) -> Option<u64> {
    let (whole, fraction) = text.trim().split_once([',', '.']).unwrap_or((text.trim(), ""));
    let parts: Vec<u64> = whole.split(':').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [hours, minutes, seconds] => {
            hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?
        }
        [minutes, seconds] => minutes.checked_mul(60)?.checked_add(seconds)?,
        _ => return None,
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let ms = fraction.bytes().chain(*b"000").take(3).fold(0, |ms, digit| ms * 10 + u64::from(digit - b'0'));
    seconds.checked_mul(1000)?.checked_add(ms).filter(|at| *at <= TIME_MAX_MS)
}

/// A line's end within a cue, escapes, and tags that are kept: how a cue's text is written.
#[derive(Debug, Default)]
pub(super) struct Text {
    out: String,
}

impl Text {
    /// One character of what is shown.
    pub fn character(&mut self, c: char) {
        match c {
            '&' => self.out.push_str("&amp;"),
            '<' => self.out.push_str("&lt;"),
            // `-->` may not stand in a cue.
            '>' => self.out.push_str("&gt;"),
            '\r' | '\0' => {}
            '\n' => self.line(),
            c => self.out.push(c),
        }
    }

    /// The end of a line. An empty line would end the cue.
    pub fn line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// A tag: `b`, `/i`, ...
    pub fn tag(&mut self, tag: &str) {
        self.out.push('<');
        self.out.push_str(tag);
        self.out.push('>');
    }

    /// The text; `None` when nothing is shown.
    pub fn done(self) -> Option<String> {
        let text = self.out.trim_matches(['\n', ' ', '\t']);
        let lines: Vec<_> = text.split('\n').filter(|line| !line.trim().is_empty()).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}
