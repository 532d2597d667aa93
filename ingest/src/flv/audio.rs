//! Audio tags (FLV 10.1, E.4.2; Enhanced RTMP v2 "Enhanced Audio").

use super::enhanced::{self, CODED_FRAMES, PAYLOAD_AT, SEQUENCE_END, SEQUENCE_START};
use super::{Packet, Parsed, TagKind};
use crate::codec::Codec;
use crate::error::Error;
use bytes::Bytes;

/// Sound format 9: the header is an enhanced one.
const EX_HEADER: u8 = 9;

/// Reads an audio tag; `None` for silence and for what is not for a decoder.
pub(super) fn parse(body: &Bytes) -> Result<Option<Parsed>, Error> {
    let Some(first) = body.first().copied() else { return Ok(None) };
    let (codec, packet, payload_at) = match first >> 4 {
        EX_HEADER => return parse_enhanced(body),
        2 | 14 => (Codec::Mp3, Packet::Media { cts: 0 }, 1),
        10 => {
            let packet = match body.get(1) {
                Some(0) => Packet::SequenceHeader,
                Some(1) => Packet::Media { cts: 0 },
                _ => return Ok(None),
            };
            (Codec::Aac, packet, 2)
        }
        id => return Err(Error::Unsupported { what: "audio codec", value: legacy_name(id).into() }),
    };
    Ok(Some(Parsed { codec, packet, keyframe: true, tag: body.clone(), payload_at }))
}

fn parse_enhanced(body: &Bytes) -> Result<Option<Parsed>, Error> {
    let Some(plain) = enhanced::unwrap(TagKind::Audio, body)? else { return Ok(None) };
    let codec = match &plain.four_cc {
        b"mp4a" => Codec::Aac,
        b".mp3" => Codec::Mp3,
        b"Opus" => Codec::Opus,
        other => {
            return Err(Error::Unsupported { what: "audio codec", value: enhanced::four_cc_name(*other) });
        }
    };
    let packet = match plain.packet_type {
        // MP3 configures itself in every frame.
        SEQUENCE_START if codec != Codec::Mp3 => Packet::SequenceHeader,
        CODED_FRAMES => Packet::Media { cts: 0 },
        SEQUENCE_END => Packet::End,
        _ => return Ok(None),
    };
    Ok(Some(Parsed { codec, packet, keyframe: true, tag: plain.tag, payload_at: PAYLOAD_AT }))
}

/// Sound formats of E.4.2.1 that are not carried.
const fn legacy_name(id: u8) -> &'static str {
    match id {
        0 | 3 => "linear PCM",
        1 => "ADPCM",
        4..=6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        11 => "Speex",
        13 => "Opus in a legacy tag",
        _ => "unknown",
    }
}
