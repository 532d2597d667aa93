//! Subtitles and danmaku in the one form that browsers understand: functions of their bytes.
//!
//! [`to_vtt`] makes WebVTT of SubRip, SubStation Alpha and WebVTT in any [`charset`]; [`danmaku_json`] makes JSON of the XML that danmaku comes in.

mod ass;
mod charset;
mod cue;
mod danmaku;
mod srt;

pub use danmaku::{Comment, danmaku_json};

/// The most cues of one file.
pub const CUES_MAX: usize = 100_000;

/// Why there is no other form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has no cue, or is of a format that is not known.
    #[error("these are no subtitles in SRT, ASS, SSA or WebVTT")]
    NoSubtitles,
    /// It is no XML with comments in it.
    #[error("this is no danmaku in XML")]
    NoDanmaku,
    /// More cues or comments than are converted.
    #[error("there are too many cues")]
    TooMany,
}

/// Subtitles as WebVTT. The format is told from the text itself. WebVTT stays as it is but for its charset.
///
/// # Errors
/// [`Unreadable`].
pub fn to_vtt(bytes: &[u8]) -> Result<String, Unreadable> {
    let text = charset::decode(bytes);
    if is_vtt(&text) {
        return Ok(text);
    }
    let mut cues = if ass::is_ass(&text) { ass::cues(&text)? } else { srt::cues(&text)? };
    if cues.is_empty() {
        return Err(Unreadable::NoSubtitles);
    }
    // Players take cues in order of their beginnings (WebVTT 4.1); sorting keeps those that begin together as they were.
    cues.sort_by_key(|cue| cue.from_ms);
    Ok(cue::vtt(&cues))
}

/// A signature, and after it the line's end or white space (WebVTT 4.1).
fn is_vtt(text: &str) -> bool {
    text.strip_prefix("WEBVTT").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

#[cfg(test)]
mod tests;
