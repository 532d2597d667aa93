//! AV1CodecConfigurationRecord (AV1-ISOBMFF 2.3.3).

pub mod sequence;

use super::VideoFormat;
use crate::error::Error;
use bytes::Bytes;
use sequence::{Sequence, find_sequence_header};

const WHAT: &str = "AV1 codec configuration";

/// AV1CodecConfigurationRecord (AV1-ISOBMFF 2.3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What it describes; 0 x 0 when the record has no sequence header (it comes in-band: [`Config::from_temporal_unit`]).
    pub format: VideoFormat,
    /// seq_profile 0..=2.
    pub profile: u8,
    /// seq_level_idx of operating point 0.
    pub level: u8,
    /// seq_tier of operating point 0: false Main, true High.
    pub high_tier: bool,
    /// Bits a sample: 8, 10 or 12.
    pub bit_depth: u8,
}

impl Config {
    /// Parses the record. An empty one is accepted: ffmpeg with libaom announces AV1 that way and sends the sequence
    /// header with the first key frame.
    ///
    /// # Errors
    /// When it is malformed or cut short, or its sequence header is.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        if record.is_empty() {
            let format = VideoFormat { width: 0, height: 0, fps: None };
            return Ok(Self { record: record.clone(), format, profile: 0, level: 0, high_tier: false, bit_depth: 8 });
        }
        let Some((&[marker, profile_level, flags, _], obus)) = record.split_first_chunk::<4>() else {
            return Err(Error::Truncated { what: WHAT, needed: 4, got: record.len() });
        };
        if marker != 0x81 {
            return Err(Error::malformed(WHAT, "marker and version are not 0x81"));
        }
        let bit_depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
            (false, _) => 8,
            (true, false) => 10,
            (true, true) => 12,
        };
        let format = match find_sequence_header(obus) {
            Some(obu) => Sequence::parse(obu)?.format,
            None => VideoFormat { width: 0, height: 0, fps: None },
        };
        Ok(Self {
            record: record.clone(),
            format,
            profile: profile_level >> 5,
            level: profile_level & 0x1f,
            high_tier: flags & 0x80 != 0,
            bit_depth,
        })
    }

    /// Builds the record from the sequence header inside a temporal unit (a key frame's payload); `None` without one.
    ///
    /// # Errors
    /// When the sequence header is malformed.
    pub fn from_temporal_unit(payload: &[u8]) -> Result<Option<Self>, Error> {
        let Some(obu) = find_sequence_header(payload) else { return Ok(None) };
        let sequence = Sequence::parse(obu)?;
        let flags = [
            (sequence.high_tier, 0x80),
            (sequence.bit_depth > 8, 0x40),
            (sequence.bit_depth == 12, 0x20),
            (sequence.monochrome, 0x10),
            (sequence.subsampling.0, 0x08),
            (sequence.subsampling.1, 0x04),
        ];
        let flags = flags.iter().filter(|(set, _)| *set).fold(sequence.chroma_position & 3, |sum, (_, bit)| sum | bit);
        let mut record = vec![0x81, sequence.profile << 5 | sequence.level & 0x1f, flags, 0];
        record.extend_from_slice(obu);
        Self::parse(&record.into()).map(Some)
    }

    /// Whether the record carries the sequence header.
    #[must_use]
    pub const fn has_sequence_header(&self) -> bool {
        self.format.width > 0
    }

    /// The CODECS parameter (AV1-ISOBMFF 5), mandatory fields.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let tier = if self.high_tier { 'H' } else { 'M' };
        format!("av01.{}.{:02}{tier}.{:02}", self.profile, self.level, self.bit_depth)
    }
}

/// A temporal unit without its leading temporal delimiter OBU, which FLV keeps and MP4 samples leave out
/// (AV1-ISOBMFF 2.4). Shares the bytes.
#[must_use]
pub fn without_temporal_delimiter(payload: &Bytes) -> Bytes {
    if payload.starts_with(&[0x12, 0]) { payload.slice(2..) } else { payload.clone() }
}
