//! Cues, and WebVTT made of them.

use super::{Broken, OUTPUT_MAX, timestamp};

/// Text that is shown for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue {
    pub start_ms: u64,
    pub end_ms: u64,
    /// Escaped, with the tags of WebVTT.
    pub text: String,
}

/// A WebVTT file. Cues are in order of their start, as players expect; one that is never shown, or shows nothing, is left out.
pub(super) fn written(mut cues: Vec<Cue>) -> Result<String, Broken> {
    cues.sort_by_key(|cue| cue.start_ms);
    let mut out = String::from("WEBVTT\n");
    for cue in cues.iter().filter(|cue| cue.start_ms < cue.end_ms) {
        let mut lines = cue.text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        if lines.peek().is_none() {
            continue;
        }
        out.push('\n');
        timestamp::write(&mut out, cue.start_ms);
        out.push_str(" --> ");
        timestamp::write(&mut out, cue.end_ms);
        out.push('\n');
        // An empty line would end the cue.
        for line in lines {
            out.push_str(line);
            out.push('\n');
        }
        if out.len() > OUTPUT_MAX {
            return Err(Broken::TooLong);
        }
    }
    Ok(out)
}
