//! Matroska and WebM (RFC 9559): `Info` with its duration; without one, as browsers record, the last cluster.

use super::numbers::find;
use super::window::{READ_MAX, Window};
use super::{Error, Found, Reader, finite};

const MKV: &str = "Matroska";
const EBML: u64 = 0x1a45_dfa3;
const SEGMENT: u64 = 0x1853_8067;
const SEEK_HEAD: u64 = 0x114d_9b74;
const SEEK: u64 = 0x4dbb;
const SEEK_ID: u64 = 0x53ab;
const SEEK_POSITION: u64 = 0x53ac;
const INFO: u64 = 0x1549_a966;
const SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;
const CLUSTER: u64 = 0x1f43_b675;
const TIMESTAMP: u64 = 0xe7;
const SIMPLE_BLOCK: u64 = 0xa3;
const BLOCK_GROUP: u64 = 0xa0;
const BLOCK: u64 = 0xa1;

/// `Info` and `SeekHead` are small; larger ones are not read, in bytes.
const ELEMENT_MAX: u64 = 256 << 10;
/// What is read ahead of an element, in bytes.
const AHEAD: usize = 4 << 10;
/// The end of the file is searched for the last cluster in so many steps of [`READ_MAX`] bytes.
const STEPS_BACK: u64 = 8;

/// An element's id, and where its content begins and ends (unknown: `None`).
#[derive(Debug, Clone, Copy)]
struct Element {
    id: u64,
    body: u64,
    end: Option<u64>,
}

/// What `Info` tells.
struct Info {
    /// Nanoseconds of one tick.
    scale: u64,
    /// In ticks.
    duration: Option<f64>,
}

pub(super) async fn duration<R: Reader>(window: &mut Window<R>) -> Result<Found, Error> {
    let header = element_at(window, 0).await?.filter(|element| element.id == EBML);
    let after = header.and_then(|header| header.end).ok_or(Error::Broken(MKV, "there is no EBML header"))?;
    let segment = element_at(window, after).await?.filter(|element| element.id == SEGMENT);
    let segment = segment.ok_or(Error::Broken(MKV, "there is no segment"))?;
    let info = info(window, segment).await?.ok_or(Error::Untold(MKV))?;
    let seconds = |ticks: f64| finite(MKV, ticks * info.scale as f64 / 1e9);
    match (info.duration.filter(|ticks| *ticks > 0.0), window.size()) {
        (Some(ticks), _) => seconds(ticks),
        // Neither the file nor its transport has an end.
        (None, None) => Ok(Found::Live),
        (None, Some(size)) => seconds(last_timestamp(window, segment.body, size).await? as f64),
    }
}

/// Walks the segment's elements up to the first cluster, then where the seek head points.
async fn info<R: Reader>(window: &mut Window<R>, segment: Element) -> Result<Option<Info>, Error> {
    let (mut at, mut elsewhere) = (segment.body, None);
    while let Some(element) = element_at(window, at).await? {
        match element.id {
            INFO => return read_info(window, element).await.map(Some),
            SEEK_HEAD => {
                let head = body(window, element).await?;
                elsewhere = elsewhere.or_else(|| info_position(&head)?.checked_add(segment.body));
            }
            CLUSTER => break,
            _ => {}
        }
        match element.end.filter(|end| segment.end.is_none_or(|last| *end < last)) {
            Some(end) => at = end,
            None => break,
        }
    }
    match elsewhere {
        Some(place) => match element_at(window, place).await?.filter(|element| element.id == INFO) {
            Some(element) => read_info(window, element).await.map(Some),
            None => Ok(None),
        },
        None => Ok(None),
    }
}

async fn read_info<R: Reader>(window: &mut Window<R>, element: Element) -> Result<Info, Error> {
    let body = body(window, element).await?;
    let mut info = Info { scale: 1_000_000, duration: None };
    for (id, content) in elements(&body) {
        match (id, content) {
            (SCALE, content) => info.scale = number(content).filter(|scale| *scale > 0).unwrap_or(info.scale),
            (DURATION, [a, b, c, d]) => info.duration = Some(f32::from_be_bytes([*a, *b, *c, *d]).into()),
            (DURATION, content) => info.duration = content.first_chunk().map(|bytes| f64::from_be_bytes(*bytes)),
            _ => {}
        }
    }
    Ok(info)
}

/// Where the seek head says `Info` is, from the segment's content on.
fn info_position(head: &[u8]) -> Option<u64> {
    elements(head).filter(|(id, _)| *id == SEEK).find_map(|(_, seek)| {
        let part = |wanted| elements(seek).find(|(id, _)| *id == wanted).and_then(|(_, content)| number(content));
        (part(SEEK_ID) == Some(INFO)).then(|| part(SEEK_POSITION)).flatten()
    })
}

/// The latest time of a block in the file's last clusters, in ticks.
async fn last_timestamp<R: Reader>(window: &mut Window<R>, first: u64, size: u64) -> Result<u64, Error> {
    let mark = (CLUSTER as u32).to_be_bytes();
    let mut tail_end = size;
    for _ in 0..STEPS_BACK {
        let tail_at = tail_end.saturating_sub(READ_MAX as u64).max(first.min(tail_end));
        let len = usize::try_from(tail_end - tail_at).map_err(|_| Error::TooMuch)?;
        let tail = window.read(tail_at, len, len).await?;
        let (mut latest, mut from) = (None, 0);
        while let Some(found) = tail.get(from..).and_then(|rest| find(rest, &mark)) {
            from += found + mark.len();
            let Some((_, length)) = tail.get(from..).and_then(size_of) else { continue };
            latest = latest.max(tail.get(from + length..).and_then(cluster_end));
        }
        match latest {
            Some(ticks) => return Ok(ticks),
            None if tail_at <= first => break,
            None => tail_end = (tail_at + 64).min(tail_end),
        }
    }
    Err(Error::Untold(MKV))
}

/// The latest block of a cluster, of which perhaps not all is at hand.
fn cluster_end(body: &[u8]) -> Option<u64> {
    let (mut base, mut latest) = (None, None);
    for (id, content) in elements(body) {
        let block = match id {
            TIMESTAMP => {
                base = number(content);
                latest = base;
                continue;
            }
            SIMPLE_BLOCK => content,
            BLOCK_GROUP => match elements(content).find(|(id, _)| *id == BLOCK) {
                Some((_, block)) => block,
                None => continue,
            },
            CLUSTER => break,
            _ => continue,
        };
        let relative =
            size_of(block).and_then(|(_, track)| Some(i16::from_be_bytes(*block.get(track..)?.first_chunk()?)));
        latest = latest.max(base?.checked_add_signed(relative.unwrap_or(0).into()));
    }
    latest
}

async fn element_at<R: Reader>(window: &mut Window<R>, at: u64) -> Result<Option<Element>, Error> {
    let head = window.read(at, 12, AHEAD).await?;
    let Some((id, id_len)) = id_of(&head) else { return Ok(None) };
    let Some((size, size_len)) = head.get(id_len..).and_then(size_of) else { return Ok(None) };
    let body =
        at.checked_add((id_len + size_len) as u64).ok_or(Error::Broken(MKV, "an element has an impossible place"))?;
    let end = size.map(|size| body.checked_add(size).ok_or(Error::Broken(MKV, "an element has an impossible size")));
    Ok(Some(Element { id, body, end: end.transpose()? }))
}

async fn body<R: Reader>(window: &mut Window<R>, element: Element) -> Result<bytes::Bytes, Error> {
    let end = element.end.ok_or(Error::Broken(MKV, "an element has no size"))?;
    let len = end - element.body;
    if len > ELEMENT_MAX {
        return Err(Error::TooMuch);
    }
    window.exact(element.body, len as usize, AHEAD, MKV).await
}

/// The elements in a buffer, up to the first that is not whole.
fn elements(mut rest: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        let (id, id_len) = id_of(rest)?;
        let (size, size_len) = size_of(rest.get(id_len..)?)?;
        let start = id_len + size_len;
        let end = start.checked_add(usize::try_from(size?).ok()?)?;
        let content = rest.get(start..end)?;
        rest = &rest[end..];
        Some((id, content))
    })
}

/// An element id with its marker bit, and how many bytes it takes (RFC 8794, 5).
fn id_of(bytes: &[u8]) -> Option<(u64, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    (length <= 4).then_some(())?;
    Some((number(bytes.get(..length)?)?, length))
}

/// An element size (`None`: unknown), and how many bytes it takes (RFC 8794, 4 and 6).
fn size_of(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    (length <= 8).then_some(())?;
    let mask = u64::MAX >> (64 - 7 * length);
    let size = number(bytes.get(..length)?)? & mask;
    Some(((size != mask).then_some(size), length))
}

fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
