//! Subtitles and danmaku as players read them: WebVTT and JSON, from whatever format and charset they are in.

mod ass;
mod charset;
mod cue;
mod danmaku;
mod markup;
mod srt;
mod timestamp;

pub use danmaku::COMMENTS_MAX;

use cue::Cue;

/// The longest file that is converted, in bytes.
pub const FILE_MAX: usize = 32 << 20;
/// The most cues that subtitles may have: a film has some 2 000, one with typeset signs some 20 000.
pub const CUES_MAX: usize = 100_000;
/// The longest conversion, in bytes.
pub const OUTPUT_MAX: usize = 64 << 20;

/// What subtitles are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// WebVTT.
    Vtt,
    /// SubRip.
    Srt,
    /// Advanced SubStation Alpha, or what came before it.
    Ass,
}

/// Why something is not converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// [`FILE_MAX`] or [`OUTPUT_MAX`].
    #[error("it is too long")]
    TooLong,
    /// [`CUES_MAX`] or [`COMMENTS_MAX`].
    #[error("it has too many entries")]
    TooMany,
    /// Neither of [`Format`].
    #[error("it is none of WebVTT, SRT, ASS and SSA")]
    Unknown,
    /// Danmaku that is not well-formed, or declares a document type.
    #[error("it is no danmaku: its XML is broken")]
    Xml,
}

/// Subtitles as WebVTT. What they are is told from what stands in them; `format` counts when nothing does. WebVTT stays as it is, but for its charset.
///
/// # Errors
/// [`Broken`].
pub fn to_vtt(file: &[u8], format: Option<Format>) -> Result<String, Broken> {
    if file.len() > FILE_MAX {
        return Err(Broken::TooLong);
    }
    let text = charset::decoded(file);
    let cues = match sniffed(&text).or(format).ok_or(Broken::Unknown)? {
        Format::Vtt if is_vtt(&text) => return Ok(text.into_owned()),
        Format::Vtt => return Err(Broken::Unknown),
        Format::Srt => srt::read(&text)?,
        Format::Ass => ass::read(&text)?,
    };
    cue::written(cues)
}

/// Danmaku (`<d p="time,mode,size,color,sent_at,pool,user,id">text</d>`) as a JSON array of `{time_ms, mode, size, color, sent_at, pool, user, id, text}`
/// in the order of the file; entries without a time that can be read are left out, for they have no place.
///
/// # Errors
/// [`Broken`].
pub fn to_json(file: &[u8]) -> Result<String, Broken> {
    if file.len() > FILE_MAX {
        return Err(Broken::TooLong);
    }
    danmaku::to_json(&charset::decoded(file))
}

fn is_vtt(text: &str) -> bool {
    text.strip_prefix("WEBVTT").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn sniffed(text: &str) -> Option<Format> {
    if is_vtt(text) {
        return Some(Format::Vtt);
    }
    text.lines().find_map(|line| match line.trim() {
        line if ass::is_section(line) => Some(Format::Ass),
        line if srt::times(line).is_some() => Some(Format::Srt),
        _ => None,
    })
}

fn add(cues: &mut Vec<Cue>, cue: Cue) -> Result<(), Broken> {
    if cues.len() == CUES_MAX {
        return Err(Broken::TooMany);
    }
    cues.push(cue);
    Ok(())
}

#[cfg(test)]
mod tests;
