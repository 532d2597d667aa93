//! Video tags (FLV 10.1, E.4.3; Enhanced RTMP v2 "Enhanced Video").

use super::enhanced::{self, CODED_FRAMES, CODED_FRAMES_X, COMMAND_FRAME, PAYLOAD_AT, SEQUENCE_END, SEQUENCE_START};
use super::{Packet, Parsed, TagKind};
use crate::codec::Codec;
use crate::error::Error;
use bytes::Bytes;

/// Bit 7 of the first byte: the header is an enhanced one.
const EX_HEADER: u8 = 0x80;
/// Frame types a decoder may start at: key frame, and one a server generated.
const KEY: u8 = 1;
const GENERATED_KEY: u8 = 4;
/// Where the access unit starts behind frame type, packet type and composition time.
const LEGACY_PAYLOAD_AT: u8 = 5;

/// Reads a video tag; `None` for what is not for a decoder.
pub(super) fn parse(body: &Bytes) -> Result<Option<Parsed>, Error> {
    let Some(first) = body.first().copied() else { return Ok(None) };
    let frame_type = (first >> 4) & 0x07;
    let keyframe = matches!(frame_type, KEY | GENERATED_KEY);
    if first & EX_HEADER != 0 {
        return parse_enhanced(body, keyframe);
    }
    if frame_type == COMMAND_FRAME {
        return Ok(None);
    }
    let codec = match first & 0x0f {
        7 => Codec::H264,
        12 => Codec::Hevc,
        id => return Err(Error::Unsupported { what: "video codec", value: legacy_name(id).into() }),
    };
    let packet = match body.get(1) {
        Some(0) => Packet::SequenceHeader,
        Some(1) => Packet::Media { cts: composition_time(body, 2)? },
        Some(2) => Packet::End,
        Some(_) => return Ok(None),
        None => return Err(Error::Truncated { what: "video tag header", needed: 5, got: 1 }),
    };
    Ok(Some(Parsed { codec, packet, keyframe, tag: body.clone(), payload_at: LEGACY_PAYLOAD_AT }))
}

fn parse_enhanced(body: &Bytes, keyframe: bool) -> Result<Option<Parsed>, Error> {
    let Some(plain) = enhanced::unwrap(TagKind::Video, body)? else { return Ok(None) };
    let codec = match &plain.four_cc {
        b"avc1" => Codec::H264,
        b"hvc1" => Codec::Hevc,
        b"av01" => Codec::Av1,
        b"vp09" => Codec::Vp9,
        other => {
            return Err(Error::Unsupported { what: "video codec", value: enhanced::four_cc_name(*other) });
        }
    };
    let (packet, payload_at) = match plain.packet_type {
        SEQUENCE_START => (Packet::SequenceHeader, PAYLOAD_AT),
        CODED_FRAMES if matches!(codec, Codec::H264 | Codec::Hevc) => {
            let cts = composition_time(&plain.tag, usize::from(PAYLOAD_AT))?;
            (Packet::Media { cts }, PAYLOAD_AT + 3)
        }
        CODED_FRAMES | CODED_FRAMES_X => (Packet::Media { cts: 0 }, PAYLOAD_AT),
        SEQUENCE_END => (Packet::End, PAYLOAD_AT),
        _ => return Ok(None),
    };
    Ok(Some(Parsed { codec, packet, keyframe, tag: plain.tag, payload_at }))
}

/// SI24, ms.
fn composition_time(tag: &[u8], at: usize) -> Result<i32, Error> {
    let Some([a, b, c]) = tag.get(at..).and_then(|rest| rest.first_chunk::<3>()) else {
        return Err(Error::Truncated { what: "video tag header", needed: at + 3, got: tag.len() });
    };
    Ok(i32::from_be_bytes([*a, *b, *c, 0]) >> 8)
}

/// Codec ids of E.4.3.1 that are not carried.
const fn legacy_name(id: u8) -> &'static str {
    match id {
        1 => "JPEG",
        2 => "Sorenson H.263",
        3 | 6 => "Screen video",
        4 | 5 => "VP6",
        8 => "H.263",
        9 => "MPEG-4 part 2",
        13 => "AV1 in a legacy tag",
        _ => "unknown",
    }
}
