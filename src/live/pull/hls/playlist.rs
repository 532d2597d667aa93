//! What a playlist says, as far as a pull needs it (RFC 8216bis 4).

use super::{
    fetcher::Place,
    lines::{Line, lines, malformed},
    media::media,
    multivariant::{Multivariant, multivariant},
};
use crate::{fetch::URL_MAX, live::pull::PullError};
use std::{ops::Range, sync::Arc, time::Duration};
use url::Url;

/// Bytes of a playlist.
pub const TEXT_MAX: usize = 2 * 1024 * 1024;
/// A byte order mark, which must not be there and is.
const BOM: &[u8] = &[0xef, 0xbb, 0xbf];

/// Either kind of playlist.
#[derive(Debug)]
pub enum Playlist {
    /// Names others.
    Multivariant(Multivariant),
    /// Names segments.
    Media(Media),
}

/// A media playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// EXT-X-TARGETDURATION.
    pub target: Duration,
    /// In order.
    pub segments: Vec<Segment>,
    /// Nothing will be added.
    pub ended: bool,
}

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Media sequence number.
    pub sequence: u64,
    /// Discontinuity sequence number: another one means another timeline.
    pub discontinuity: u64,
    /// The resource it is, or is a part of.
    pub part: Part,
    /// EXTINF.
    pub duration: Duration,
    /// There is no such media (EXT-X-GAP).
    pub gap: bool,
    /// How it is encrypted.
    pub key: Option<Arc<Key>>,
    /// Its init section.
    pub map: Option<Arc<Part>>,
}

/// A resource, or a range of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it is.
    pub url: Url,
    /// Which bytes (EXT-X-BYTERANGE).
    pub range: Option<Range<u64>>,
}

/// AES-128 in CBC (4.4.4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where the 16 bytes are.
    pub url: Url,
    /// The initialization vector; the media sequence number where there is none.
    pub iv: Option<[u8; 16]>,
}

/// Reads a playlist that came from `place`.
///
/// # Errors
/// [`PullError::Kind`] when it is none, [`PullError::Media`] when it names what is no URL or is encrypted in a way that is not carried.
pub fn read(text: &[u8], place: &Place) -> Result<Playlist, PullError> {
    let text = text.strip_prefix(BOM).unwrap_or(text);
    if !text.starts_with(b"#EXTM3U") {
        return Err(PullError::Kind);
    }
    // Titles come in any encoding; what matters is ASCII.
    let text = String::from_utf8_lossy(text);
    if is_multivariant(&text) {
        return multivariant(&text).map(Playlist::Multivariant);
    }
    media(&text, &place.url).map(Playlist::Media)
}

/// The first tag that only one of the kinds has tells them apart.
fn is_multivariant(text: &str) -> bool {
    let told = lines(text).find_map(|line| match line {
        Line::Tag("EXT-X-STREAM-INF" | "EXT-X-I-FRAME-STREAM-INF" | "EXT-X-MEDIA", _) => Some(true),
        Line::Tag("EXT-X-SESSION-DATA" | "EXT-X-SESSION-KEY", _) => Some(true),
        Line::Tag("EXTINF" | "EXT-X-TARGETDURATION" | "EXT-X-MEDIA-SEQUENCE" | "EXT-X-KEY" | "EXT-X-MAP", _) => {
            Some(false)
        }
        _ => None,
    });
    told.unwrap_or_default()
}

/// A URI of a playlist.
///
/// # Errors
/// [`PullError::Media`] for what is none, and for one that is longer than what is fetched.
pub fn resolve(base: &Url, uri: &str) -> Result<Url, PullError> {
    let url = base.join(uri.trim()).map_err(|_| malformed("a URI that is none"))?;
    if url.as_str().len() > URL_MAX { Err(malformed("a URI that is too long")) } else { Ok(url) }
}

impl Media {
    /// Where a player that joins begins: three target durations from the end (6.3.3), or at the beginning of what will not grow.
    #[must_use]
    pub fn start(&self) -> Option<u64> {
        let first = self.segments.first()?;
        if self.ended {
            return Some(first.sequence);
        }
        let mut left = self.target.saturating_mul(3);
        for segment in self.segments.iter().rev() {
            left = left.saturating_sub(segment.duration);
            if left.is_zero() {
                return Some(segment.sequence);
            }
        }
        Some(first.sequence)
    }
}
