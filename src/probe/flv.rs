//! FLV (Adobe's video file format specification 10.1, annex E): `duration` of onMetaData, else the last tag's time.

use super::numbers::{be24, be32, find};
use super::window::Window;
use super::{Error, Found, Reader, finite};

const FLV: &str = "FLV";
/// What is read ahead, in bytes.
const AHEAD: usize = 4 << 10;
/// Tags before the first media tag that are looked at.
const TAGS_MAX: usize = 32;
const TAG_HEADER: u64 = 11;
/// Name of an AMF0 property, with its length before it and the marker of a number behind it.
const DURATION: &[u8] = b"\x00\x08duration\x00";
/// No metadata is read further than this, in bytes.
const SCRIPT_MAX: usize = 256 << 10;

/// A tag's header.
struct Tag {
    script: bool,
    body: u64,
    size: u32,
    timestamp_ms: u32,
}

pub(super) async fn duration<R: Reader>(window: &mut Window<R>) -> Result<Found, Error> {
    let header = window.exact(0, 9, AHEAD, FLV).await?;
    let offset = be32(&header, 5).filter(|offset| *offset >= 9).ok_or(Error::Broken(FLV, "its header is too short"))?;
    let (mut at, mut first) = (u64::from(offset) + 4, None);
    for _ in 0..TAGS_MAX {
        let Some(tag) = tag_at(window, at).await? else { break };
        if tag.script {
            let len = usize::try_from(tag.size).unwrap_or(SCRIPT_MAX).min(SCRIPT_MAX);
            if let Some(seconds) = told(&window.read(tag.body, len, AHEAD).await?) {
                return finite(FLV, seconds);
            }
        } else {
            first = Some(tag.timestamp_ms);
            break;
        }
        at = tag.body + u64::from(tag.size) + 4;
    }
    // HTTP-FLV of a live stream: neither the metadata nor the transport tells an end.
    let Some(size) = window.size() else { return Ok(Found::Live) };
    let first = first.ok_or(Error::Untold(FLV))?;
    let last = last_timestamp(window, size).await?;
    finite(FLV, f64::from(last.saturating_sub(first)) / 1000.0)
}

/// The metadata's duration in seconds; encoders write 0 before they know it.
fn told(script: &[u8]) -> Option<f64> {
    let value = script.get(find(script, DURATION)? + DURATION.len()..)?.first_chunk()?;
    Some(f64::from_be_bytes(*value)).filter(|seconds| seconds.is_finite() && *seconds > 0.0)
}

/// The last tag is found by the size that stands behind it. A file that was cut, or is still written, has none there: it is not guessed.
async fn last_timestamp<R: Reader>(window: &mut Window<R>, size: u64) -> Result<u32, Error> {
    let cut = Error::Broken(FLV, "its end is cut off");
    let at = size.checked_sub(4).ok_or(Error::Broken(FLV, "it ends early"))?;
    let previous =
        be32(&window.exact(at, 4, 4, FLV).await?, 0).map(u64::from).filter(|previous| *previous >= TAG_HEADER);
    let start = previous.and_then(|previous| at.checked_sub(previous));
    let (Some(previous), Some(start)) = (previous, start) else { return Err(cut) };
    match tag_at(window, start).await? {
        Some(tag) if u64::from(tag.size) + TAG_HEADER == previous => Ok(tag.timestamp_ms),
        _ => Err(cut),
    }
}

async fn tag_at<R: Reader>(window: &mut Window<R>, at: u64) -> Result<Option<Tag>, Error> {
    let head = window.read(at, TAG_HEADER as usize, AHEAD).await?;
    let (Some(size), Some(low), Some(high)) = (be24(&head, 1), be24(&head, 4), head.get(7)) else { return Ok(None) };
    match head.first().map(|kind| kind & 0x1f) {
        Some(kind @ (8 | 9 | 18)) => Ok(Some(Tag {
            script: kind == 18,
            body: at + TAG_HEADER,
            size,
            timestamp_ms: u32::from(*high) << 24 | low,
        })),
        _ => Err(Error::Broken(FLV, "a tag has an unknown type")),
    }
}
