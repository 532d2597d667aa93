//! MP3 (ISO/IEC 11172-3, 13818-3): the frame count of a Xing, Info or VBRI header, else the size at the bit rate of the first frames.

use super::numbers::{be16, be32};
use super::window::Window;
use super::{Error, Found, Reader, finite};

const MP3: &str = "MP3";
/// Where the first frame is looked for behind the ID3 tags, in bytes.
const SEARCH: usize = 16 << 10;
/// ID3v2 tags in a row that are skipped.
const TAGS_MAX: usize = 8;
/// kbit/s of layer III, by version (MPEG-1; MPEG-2 and 2.5) and index.
const KBITS: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// What a frame header tells.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    /// Bytes, header included.
    len: usize,
    samples: u32,
    rate: u32,
    /// Bytes from the frame's start to where a Xing header would stand.
    xing_at: usize,
}

pub(super) async fn duration<R: Reader>(window: &mut Window<R>) -> Result<Found, Error> {
    let mut at = 0;
    for _ in 0..TAGS_MAX {
        match id3_len(&window.read(at, 10, SEARCH).await?) {
            Some(len) => at += len,
            None => break,
        }
    }
    let head = window.read(at, SEARCH, SEARCH).await?;
    let (skipped, frame) = first_frame(&head).ok_or(Error::Broken(MP3, "it has no frames"))?;
    let first = &head[skipped..];
    if let Some(frames) = frame_count(first, frame) {
        return finite(MP3, f64::from(frames) * f64::from(frame.samples) / f64::from(frame.rate));
    }
    // Internet radio has no size.
    let Some(size) = window.size() else { return Ok(Found::Live) };
    let mut end = size;
    if let Some(tail) = size.checked_sub(128).filter(|tail| *tail >= at)
        && window.read(tail, 3, 128).await?.starts_with(b"TAG")
    {
        end = tail;
    }
    let audio = end.saturating_sub(at + skipped as u64);
    let (bytes, seconds) = run(first);
    finite(MP3, audio as f64 * seconds / bytes as f64)
}

/// Whether these bytes are MP3 frames: two headers that agree, at the very start.
pub(super) fn starts_with_frames(head: &[u8]) -> bool {
    frame(head).is_some_and(|first| head.get(first.len..).and_then(frame).is_some_and(|next| next.rate == first.rate))
}

/// The length of an ID3v2 tag with its header, when one starts here.
fn id3_len(head: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', _, _, flags, sizes @ ..] = head else { return None };
    let size = sizes.get(..4)?.iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
    Some(10 + size + if flags & 0x10 != 0 { 10 } else { 0 })
}

/// The first frame that another one follows, and how many bytes stand before it.
fn first_frame(head: &[u8]) -> Option<(usize, Frame)> {
    (0..head.len()).find_map(|at| {
        let first = frame(&head[at..])?;
        let next = head.get(at + first.len..).unwrap_or_default();
        // A lone frame fills the file to its end.
        let follows =
            if next.len() < 4 { next.is_empty() } else { frame(next).is_some_and(|next| next.rate == first.rate) };
        follows.then_some((at, first))
    })
}

fn frame(head: &[u8]) -> Option<Frame> {
    let word = be32(head, 0).filter(|word| word >> 21 == 0x7ff)?;
    let (version, layer) = (word >> 19 & 3, word >> 17 & 3);
    if version == 1 || layer != 1 {
        return None;
    }
    let old = version != 3;
    let kbits = *KBITS[usize::from(old)].get((word >> 12 & 15) as usize).filter(|kbits| **kbits > 0)?;
    let rate = *[44_100, 48_000, 32_000].get((word >> 10 & 3) as usize)?
        >> match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
    let samples = if old { 576 } else { 1152 };
    let padding = word >> 9 & 1;
    let mono = word >> 6 & 3 == 3;
    let xing_at = match (old, mono) {
        (false, false) => 36,
        (false, true) | (true, false) => 21,
        (true, true) => 13,
    };
    let len = samples / 8 * kbits * 1000 / rate + padding;
    Some(Frame { len: usize::try_from(len).ok()?, samples, rate, xing_at })
}

/// How many frames the first one's header counts.
fn frame_count(first: &[u8], frame: Frame) -> Option<u32> {
    let xing = first.get(frame.xing_at..)?;
    let counted = match xing.get(..4)? {
        b"Xing" | b"Info" if be32(xing, 4)? & 1 != 0 => be32(xing, 8),
        _ if first.get(36..40)? == b"VBRI" && be16(first, 40).is_some() => be32(first, 50),
        _ => None,
    };
    counted.filter(|frames| *frames > 0)
}

/// Bytes and seconds of the frames at hand, whose bit rates may differ.
fn run(mut rest: &[u8]) -> (usize, f64) {
    let (mut bytes, mut seconds) = (0, 0.0);
    while let Some(frame) = frame(rest) {
        bytes += frame.len;
        seconds += f64::from(frame.samples) / f64::from(frame.rate);
        rest = rest.get(frame.len..).unwrap_or_default();
    }
    (bytes.max(1), seconds)
}
