//! AVCDecoderConfigurationRecord (ISO 14496-15 5.3.3.1).

pub mod sps;

use super::{
    VideoFormat,
    nal::{NalKind, put_parameter_sets, units},
};
use crate::error::Error;
use bytes::{Buf, Bytes};
use sps::Sps;

const WHAT: &str = "AVC sequence header";

/// AVCDecoderConfigurationRecord (ISO 14496-15 5.3.3.1).
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
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed or cut short, or its sequence parameter set is.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let Some(&[version, _, _, _, lengths, sps_count]) = record.first_chunk::<6>() else {
            return Err(Error::Truncated { what: WHAT, needed: 6, got: record.len() });
        };
        if version != 1 {
            return Err(Error::malformed(WHAT, "configurationVersion is not 1"));
        }
        let nal_length_size = (lengths & 3) + 1;
        if nal_length_size == 3 {
            return Err(Error::malformed(WHAT, "NAL unit lengths of 3 bytes"));
        }
        let mut rest = record.slice(6..);
        let sps = parameter_sets(&mut rest, sps_count & 0x1f)?;
        let pps_count = rest.try_get_u8().map_err(|_| cut(record.len(), record.len() + 1))?;
        let pps = parameter_sets(&mut rest, pps_count)?;
        let format = match sps.first() {
            Some(sps) => Sps::parse(sps)?.format,
            None => VideoFormat { width: 0, height: 0, fps: None },
        };
        Ok(Self { record: record.clone(), format, nal_length_size, sps, pps })
    }

    /// Builds the record from parameter sets that came in-band (NAL header included, no start code), with 4-byte lengths.
    ///
    /// # Errors
    /// When the sequence parameter set is malformed or a set is too long for a record.
    pub fn from_parameter_sets(sps: &[u8], pps: &[u8]) -> Result<Self, Error> {
        Self::build(4, &[sps], &[pps])
    }

    /// Builds the record from the parameter sets inside an access unit, whose length fields have `nal_length_size` bytes.
    /// `None` without both an SPS and a PPS.
    ///
    /// # Errors
    /// As [`Self::from_parameter_sets`], and when the NAL units do not fit the access unit.
    pub fn from_access_unit(payload: &[u8], nal_length_size: u8) -> Result<Option<Self>, Error> {
        let (mut sps, mut pps) = (Vec::new(), Vec::new());
        for unit in units(payload, nal_length_size) {
            let unit = unit?;
            match NalKind::avc(unit) {
                NalKind::Sps if !sps.contains(&unit) => sps.push(unit),
                NalKind::Pps if !pps.contains(&unit) => pps.push(unit),
                _ => {}
            }
            if sps.len() > 31 || pps.len() > 255 {
                return Err(Error::malformed(WHAT, "more parameter sets than a record holds"));
            }
        }
        if sps.is_empty() || pps.is_empty() {
            return Ok(None);
        }
        Self::build(nal_length_size, &sps, &pps).map(Some)
    }

    fn build(nal_length_size: u8, sps: &[&[u8]], pps: &[&[u8]]) -> Result<Self, Error> {
        let first = Sps::parse(sps.first().copied().unwrap_or_default())?;
        let mut record =
            vec![1, first.profile, first.compatibility, first.level, 0xfc | nal_length_size.wrapping_sub(1) & 3];
        for (reserved, sets) in [(0xe0, sps), (0, pps)] {
            record.push(reserved | u8::try_from(sets.len()).unwrap_or_default());
            put_parameter_sets(&mut record, sets, WHAT)?;
        }
        // Every profile but Baseline, Main and Extended has the extension (14496-15:2019 5.3.3.1.2; older editions list four).
        if !matches!(first.profile, 66 | 77 | 88) {
            let depths = [first.luma_bits, first.chroma_bits].map(|bits| 0xf8 | bits.saturating_sub(8));
            record.extend_from_slice(&[0xfc | first.chroma_format, depths[0], depths[1], 0]);
        }
        Self::parse(&record.into())
    }

    /// Whether the record carries what a decoder needs before the first picture.
    #[must_use]
    pub fn has_parameter_sets(&self) -> bool {
        !self.sps.is_empty() && !self.pps.is_empty()
    }

    /// The CODECS parameter (RFC 6381 3.3): profile, compatibility flags and level of the record.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let profile = self.record.iter().skip(1).take(3);
        profile.fold(String::from("avc1."), |codecs, byte| codecs + &format!("{byte:02x}"))
    }
}

fn cut(got: usize, needed: usize) -> Error {
    Error::Truncated { what: WHAT, needed, got }
}

/// `count` sets, each behind its 16-bit length.
fn parameter_sets(rest: &mut Bytes, count: u8) -> Result<Vec<Bytes>, Error> {
    let mut sets = Vec::with_capacity(count.into());
    for _ in 0..count {
        let length = usize::from(rest.try_get_u16().map_err(|_| cut(rest.len(), 2))?);
        if rest.len() < length {
            return Err(cut(rest.len(), length));
        }
        let set = rest.split_to(length);
        if !set.is_empty() {
            sets.push(set);
        }
    }
    Ok(sets)
}
