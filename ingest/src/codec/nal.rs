//! NAL units inside an access unit: length-prefixed as FLV and MP4 carry them (ISO 14496-15 5.2.3), or in Annex B form,
//! which some encoders send although FLV forbids it.

use super::Codec;
use crate::error::Error;

/// What a NAL unit is for. AVC: ISO 14496-10 table 7-1; HEVC: ISO 23008-2 table 7-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NalKind {
    /// Coded slice of a random access picture: AVC IDR, HEVC IRAP (BLA, IDR, CRA).
    RandomAccess,
    /// Any other coded slice.
    Slice,
    /// HEVC video parameter set.
    Vps,
    /// Sequence parameter set.
    Sps,
    /// Picture parameter set.
    Pps,
    /// Access unit delimiter.
    Aud,
    /// Supplemental enhancement information.
    Sei,
    /// Everything else: filler, end of sequence, extensions.
    Other,
}

impl NalKind {
    /// Of an H.264 NAL unit, header included.
    #[must_use]
    pub fn avc(nal: &[u8]) -> Self {
        match nal.first().map_or(0, |header| header & 0x1f) {
            1..=4 => Self::Slice,
            5 => Self::RandomAccess,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::Aud,
            _ => Self::Other,
        }
    }

    /// Of an HEVC NAL unit, header included.
    #[must_use]
    pub fn hevc(nal: &[u8]) -> Self {
        // An empty unit reads as type 63, which the standard leaves unspecified.
        match nal.first().map_or(63, |header| (header >> 1) & 0x3f) {
            0..=9 => Self::Slice,
            16..=21 => Self::RandomAccess,
            32 => Self::Vps,
            33 => Self::Sps,
            34 => Self::Pps,
            35 => Self::Aud,
            39 | 40 => Self::Sei,
            _ => Self::Other,
        }
    }

    /// Of a NAL unit of `codec`; [`Self::Other`] when the codec has no NAL units.
    #[must_use]
    pub fn of(codec: Codec, nal: &[u8]) -> Self {
        match codec {
            Codec::H264 => Self::avc(nal),
            Codec::Hevc => Self::hevc(nal),
            Codec::Av1 | Codec::Vp9 | Codec::Aac | Codec::Mp3 | Codec::Opus => Self::Other,
        }
    }

    /// VPS, SPS or PPS.
    #[must_use]
    pub const fn is_parameter_set(self) -> bool {
        matches!(self, Self::Vps | Self::Sps | Self::Pps)
    }
}

/// Walks the length-prefixed NAL units of `payload`. `nal_length_size` is 1, 2 or 4 as the record says.
/// After an error the walk ends. Empty units are passed over.
pub fn units(payload: &[u8], nal_length_size: u8) -> Units<'_> {
    Units { rest: payload, nal_length_size: usize::from(nal_length_size.clamp(1, 4)) }
}

/// See [`units`].
#[derive(Debug, Clone)]
pub struct Units<'a> {
    rest: &'a [u8],
    nal_length_size: usize,
}

impl<'a> Iterator for Units<'a> {
    type Item = Result<&'a [u8], Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let Some((length, rest)) = self.rest.split_at_checked(self.nal_length_size) else {
                let got = std::mem::take(&mut self.rest).len();
                return Some(Err(Error::Truncated { what: "NAL unit length", needed: self.nal_length_size, got }));
            };
            let length = length.iter().fold(0usize, |sum, &byte| (sum << 8) | usize::from(byte));
            let Some((unit, rest)) = rest.split_at_checked(length) else {
                self.rest = &[];
                return Some(Err(Error::Truncated { what: "NAL unit", needed: length, got: rest.len() }));
            };
            self.rest = rest;
            if !unit.is_empty() {
                return Some(Ok(unit));
            }
        }
    }
}

/// Whether `payload` is in Annex B form: it begins with a start code and does not walk as length-prefixed units
/// (`00 00 01 xx` is also the length of a unit of 256 to 511 bytes).
#[must_use]
pub fn is_annex_b(payload: &[u8], nal_length_size: u8) -> bool {
    (payload.starts_with(&[0, 0, 1]) || payload.starts_with(&[0, 0, 0, 1]))
        && units(payload, nal_length_size).any(|unit| unit.is_err())
}

/// Walks the NAL units of an Annex B byte stream (ISO 14496-10 annex B). Bytes before the first start code are passed over.
pub fn annex_b_units(stream: &[u8]) -> AnnexBUnits<'_> {
    AnnexBUnits { rest: after_start_code(stream) }
}

/// See [`annex_b_units`].
#[derive(Debug, Clone)]
pub struct AnnexBUnits<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for AnnexBUnits<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest?;
            let end = start_code(rest);
            self.rest = end.and_then(|at| rest.get(at + 3..));
            let unit = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            // trailing_zero_8bits and the zero_byte of the next start code are not part of the unit.
            let length = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if length > 0 {
                return unit.get(..length);
            }
        }
    }
}

/// Where the next `00 00 01` starts.
fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    start_code(bytes).and_then(|at| bytes.get(at + 3..))
}

/// `units` as length-prefixed units with 4-byte lengths, the form of every record built here.
#[must_use]
pub fn length_prefixed<'a>(units: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let total = units.clone().map(|unit| unit.len().saturating_add(4)).sum();
    let mut payload = Vec::with_capacity(total);
    for unit in units {
        payload.extend_from_slice(&u32::try_from(unit.len()).unwrap_or(u32::MAX).to_be_bytes());
        payload.extend_from_slice(unit);
    }
    payload
}

/// Appends parameter sets as avcC and hvcC hold them, each behind its length in two bytes (ISO 14496-15 5.3.3.1, 8.3.3.1).
///
/// # Errors
/// When a set is longer than the length field can say.
pub fn put_parameter_sets(record: &mut Vec<u8>, sets: &[&[u8]], what: &'static str) -> Result<(), Error> {
    for set in sets {
        let length = u16::try_from(set.len()).map_err(|_| Error::Limit {
            what,
            value: set.len() as u64,
            max: u16::MAX.into(),
        })?;
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(set);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_prefixed_units_come_out_whole_and_a_short_one_is_an_error() {
        let payload = [0, 0, 0, 2, 0x65, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x41];
        let all: Vec<_> = units(&payload, 4).map(Result::unwrap).collect();
        assert_eq!(all, [&[0x65u8, 1][..], &[0x41]]);
        let mut cut = units(&payload[..14], 4);
        assert!(cut.next().unwrap().is_ok());
        assert!(matches!(cut.next(), Some(Err(Error::Truncated { needed: 1, got: 0, .. }))));
        assert!(cut.next().is_none());
    }

    #[test]
    fn annex_b_splits_at_both_start_codes_and_becomes_length_prefixed() {
        let stream = [0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 2, 0, 0];
        assert!(is_annex_b(&stream, 4));
        let split: Vec<_> = annex_b_units(&stream).collect();
        assert_eq!(split, [&[9u8, 0xf0][..], &[0x67, 1], &[0x65, 2]]);
        let payload = length_prefixed(annex_b_units(&stream));
        assert!(!is_annex_b(&payload, 4));
        assert_eq!(units(&payload, 4).map(Result::unwrap).collect::<Vec<_>>(), split);
    }

    #[test]
    fn a_length_that_looks_like_a_start_code_is_not_annex_b() {
        let mut payload = vec![0, 0, 1, 0x10];
        payload.resize(4 + 0x110, 0x65);
        assert!(!is_annex_b(&payload, 4));
    }

    #[test]
    fn kinds_follow_the_tables_of_the_standards() {
        assert_eq!(NalKind::avc(&[0x65]), NalKind::RandomAccess);
        assert_eq!(NalKind::avc(&[0x41]), NalKind::Slice);
        assert_eq!(NalKind::avc(&[]), NalKind::Other);
        assert_eq!(NalKind::hevc(&[0x2a, 1]), NalKind::RandomAccess, "CRA");
        assert_eq!(NalKind::hevc(&[0x40, 1]), NalKind::Vps);
        assert!(NalKind::hevc(&[0x44, 1]).is_parameter_set());
        assert_eq!(NalKind::hevc(&[]), NalKind::Other);
    }
}
