//! HEVCDecoderConfigurationRecord (ISO 14496-15 8.3.3.1).

pub mod sps;

use super::{
    VideoFormat,
    nal::{NalKind, put_parameter_sets, units},
};
use crate::error::Error;
use bytes::{Buf, Bytes};
use sps::Sps;

const WHAT: &str = "HEVC sequence header";
/// Parameter sets a record may hold: 16 VPS, 16 SPS and 64 PPS can be active (ISO 23008-2 7.4.3), SEI comes on top.
const MAX_SETS: usize = 128;

/// HEVCDecoderConfigurationRecord (ISO 14496-15 8.3.3.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What it describes; 0 x 0 when the record has no parameter sets (they come in-band: [`Config::from_access_unit`]).
    pub format: VideoFormat,
    /// Bytes of a NAL unit length field: 1, 2 or 4.
    pub nal_length_size: u8,
    /// Sequence parameter sets, NAL header included.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, NAL header included.
    pub pps: Vec<Bytes>,
    /// Video parameter sets, NAL header included.
    pub vps: Vec<Bytes>,
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed or cut short, or its sequence parameter set is.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let Some(head) = record.first_chunk::<23>() else {
            return Err(cut(record.len(), 23));
        };
        let [version, .., lengths, arrays] = *head;
        // Encoders that write the record by hand leave the version 0.
        if version > 1 {
            return Err(Error::malformed(WHAT, "configurationVersion above 1"));
        }
        let nal_length_size = (lengths & 3) + 1;
        if nal_length_size == 3 {
            return Err(Error::malformed(WHAT, "NAL unit lengths of 3 bytes"));
        }
        let no_picture = VideoFormat { width: 0, height: 0, fps: None };
        let mut config =
            Self { record: record.clone(), format: no_picture, nal_length_size, sps: vec![], pps: vec![], vps: vec![] };
        config.read_arrays(record.slice(23..), arrays)?;
        if let Some(first) = config.sps.first() {
            config.format = Sps::parse(first)?.format;
            if config.format.fps.is_none() {
                config.format.fps = config.vps.first().and_then(|vps| sps::vps_frame_rate(vps));
            }
        }
        Ok(config)
    }

    fn read_arrays(&mut self, mut rest: Bytes, arrays: u8) -> Result<(), Error> {
        let mut sets = 0usize;
        for _ in 0..arrays {
            let (_, count) = (rest.try_get_u8().map_err(|_| cut(rest.len(), 3))?, rest.try_get_u16());
            let count = count.map_err(|_| cut(rest.len(), 2))?;
            sets = sets.saturating_add(count.into());
            if sets > MAX_SETS {
                return Err(Error::Limit { what: "HEVC parameter sets", value: sets as u64, max: MAX_SETS as u64 });
            }
            for _ in 0..count {
                let length = usize::from(rest.try_get_u16().map_err(|_| cut(rest.len(), 2))?);
                if rest.len() < length {
                    return Err(cut(rest.len(), length));
                }
                let set = rest.split_to(length);
                // The NAL header decides, not the array's type: hand-written records disagree with themselves.
                match NalKind::hevc(&set) {
                    NalKind::Vps => self.vps.push(set),
                    NalKind::Sps => self.sps.push(set),
                    NalKind::Pps => self.pps.push(set),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Builds the record from parameter sets that came in-band (NAL header included, no start code), with 4-byte lengths.
    ///
    /// # Errors
    /// When the sequence parameter set is malformed or a set is too long for a record.
    pub fn from_parameter_sets(vps: &[u8], sps: &[u8], pps: &[u8]) -> Result<Self, Error> {
        Self::build(4, [&[vps], &[sps], &[pps]])
    }

    /// Builds the record from the parameter sets inside an access unit, whose length fields have `nal_length_size` bytes.
    /// `None` unless a VPS, an SPS and a PPS are there.
    ///
    /// # Errors
    /// As [`Self::from_parameter_sets`], and when the NAL units do not fit the access unit.
    pub fn from_access_unit(payload: &[u8], nal_length_size: u8) -> Result<Option<Self>, Error> {
        let (mut vps, mut sps, mut pps) = (Vec::new(), Vec::new(), Vec::new());
        for unit in units(payload, nal_length_size) {
            let unit = unit?;
            let sets = match NalKind::hevc(unit) {
                NalKind::Vps => &mut vps,
                NalKind::Sps => &mut sps,
                NalKind::Pps => &mut pps,
                _ => continue,
            };
            if !sets.contains(&unit) {
                sets.push(unit);
            }
            if vps.len() + sps.len() + pps.len() > MAX_SETS {
                return Err(Error::malformed(WHAT, "more parameter sets than a stream may have"));
            }
        }
        if vps.is_empty() || sps.is_empty() || pps.is_empty() {
            return Ok(None);
        }
        Self::build(nal_length_size, [&vps, &sps, &pps]).map(Some)
    }

    fn build(nal_length_size: u8, [vps, sps, pps]: [&[&[u8]]; 3]) -> Result<Self, Error> {
        let first = Sps::parse(sps.first().copied().unwrap_or_default())?;
        let mut record = vec![1];
        record.extend_from_slice(&first.profile_tier_level);
        let depths = [first.luma_bits, first.chroma_bits].map(|bits| 0xf8 | bits.saturating_sub(8));
        // min_spatial_segmentation 0 and parallelismType 0: not known; average frame rate 0: not said.
        record.extend_from_slice(&[0xf0, 0, 0xfc, 0xfc | first.chroma_format, depths[0], depths[1], 0, 0]);
        let nested = u8::from(first.temporal_id_nested) << 2;
        record.push((first.temporal_layers & 7) << 3 | nested | nal_length_size.wrapping_sub(1) & 3);
        record.push(3);
        for (nal_type, sets) in [(32, vps), (33, sps), (34, pps)] {
            record.push(0x80 | nal_type);
            record.extend_from_slice(&u16::try_from(sets.len()).unwrap_or_default().to_be_bytes());
            put_parameter_sets(&mut record, sets, WHAT)?;
        }
        Self::parse(&record.into())
    }

    /// Whether the record carries what a decoder needs before the first picture.
    #[must_use]
    pub fn has_parameter_sets(&self) -> bool {
        !self.vps.is_empty() && !self.sps.is_empty() && !self.pps.is_empty()
    }

    /// The record as a `hvc1` sample entry has it: version 1 and every array complete (ISO 14496-15 8.3.3.1.3), whatever
    /// the publisher claimed.
    #[must_use]
    pub fn out_of_band_record(&self) -> Vec<u8> {
        let mut record = self.record.to_vec();
        if let Some(version) = record.first_mut() {
            *version = 1;
        }
        let field =
            |at: usize| self.record.get(at..)?.first_chunk().map(|field| usize::from(u16::from_be_bytes(*field)));
        let mut at = 23;
        for _ in 0..self.record.get(22).copied().unwrap_or_default() {
            let (Some(kind), Some(count)) = (record.get_mut(at), field(at + 1)) else { break };
            *kind |= 0x80;
            at += 3;
            for _ in 0..count {
                at += 2 + field(at).unwrap_or_default();
            }
        }
        record
    }

    /// The CODECS parameter (ISO 14496-15 annex E.3): profile space and number, compatibility flags in reverse bit
    /// order, tier and level, constraint bytes up to the last that is not 0.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let Some(&[_, profile, compat @ .., c0, c1, c2, c3, c4, c5, level]) = self.record.first_chunk::<13>() else {
            return String::from("hvc1");
        };
        let space = ["", "A", "B", "C"][usize::from(profile >> 6)];
        let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
        let flags = u32::from_be_bytes(compat).reverse_bits();
        let mut codecs = format!("hvc1.{space}{}.{flags:X}.{tier}{level}", profile & 0x1f);
        let constraints = [c0, c1, c2, c3, c4, c5];
        let last = constraints.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        for byte in constraints.iter().take(last) {
            codecs.push_str(&format!(".{byte:X}"));
        }
        codecs
    }
}

fn cut(got: usize, needed: usize) -> Error {
    Error::Truncated { what: WHAT, needed, got }
}
