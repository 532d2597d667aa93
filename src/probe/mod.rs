//! How long a media lasts, from a few ranged reads.
//!
//! The format is told by content, then by name and content type. All reading goes through [`window::Window`], which bounds its number
//! and size, so that no parser needs to trust a length it found in a file.

mod dash;
mod flv;
mod hls;
mod matroska;
mod mp3;
mod mp4;
mod numbers;
mod window;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use window::Window;

/// Parts of one resource.
pub trait Reader: Send {
    /// `len` bytes from `offset`; fewer only where the resource ends.
    fn read_at(&mut self, offset: u64, len: usize) -> impl Future<Output = Result<Bytes, ReadError>> + Send;

    /// The size in bytes, when it is known; after a read it is unknown only of what has no end yet, or does not say.
    fn size(&self) -> Option<u64>;

    /// The MIME type that the origin tells.
    fn content_type(&self) -> Option<&str>;
}

/// Where resources are.
pub trait Origin: Sync {
    /// Its readers.
    type Reader: Reader;

    /// A reader of this URL.
    ///
    /// # Errors
    /// When the URL is none.
    fn open(&self, url: &str) -> Result<Self::Reader, ReadError>;

    /// A whole text of at most `max` bytes, and the URL it has after redirects.
    fn text(&self, url: &str, max: usize) -> impl Future<Output = Result<(String, Bytes), ReadError>> + Send;
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ReadError {
    /// In words that may be shown to anybody.
    pub reason: String,
    /// Another attempt will most likely end the same way.
    pub lasting: bool,
}

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It lasts so long; more than 0.
    Finite(Duration),
    /// It has no end.
    Live,
}

/// Why no duration was found. The texts may be shown to anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes could not be had.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is none of the formats that are read here.
    #[error("the duration of this kind of media cannot be read")]
    Unsupported,
    /// It contradicts its format.
    #[error("the {0} file is broken: {1}")]
    Broken(&'static str, &'static str),
    /// It is sound as far as one sees, and does not tell.
    #[error("the {0} file does not tell its duration")]
    Untold(&'static str),
    /// More or larger reads than a probe may make.
    #[error("finding the duration would take too much reading")]
    TooMuch,
}

impl Error {
    /// Whether another attempt will most likely end the same way.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Read(err) => err.lasting,
            _ => true,
        }
    }
}

/// A format whose duration can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Mp4,
    Matroska,
    Flv,
    Mp3,
    Hls,
    Dash,
    MpegTs,
}

/// What is read first, in bytes: enough to tell the format, and for most files also for what comes next.
const HEAD: usize = 8 << 10;
/// A longer duration is a mistake of the file: 100 years.
const LONGEST_S: f64 = 100.0 * 365.25 * 86400.0;

/// Finds out how long what is behind a URL lasts.
///
/// # Errors
/// [`Error`].
pub async fn probe<O: Origin>(origin: &O, url: &str) -> Result<Found, Error> {
    let mut window = Window::new(origin.open(url)?);
    let head = window.read(0, HEAD, HEAD).await?;
    match detect(&head, url, window.content_type()).ok_or(Error::Unsupported)? {
        Format::Mp4 => mp4::duration(&mut window).await,
        Format::Matroska => matroska::duration(&mut window).await,
        Format::Flv => flv::duration(&mut window).await,
        Format::Mp3 => mp3::duration(&mut window).await,
        Format::Hls => hls::duration(origin, url).await,
        Format::Dash => dash::duration(origin, url).await,
        Format::MpegTs if window.size().is_none() => Ok(Found::Live),
        Format::MpegTs => Err(Error::Unsupported),
    }
}

fn detect(head: &[u8], url: &str, content_type: Option<&str>) -> Option<Format> {
    by_content(head).or_else(|| by_name(url)).or_else(|| by_type(content_type?))
}

fn by_content(head: &[u8]) -> Option<Format> {
    let text = numbers::without_bom(head).trim_ascii_start();
    if text.starts_with(b"#EXTM3U") {
        return Some(Format::Hls);
    }
    if text.starts_with(b"<") && numbers::find(&text[..text.len().min(4096)], b"MPD").is_some() {
        return Some(Format::Dash);
    }
    if let Some(b"ftyp" | b"styp" | b"moov" | b"mdat" | b"moof" | b"sidx" | b"free" | b"skip" | b"wide" | b"pnot") =
        head.get(4..8)
    {
        return Some(Format::Mp4);
    }
    match head {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Format::Matroska),
        [b'F', b'L', b'V', 1, ..] => Some(Format::Flv),
        [b'I', b'D', b'3', ..] => Some(Format::Mp3),
        _ if head.first() == Some(&0x47) && head.get(188) == Some(&0x47) && head.get(376) == Some(&0x47) => {
            Some(Format::MpegTs)
        }
        _ if mp3::starts_with_frames(head) => Some(Format::Mp3),
        _ => None,
    }
}

fn by_name(url: &str) -> Option<Format> {
    let path = url.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "mp4" | "m4v" | "m4a" | "mov" => Format::Mp4,
        "mkv" | "webm" | "mka" => Format::Matroska,
        "flv" => Format::Flv,
        "mp3" => Format::Mp3,
        "m3u8" => Format::Hls,
        "mpd" => Format::Dash,
        "ts" => Format::MpegTs,
        _ => return None,
    })
}

fn by_type(content_type: &str) -> Option<Format> {
    let mime = content_type.split(';').next()?.trim().to_ascii_lowercase();
    Some(match mime.as_str() {
        "video/mp4" | "audio/mp4" | "video/quicktime" => Format::Mp4,
        "video/webm" | "audio/webm" | "video/x-matroska" => Format::Matroska,
        "video/x-flv" => Format::Flv,
        "audio/mpeg" | "audio/mp3" => Format::Mp3,
        "application/vnd.apple.mpegurl" | "application/x-mpegurl" | "audio/mpegurl" => Format::Hls,
        "application/dash+xml" => Format::Dash,
        "video/mp2t" => Format::MpegTs,
        _ => return None,
    })
}

/// A duration from seconds, when it is one that a media can have.
fn finite(format: &'static str, seconds: f64) -> Result<Found, Error> {
    if !(0.0..=LONGEST_S).contains(&seconds) {
        return Err(Error::Broken(format, "an impossible duration"));
    }
    let duration = Duration::from_secs_f64(seconds);
    if duration < Duration::from_millis(1) { Err(Error::Untold(format)) } else { Ok(Found::Finite(duration)) }
}

#[cfg(test)]
mod manifest_tests;
#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod untrusted_tests;
