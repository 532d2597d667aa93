//! A media playlist, read line by line (RFC 8216bis 4.4.3, 4.4.4). What it costs is bounded while it is read.

use super::lines::{Line, attributes, lines, malformed};
use super::playlist::{Key, Media, Part, Segment, resolve};
use crate::live::pull::{PullError, shown};
use std::{ops::Range, sync::Arc, time::Duration};
use synctv_ingest::Error;
use url::Url;

/// Segments of a playlist: half a day of two seconds each.
pub const SEGMENTS_MAX: usize = 20_000;
/// Bytes of the URLs of all segments: short URIs below a long URL must not fill the memory.
pub const URL_BYTES_MAX: usize = 16 << 20;
/// The longest EXTINF and TARGETDURATION that are believed, in seconds.
const DURATION_MAX: f32 = 600.0;
/// What a playlist without segments to tell is taken to last.
const TARGET_DEFAULT: Duration = Duration::from_secs(6);
/// TARGETDURATION counts whole seconds; below one it would make us ask without end.
const TARGET_MIN: Duration = Duration::from_secs(1);

/// Reads the text of a media playlist that came from `base`.
///
/// # Errors
/// [`PullError::Media`] when it names what is no URL, is encrypted in a way that is not carried, or is too large.
pub fn media(text: &str, base: &Url) -> Result<Media, PullError> {
    let mut reading = Reading::new(base);
    for line in lines(text) {
        match line {
            Line::Tag(name, value) => reading.tag(name, value)?,
            Line::Uri(uri) => reading.segment(uri)?,
        }
    }
    Ok(reading.finish())
}

/// A playlist, as far as it is read.
struct Reading<'a> {
    base: &'a Url,
    target: Option<Duration>,
    segments: Vec<Segment>,
    ended: bool,
    url_bytes: usize,
    /// The numbers of the next segment; `None` behind the last that there is.
    sequence: Option<u64>,
    discontinuity: u64,
    /// What stays in force until it is said anew.
    key: Option<Arc<Key>>,
    map: Option<Arc<Part>>,
    next: Next,
}

/// What is said of the next segment alone.
#[derive(Default)]
struct Next {
    duration: Duration,
    range: Option<(u64, Option<u64>)>,
    gap: bool,
}

impl<'a> Reading<'a> {
    fn new(base: &'a Url) -> Self {
        Self {
            base,
            target: None,
            segments: Vec::new(),
            ended: false,
            url_bytes: 0,
            sequence: Some(0),
            discontinuity: 0,
            key: None,
            map: None,
            next: Next::default(),
        }
    }

    fn tag(&mut self, name: &str, value: &str) -> Result<(), PullError> {
        match name {
            // Many write fractions, though it counts whole seconds.
            "EXT-X-TARGETDURATION" => self.target = Some(Duration::from_secs(seconds(value).ceil() as u64)),
            // Both stand before the first segment (4.4.3.2).
            "EXT-X-MEDIA-SEQUENCE" if self.segments.is_empty() => self.sequence = Some(number(value)?),
            "EXT-X-DISCONTINUITY-SEQUENCE" if self.segments.is_empty() => self.discontinuity = number(value)?,
            "EXT-X-DISCONTINUITY" => self.discontinuity = self.discontinuity.saturating_add(1),
            "EXT-X-ENDLIST" => self.ended = true,
            "EXT-X-GAP" => self.next.gap = true,
            "EXT-X-BYTERANGE" => self.next.range = Some(range(value)?),
            "EXT-X-KEY" => self.key = read_key(value, self.base)?.map(Arc::new),
            "EXT-X-MAP" => self.map = Some(Arc::new(read_map(value, self.base)?)),
            // A title follows, and may hold anything.
            "EXTINF" => {
                let duration = value.split(',').next().unwrap_or_default();
                self.next.duration = Duration::from_secs_f32(seconds(duration.trim_end()));
            }
            _ => {}
        }
        Ok(())
    }

    fn segment(&mut self, uri: &str) -> Result<(), PullError> {
        let within = |what, value: usize, max: usize| {
            let (value, max) = (value as u64, max as u64);
            if value <= max { Ok(()) } else { Err(Error::Limit { what, value, max }) }
        };
        within("segments of an HLS playlist", self.segments.len() + 1, SEGMENTS_MAX)?;
        let Next { duration, range, gap } = std::mem::take(&mut self.next);
        let url = resolve(self.base, uri)?;
        self.url_bytes += url.as_str().len();
        within("bytes of the URLs of an HLS playlist", self.url_bytes, URL_BYTES_MAX)?;
        let part = Part { range: range.map(|range| self.range(&url, range)).transpose()?, url };
        let sequence = self.sequence.ok_or_else(|| malformed("media sequence numbers beyond 64 bits"))?;
        self.sequence = sequence.checked_add(1);
        let (discontinuity, key, map) = (self.discontinuity, self.key.clone(), self.map.clone());
        self.segments.push(Segment { sequence, discontinuity, part, duration, gap, key, map });
        Ok(())
    }

    /// A range without a beginning follows the one before it in the same resource (4.4.4.2).
    fn range(&self, url: &Url, (length, offset): (u64, Option<u64>)) -> Result<Range<u64>, PullError> {
        let before = self.segments.last().filter(|before| before.part.url == *url);
        let before = before.and_then(|before| before.part.range.as_ref());
        span(length, offset.or(before.map(|range| range.end)).unwrap_or_default())
    }

    fn finish(self) -> Media {
        let longest = self.segments.iter().map(|segment| segment.duration).max().unwrap_or(TARGET_DEFAULT);
        let target = self.target.filter(|target| !target.is_zero()).unwrap_or(longest.max(TARGET_MIN));
        Media { target, segments: self.segments, ended: self.ended }
    }
}

/// A duration; what is none is 0.
fn seconds(text: &str) -> f32 {
    let known = text.parse::<f32>().ok().filter(|seconds| !seconds.is_nan());
    known.unwrap_or_default().clamp(0.0, DURATION_MAX)
}

fn number(text: &str) -> Result<u64, PullError> {
    text.parse().map_err(|_| malformed("a number that is none"))
}

/// `LENGTH[@FROM]`.
fn range(text: &str) -> Result<(u64, Option<u64>), PullError> {
    let (length, from) = text.split_once('@').map_or((text, None), |(length, from)| (length, Some(from)));
    Ok((number(length)?, from.map(number).transpose()?))
}

fn span(length: u64, from: u64) -> Result<Range<u64>, PullError> {
    let end = from.checked_add(length).filter(|_| length > 0);
    end.map(|end| from..end).ok_or_else(|| malformed("a byte range that is none"))
}

fn read_map(list: &str, base: &Url) -> Result<Part, PullError> {
    let (mut url, mut bytes) = (None, None);
    for attribute in attributes(list) {
        match attribute? {
            ("URI", uri) => url = Some(resolve(base, uri)?),
            ("BYTERANGE", text) => bytes = Some(range(text)?),
            _ => {}
        }
    }
    let url = url.ok_or_else(|| malformed("an init section without URI"))?;
    let range = bytes.map(|(length, from)| span(length, from.unwrap_or_default())).transpose()?;
    Ok(Part { url, range })
}

/// The key that is in force from here on; `None` where encryption ends.
fn read_key(list: &str, base: &Url) -> Result<Option<Key>, PullError> {
    let (mut method, mut format, mut uri, mut iv) = (None, None, None, None);
    for attribute in attributes(list) {
        match attribute? {
            ("METHOD", text) => method = Some(text),
            ("KEYFORMAT", text) => format = Some(text),
            ("URI", text) => uri = Some(text),
            ("IV", text) => iv = Some(vector(text).ok_or_else(|| malformed("an IV that is none"))?),
            _ => {}
        }
    }
    let unsupported = |value: String| Error::Unsupported { what: "HLS encryption", value };
    match method.ok_or_else(|| malformed("a key that cannot be read"))? {
        "NONE" => return Ok(None),
        "AES-128" => {}
        other => return Err(unsupported(shown(other)).into()),
    }
    if let Some(format) = format.filter(|format| *format != "identity") {
        return Err(unsupported(format!("keys in the format {}", shown(format))).into());
    }
    let uri = uri.ok_or_else(|| malformed("a key without URI"))?;
    Ok(Some(Key { url: resolve(base, uri)?, iv }))
}

/// A hexadecimal sequence of at most 128 bits (4.2).
fn vector(text: &str) -> Option<[u8; 16]> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let valid = (1..=32).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    valid.then(|| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes))?
}
