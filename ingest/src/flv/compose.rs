//! Frames made of bare access units: what comes in MPEG-TS or MP4 gets the tag header that FLV players want.

use super::access_unit;
use crate::codec::Codec;
use crate::frame::{Frame, FrameKind};
use bytes::Bytes;

/// AVCPacketType, AACPacketType and the enhanced packet types share these (FLV 10.1 E.4.3.1, E.4.2.1; Enhanced RTMP v2).
const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
/// Sound format, rate, size and type of AAC and MP3 tags: 44 kHz, 16 bit, stereo, whatever the codec says (E.4.2.1).
const AAC: u8 = 0xaf;
const MP3: u8 = 0x2f;
/// A composition time has 24 bits (E.4.3.1).
const CTS_MAX: i32 = 0x7f_ffff;

/// The frame of a decoder configuration: AVCDecoderConfigurationRecord and its like, AudioSpecificConfig, OpusHead. For MP3 `record` is
/// any whole frame. `dts` in ms.
#[must_use]
pub fn sequence_header(codec: Codec, record: &[u8], dts: i64) -> Frame {
    compose(codec, FrameKind::SequenceHeader, true, (dts, 0), record)
}

/// The frame of one access unit: length-prefixed NAL units, an OBU sequence, a raw AAC frame. `dts` and `cts` in ms.
#[must_use]
pub fn media(codec: Codec, keyframe: bool, dts: i64, cts: i32, payload: &[u8]) -> Frame {
    compose(codec, FrameKind::Media, keyframe, (dts, cts), payload)
}

/// Whether a decoder may start at an access unit that its container calls a key frame: not where every slice contradicts that.
#[must_use]
pub fn is_keyframe(codec: Codec, payload: &[u8], nal_length_size: u8) -> bool {
    !matches!(codec, Codec::H264 | Codec::Hevc) || access_unit::starts_decoding(codec, payload, nal_length_size)
}

fn compose(codec: Codec, kind: FrameKind, keyframe: bool, (dts, cts): (i64, i32), payload: &[u8]) -> Frame {
    let packet = if kind == FrameKind::SequenceHeader { SEQUENCE_START } else { CODED_FRAMES };
    let cts = cts.clamp(-CTS_MAX, CTS_MAX);
    let [_, time @ ..] = cts.to_be_bytes();
    let frame_type = if keyframe { 0x10 } else { 0x20 };
    let mut tag = Vec::with_capacity(payload.len().saturating_add(8));
    match codec {
        Codec::H264 => {
            tag.extend_from_slice(&[frame_type | 7, packet]);
            tag.extend_from_slice(&time);
        }
        Codec::Hevc => {
            enhanced_video(&mut tag, frame_type, packet, b"hvc1");
            if packet == CODED_FRAMES {
                tag.extend_from_slice(&time);
            }
        }
        Codec::Av1 => enhanced_video(&mut tag, frame_type, packet, b"av01"),
        Codec::Vp9 => enhanced_video(&mut tag, frame_type, packet, b"vp09"),
        Codec::Aac => tag.extend_from_slice(&[AAC, packet]),
        Codec::Mp3 => tag.push(MP3),
        Codec::Opus => {
            tag.push(0x90 | packet);
            tag.extend_from_slice(b"Opus");
        }
    }
    // At most 8.
    let payload_at = u8::try_from(tag.len()).unwrap_or_default();
    tag.extend_from_slice(payload);
    Frame { track: codec.track(), codec, kind, keyframe, dts, cts, tag: Bytes::from(tag), payload_at }
}

fn enhanced_video(tag: &mut Vec<u8>, frame_type: u8, packet: u8, four_cc: &[u8; 4]) {
    tag.push(0x80 | frame_type | packet);
    tag.extend_from_slice(four_cc);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flv::{Demuxer, Tag, TagKind};
    use crate::frame::Track;

    #[test]
    fn composed_tags_are_read_back_as_they_were() {
        for codec in [Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp9, Codec::Aac, Codec::Mp3, Codec::Opus] {
            let mut demuxer = Demuxer::new();
            let kind = if codec.track() == Track::Video { TagKind::Video } else { TagKind::Audio };
            let mut take = |frame: &Frame| {
                demuxer.demux(&Tag { kind, timestamp: 7, body: frame.tag.clone() }).unwrap().frames.pop()
            };
            if codec != Codec::Mp3 {
                let header = sequence_header(codec, b"a record with its length", 7);
                let read = take(&header).unwrap();
                assert_eq!((read.kind, read.payload()), (header.kind, header.payload()), "{codec:?}");
            }
            let timed = matches!(codec, Codec::H264 | Codec::Hevc);
            let payload = if codec == Codec::Mp3 { &[0xff, 0xfb, 0x90, 0xc4][..] } else { &[0, 0, 0, 1, 0x26] };
            let frame = media(codec, true, 7, if timed { 80 } else { 0 }, payload);
            let read = take(&frame).unwrap();
            assert_eq!((read.codec, read.cts, read.payload()), (codec, frame.cts, payload), "{codec:?}");
        }
    }
}
