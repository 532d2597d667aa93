//! Packed audio (RFC 8216bis 3.4): the frames of an MPEG-TS segment without the transport stream, behind an ID3 tag that says when they
//! begin.

use crate::codec::Codec;

/// Whose private frame it is.
const OWNER: &[u8] = b"com.apple.streaming.transportStreamTimestamp\0";
/// Bytes of an ID3v2 tag's header, and of a frame's.
const HEADER: usize = 10;

/// The codec of packed audio, the 90 kHz timestamp that its tag says, and where the sound begins; `None` for anything else.
pub(super) fn read(segment: &[u8]) -> Option<(Codec, Option<u64>, &[u8])> {
    let (mut timestamp, mut rest) = (None, segment);
    while let Some((tag, sound)) = tag(rest) {
        timestamp = timestamp.or_else(|| begins(tag));
        rest = sound;
    }
    let codec = match *rest.first_chunk::<2>()? {
        [0xff, second] if second & 0xf6 == 0xf0 => Codec::Aac,
        [0xff, second] if second & 0xe0 == 0xe0 => Codec::Mp3,
        _ => return None,
    };
    Some((codec, timestamp, rest))
}

/// The frames of the ID3v2 tag at the head of `bytes`, and what follows it.
fn tag(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = bytes.strip_prefix(b"ID3")?;
    let size = synchsafe(body.get(3..7)?)?;
    body.get(HEADER - 3..)?.split_at_checked(size)
}

/// The timestamp of the private frame; frames are walked as in ID3v2.4, whose sizes are synchsafe.
fn begins(mut frames: &[u8]) -> Option<u64> {
    while let Some((header, rest)) = frames.split_at_checked(HEADER) {
        let (content, rest) = rest.split_at_checked(synchsafe(header.get(4..8)?)?)?;
        if let Some(value) = content.strip_prefix(OWNER).filter(|_| header.starts_with(b"PRIV")) {
            return Some(u64::from_be_bytes(*value.first_chunk()?) & 0x1_ffff_ffff);
        }
        frames = rest;
    }
    None
}

/// Four bytes of seven bits each.
fn synchsafe(bytes: &[u8]) -> Option<usize> {
    let valid = bytes.iter().all(|byte| byte & 0x80 == 0);
    valid.then(|| bytes.iter().fold(0, |sum, byte| sum << 7 | usize::from(*byte)))
}
