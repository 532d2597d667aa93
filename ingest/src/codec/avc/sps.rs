//! Sequence parameter set (ISO 14496-10 7.3.2.1.1), as far as picture size and timing need it.

use crate::{
    codec::{
        VideoFormat,
        bits::{BitReader, unescape},
        frame_rate, picture_size,
    },
    error::Error,
};

const WHAT: &str = "AVC sequence parameter set";

/// What a sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sps {
    /// profile_idc.
    pub profile: u8,
    /// The constraint_set flags and reserved bits, as one byte.
    pub compatibility: u8,
    /// level_idc.
    pub level: u8,
    /// chroma_format_idc: 0 monochrome, 1 = 4:2:0, 2 = 4:2:2, 3 = 4:4:4.
    pub chroma_format: u8,
    /// Bits of a luma sample.
    pub luma_bits: u8,
    /// Bits of a chroma sample.
    pub chroma_bits: u8,
    /// Cropped picture size, and frames a second when the VUI has timing.
    pub format: VideoFormat,
}

/// Whether `profile` has the chroma and bit depth fields (7.3.2.1.1).
#[must_use]
pub const fn is_high_profile(profile: u8) -> bool {
    matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

impl Sps {
    /// Parses a NAL unit, header included.
    ///
    /// # Errors
    /// When it is malformed or cut short before the cropping rectangle; a broken VUI only loses the timing.
    pub fn parse(nal: &[u8]) -> Result<Self, Error> {
        let rbsp = unescape(nal);
        let mut bits = BitReader::new(WHAT, &rbsp);
        if bits.bits(8)? & 0x1f != 7 {
            return Err(Error::malformed(WHAT, "another NAL unit type"));
        }
        let (profile, compatibility, level) = (bits.byte()?, bits.byte()?, bits.byte()?);
        bits.ue_max(31)?;
        let mut sps = Self {
            profile,
            compatibility,
            level,
            chroma_format: 1,
            luma_bits: 8,
            chroma_bits: 8,
            format: VideoFormat { width: 0, height: 0, fps: None },
        };
        let mut separate_planes = false;
        if is_high_profile(profile) {
            separate_planes = sps.high_profile_fields(&mut bits)?;
        }
        skip_to_size(&mut bits)?;
        sps.picture(&mut bits, separate_planes)?;
        sps.format.fps = timing(&mut bits).ok().flatten();
        Ok(sps)
    }

    fn high_profile_fields(&mut self, bits: &mut BitReader<'_>) -> Result<bool, Error> {
        let narrow = |value: u32| u8::try_from(value).unwrap_or_default();
        self.chroma_format = narrow(bits.ue_max(3)?);
        let separate_planes = self.chroma_format == 3 && bits.flag()?;
        self.luma_bits = 8 + narrow(bits.ue_max(6)?);
        self.chroma_bits = 8 + narrow(bits.ue_max(6)?);
        bits.skip(1)?;
        if bits.flag()? {
            for list in 0..if self.chroma_format == 3 { 12 } else { 8 } {
                if bits.flag()? {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(separate_planes)
    }

    fn picture(&mut self, bits: &mut BitReader<'_>, separate_planes: bool) -> Result<(), Error> {
        let width_in_mbs = u64::from(bits.ue()?) + 1;
        let height_in_units = u64::from(bits.ue()?) + 1;
        let fields_a_unit = if bits.flag()? { 1 } else { 2 };
        if fields_a_unit == 2 {
            bits.skip(1)?;
        }
        bits.skip(1)?;
        let (unit_x, unit_y) = match self.chroma_format {
            1 if !separate_planes => (2, 2 * fields_a_unit),
            2 if !separate_planes => (2, fields_a_unit),
            _ => (1, fields_a_unit),
        };
        let mut crop = [0u64; 4];
        if bits.flag()? {
            for side in &mut crop {
                *side = bits.ue()?.into();
            }
        }
        let [left, right, top, bottom] = crop;
        let full = (width_in_mbs * 16, height_in_units * 16 * fields_a_unit);
        (self.format.width, self.format.height) =
            picture_size(WHAT, full, ((left + right) * unit_x, (top + bottom) * unit_y))?;
        Ok(())
    }
}

/// scaling_list (7.3.2.1.1.1).
fn skip_scaling_list(bits: &mut BitReader<'_>, size: usize) -> Result<(), Error> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

/// From log2_max_frame_num_minus4 to the picture size.
fn skip_to_size(bits: &mut BitReader<'_>) -> Result<(), Error> {
    bits.ue()?;
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.skip(1)?;
            bits.se()?;
            bits.se()?;
            for _ in 0..bits.ue_max(255)? {
                bits.se()?;
            }
        }
        2 => {}
        _ => return Err(Error::malformed(WHAT, "pic_order_cnt_type above 2")),
    }
    bits.ue()?;
    bits.skip(1)
}

/// Frames a second from the VUI (E.1.1): one tick is one field.
fn timing(bits: &mut BitReader<'_>) -> Result<Option<f64>, Error> {
    if !bits.flag()? {
        return Ok(None);
    }
    bits.skip_vui_picture()?;
    if !bits.flag()? {
        return Ok(None);
    }
    let (ticks, scale) = (bits.bits(32)?, bits.bits(32)?);
    Ok(frame_rate(scale.into(), u64::from(ticks) * 2))
}
