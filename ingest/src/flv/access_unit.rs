//! What AVC and HEVC access units say about themselves, where a tag's header cannot be believed or a sequence header is
//! missing.

use super::Parsed;
use crate::codec::nal::{NalKind, annex_b_units, is_annex_b, length_prefixed, units};
use crate::codec::{Codec, avc, hevc};
use bytes::Bytes;

/// SEI payload type of a recovery point (ISO 14496-10 D.1.1, ISO 23008-2 D.2.1).
const RECOVERY_POINT: u32 = 6;

/// Whether a decoder may start at an access unit that the tag calls a key frame.
///
/// The encoder is believed unless every slice contradicts it: no IDR or IRAP, no recovery point, no intra slice. Streams
/// with periodic intra refresh have nothing else to start at.
pub(super) fn starts_decoding(codec: Codec, payload: &[u8], nal_length_size: u8) -> bool {
    let mut contradicted = false;
    for unit in units(payload, nal_length_size).map_while(Result::ok) {
        match NalKind::of(codec, unit) {
            NalKind::RandomAccess => return true,
            NalKind::Sei if has_recovery_point(codec, unit) => return true,
            NalKind::Slice if codec == Codec::H264 && is_intra_slice(unit) => return true,
            NalKind::Slice => contradicted = true,
            _ => {}
        }
    }
    !contradicted
}

/// The configuration record made from the parameter sets inside an access unit, where all are there.
pub(super) fn record(codec: Codec, payload: &[u8], nal_length_size: u8) -> Option<Bytes> {
    match codec {
        Codec::H264 => avc::Config::from_access_unit(payload, nal_length_size).ok()?.map(|config| config.record),
        Codec::Hevc => hevc::Config::from_access_unit(payload, nal_length_size).ok()?.map(|config| config.record),
        Codec::Av1 | Codec::Vp9 | Codec::Aac | Codec::Mp3 | Codec::Opus => None,
    }
}

/// The tag of a sequence header for `record`, in the form (legacy or enhanced) of the media tag it is made for.
pub(super) fn sequence_header(media: &Parsed, record: &[u8]) -> Parsed {
    const KEY_FRAME: u8 = 0x10;
    let first = media.tag.first().copied().unwrap_or_default();
    let mut tag = Vec::with_capacity(record.len().saturating_add(5));
    if first & 0x80 == 0 {
        tag.extend([KEY_FRAME | first & 0x0f, 0, 0, 0, 0]);
    } else {
        tag.push(0x80 | KEY_FRAME);
        tag.extend_from_slice(media.tag.get(1..5).unwrap_or_default());
    }
    tag.extend_from_slice(record);
    Parsed { packet: super::Packet::SequenceHeader, keyframe: true, tag: tag.into(), payload_at: 5, ..media.clone() }
}

/// The same tag with length-prefixed units, where an encoder sent Annex B although FLV forbids it.
pub(super) fn without_start_codes(media: Parsed, nal_length_size: u8) -> Parsed {
    let payload = media.payload();
    // Units of four-byte lengths are what the record would have to announce.
    if nal_length_size != 4 || !is_annex_b(payload, nal_length_size) {
        return media;
    }
    let mut tag = media.tag.get(..usize::from(media.payload_at)).unwrap_or_default().to_vec();
    tag.extend(length_prefixed(annex_b_units(payload)));
    Parsed { tag: tag.into(), ..media }
}

/// Walks the SEI messages of a unit (ISO 14496-10 7.3.2.3.1).
fn has_recovery_point(codec: Codec, unit: &[u8]) -> bool {
    let header = if codec == Codec::Hevc { 2 } else { 1 };
    let mut rest = unit.get(header..).unwrap_or_default();
    while rest.len() > 2 {
        let kind = extended_byte(&mut rest);
        let size = extended_byte(&mut rest) as usize;
        if kind == RECOVERY_POINT {
            return true;
        }
        rest = rest.get(size..).unwrap_or_default();
    }
    false
}

/// A number written as 0xff bytes and a last one, all added up.
fn extended_byte(rest: &mut &[u8]) -> u32 {
    let mut sum = 0_u32;
    while let Some((byte, tail)) = rest.split_first() {
        *rest = tail;
        sum = sum.saturating_add(u32::from(*byte));
        if *byte != 0xff {
            break;
        }
    }
    sum
}

/// slice_type of an AVC slice header is I or SI (ISO 14496-10 7.3.3, table 7-6).
fn is_intra_slice(unit: &[u8]) -> bool {
    let mut bits = [0; 8];
    for (slot, byte) in bits.iter_mut().zip(unit.iter().skip(1)) {
        *slot = *byte;
    }
    let mut bits = u64::from_be_bytes(bits);
    let _first_macroblock = exp_golomb(&mut bits);
    matches!(exp_golomb(&mut bits) % 5, 2 | 4)
}

/// ue(v) (ISO 14496-10 9.1) off the top of `bits`; numbers too large for a slice header read as 0.
fn exp_golomb(bits: &mut u64) -> u64 {
    let zeros = bits.leading_zeros();
    if zeros > 24 {
        *bits = 0;
        return 0;
    }
    let width = 2 * zeros + 1;
    let value = (*bits >> (64 - width)) - 1;
    *bits <<= width;
    value
}
