//! What a playlist says, as far as a pull needs it (RFC 8216bis 4).

use super::fetcher::Place;
use crate::live::pull::PullError;
use m3u8_rs::{KeyMethod, MediaPlaylist, MediaSegment};
use std::{ops::Range, time::Duration};
use synctv_ingest::Error;
use url::Url;

/// Bytes of a playlist.
pub const TEXT_MAX: usize = 2 * 1024 * 1024;
/// Segments of a playlist: half a day of two seconds each.
const SEGMENTS_MAX: usize = 20_000;
/// A byte order mark, which must not be there and is.
const BOM: &[u8] = &[0xef, 0xbb, 0xbf];
/// The longest EXTINF and TARGETDURATION that are believed.
const DURATION_MAX: f32 = 600.0;
/// What a playlist without segments to tell is taken to last.
const TARGET_DEFAULT: f32 = 6.0;
/// TARGETDURATION counts whole seconds; below one it would make us ask without end.
const TARGET_MIN: f32 = 1.0;

/// Either kind of playlist.
#[derive(Debug)]
pub enum Playlist {
    /// Names others.
    Multivariant(Box<m3u8_rs::MasterPlaylist>),
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
    pub key: Option<Key>,
    /// Its init section.
    pub map: Option<Part>,
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
    // The parser wants every line to end.
    let text = [text, b"\n"].concat();
    if m3u8_rs::is_master_playlist(&text) {
        let playlist = m3u8_rs::parse_master_playlist_res(&text).map_err(|_| PullError::Kind)?;
        return Ok(Playlist::Multivariant(Box::new(playlist)));
    }
    let playlist = m3u8_rs::parse_media_playlist_res(&text).map_err(|_| PullError::Kind)?;
    media(&playlist, &place.url).map(Playlist::Media)
}

/// What stands for nothing of this playlist.
fn malformed(why: &'static str) -> PullError {
    Error::malformed("HLS playlist", why).into()
}

/// A URI of a playlist.
///
/// # Errors
/// [`PullError::Media`] for what is none.
pub fn resolve(base: &Url, uri: &str) -> Result<Url, PullError> {
    base.join(uri.trim()).map_err(|_| malformed("a URI that is none"))
}

fn media(playlist: &MediaPlaylist, base: &Url) -> Result<Media, PullError> {
    if playlist.segments.len() > SEGMENTS_MAX {
        let (value, max) = (playlist.segments.len() as u64, SEGMENTS_MAX as u64);
        return Err(Error::Limit { what: "segments of an HLS playlist", value, max }.into());
    }
    let mut segments: Vec<Segment> = Vec::with_capacity(playlist.segments.len());
    let (mut key, mut map) = (None, None);
    let mut discontinuity = playlist.discontinuity_sequence;
    let mut sequence = playlist.media_sequence;
    for read in &playlist.segments {
        if read.discontinuity {
            discontinuity = discontinuity.saturating_add(1);
        }
        if let Some(tag) = &read.key {
            key = read_key(tag, base)?;
        } else if let Some(tag) = read.unknown_tags.iter().find(|tag| tag.tag == "X-KEY") {
            // The parser knows the end of encryption only with an IV, which nobody writes.
            let ends = tag.rest.as_deref().is_some_and(|rest| rest.trim().starts_with("METHOD=NONE"));
            key = if ends { None } else { return Err(malformed("a key that cannot be read")) };
        }
        if let Some(tag) = &read.map {
            let range = tag.byte_range.as_ref().map(|range| span(range.length, range.offset.unwrap_or_default()));
            map = Some(Part { url: resolve(base, &tag.uri)?, range: range.transpose()? });
        }
        let part = part(read, base, segments.last())?;
        let gap = read.unknown_tags.iter().any(|tag| tag.tag == "X-GAP");
        let duration = seconds(read.duration);
        segments.push(Segment { sequence, discontinuity, part, duration, gap, key: key.clone(), map: map.clone() });
        sequence = sequence.checked_add(1).ok_or_else(|| malformed("media sequence numbers beyond 64 bits"))?;
    }
    let longest = segments.iter().map(|segment| segment.duration).max().unwrap_or(seconds(TARGET_DEFAULT));
    let target = match playlist.target_duration {
        0 => longest.max(seconds(TARGET_MIN)),
        target => Duration::from_secs(target.min(DURATION_MAX as u64)),
    };
    Ok(Media { target, segments, ended: playlist.end_list })
}

fn seconds(duration: f32) -> Duration {
    // Not a number is no duration; nothing is below 0.
    let known = if duration.is_finite() { duration.clamp(0.0, DURATION_MAX) } else { 0.0 };
    Duration::from_secs_f32(known)
}

fn span(length: u64, from: u64) -> Result<Range<u64>, PullError> {
    let end = from.checked_add(length).filter(|_| length > 0);
    end.map(|end| from..end).ok_or_else(|| malformed("a byte range that is none"))
}

/// A range without a beginning follows the one before it in the same resource (4.4.4.2).
fn part(segment: &MediaSegment, base: &Url, before: Option<&Segment>) -> Result<Part, PullError> {
    let url = resolve(base, &segment.uri)?;
    let Some(range) = &segment.byte_range else { return Ok(Part { url, range: None }) };
    let before = before.filter(|before| before.part.url == url).and_then(|before| before.part.range.as_ref());
    let from = range.offset.or(before.map(|range| range.end)).unwrap_or_default();
    Ok(Part { range: Some(span(range.length, from)?), url })
}

fn read_key(key: &m3u8_rs::Key, base: &Url) -> Result<Option<Key>, PullError> {
    let unsupported = |value: String| Error::Unsupported { what: "HLS encryption", value };
    match &key.method {
        KeyMethod::None => return Ok(None),
        KeyMethod::AES128 => {}
        other => return Err(unsupported(other.to_string()).into()),
    }
    if let Some(format) = key.keyformat.as_deref().filter(|format| *format != "identity") {
        return Err(unsupported(format!("keys in the format {}", format.escape_debug())).into());
    }
    let uri = key.uri.as_deref().ok_or_else(|| malformed("a key without URI"))?;
    let iv = key.iv.as_deref().map(|iv| vector(iv).ok_or_else(|| malformed("an IV that is none"))).transpose()?;
    Ok(Some(Key { url: resolve(base, uri)?, iv }))
}

/// A hexadecimal sequence of at most 128 bits (4.2).
fn vector(text: &str) -> Option<[u8; 16]> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let valid = (1..=32).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    valid.then(|| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes))?
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
