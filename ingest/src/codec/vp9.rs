//! VPCodecConfigurationRecord (VP-ISOBMFF 2.2) and the uncompressed header of a key frame (VP9 bitstream 6.2).

use super::{VideoFormat, bits::BitReader};
use crate::error::Error;
use bytes::Bytes;

const WHAT: &str = "VP9 sequence header";

/// VPCodecConfigurationRecord (VP-ISOBMFF 2.2). It has no picture size: see [`key_frame_size`].
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes as the publisher sent them, with or without the FullBox header.
    pub record: Bytes,
    /// What it describes; 0 x 0 until [`Config::with_size`].
    pub format: VideoFormat,
    /// The record without version and flags: what follows them in a `vpcC` box.
    pub fields: Bytes,
    /// Profile 0..=3.
    pub profile: u8,
    /// Level times ten (31 = 3.1); 0 when the publisher left it out.
    pub level: u8,
    /// Bits a sample: 8, 10 or 12.
    pub bit_depth: u8,
}

impl Config {
    /// Parses the record. Publishers send it with the FullBox version and flags (ffmpeg) or without; both are read.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        // Without a FullBox header the second byte is the level, which no stream has as 0 next to two more zeros.
        let fields = if record.starts_with(&[1, 0, 0, 0]) { record.slice(4..) } else { record.clone() };
        let Some(&[profile, level, depth, ..]) = fields.first_chunk::<8>() else {
            return Err(Error::Truncated { what: WHAT, needed: 8, got: fields.len() });
        };
        let bit_depth = depth >> 4;
        if profile > 3 {
            return Err(Error::malformed(WHAT, "profile above 3"));
        }
        if !matches!(bit_depth, 8 | 10 | 12) {
            return Err(Error::malformed(WHAT, "bit depth is not 8, 10 or 12"));
        }
        let format = VideoFormat { width: 0, height: 0, fps: None };
        Ok(Self { record: record.clone(), format, fields, profile, level, bit_depth })
    }

    /// The same configuration with the picture size of a key frame.
    #[must_use]
    pub const fn with_size(mut self, width: u32, height: u32) -> Self {
        self.format.width = width;
        self.format.height = height;
        self
    }

    /// The CODECS parameter. A level the record leaves out follows from the picture size (VP9 levels, luma picture size).
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let level = match self.level {
            0 => level_of(u64::from(self.format.width) * u64::from(self.format.height)),
            level => level,
        };
        format!("vp09.{:02}.{level:02}.{:02}", self.profile, self.bit_depth)
    }
}

/// The lowest level whose luma picture size fits.
fn level_of(samples: u64) -> u8 {
    const LEVELS: [(u64, u8); 9] = [
        (36_864, 10),
        (73_728, 11),
        (122_880, 20),
        (245_760, 21),
        (552_960, 30),
        (983_040, 31),
        (2_228_224, 40),
        (8_912_896, 50),
        (35_651_584, 60),
    ];
    LEVELS.iter().find(|(most, _)| samples <= *most).map_or(62, |(_, level)| *level)
}

/// Width and height in luma samples from the uncompressed header, when `payload` begins with a key frame.
#[must_use]
pub fn key_frame_size(payload: &[u8]) -> Option<(u32, u32)> {
    let mut bits = BitReader::new("VP9 frame", payload);
    if bits.bits(2).ok()? != 2 {
        return None;
    }
    let profile = bits.bits(1).ok()? | (bits.bits(1).ok()? << 1);
    if profile == 3 {
        bits.skip(1).ok()?;
    }
    let (shows_existing, inter) = (bits.flag().ok()?, bits.flag().ok()?);
    if shows_existing || inter {
        return None;
    }
    bits.skip(2).ok()?;
    if bits.bits(24).ok()? != 0x49_83_42 {
        return None;
    }
    if profile >= 2 {
        bits.skip(1).ok()?;
    }
    let srgb = bits.bits(3).ok()? == 7;
    match (srgb, profile == 1 || profile == 3) {
        (false, true) => bits.skip(4).ok()?,
        (false, false) | (true, true) => bits.skip(1).ok()?,
        (true, false) => return None,
    }
    Some((bits.bits(16).ok()? + 1, bits.bits(16).ok()? + 1))
}
