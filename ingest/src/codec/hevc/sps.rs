//! Sequence and video parameter sets (ISO 23008-2 7.3.2.1, 7.3.2.2), as far as size, format and timing need them.

use crate::{
    codec::{
        VideoFormat,
        bits::{BitReader, unescape},
        frame_rate, picture_size,
    },
    error::Error,
};

const WHAT: &str = "HEVC sequence parameter set";
const VPS: &str = "HEVC video parameter set";
/// sps_max_sub_layers_minus1 and vps_max_sub_layers_minus1 are at most 6 (7.4.3.1).
const MAX_SUB_LAYERS: u32 = 6;

/// What a sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sps {
    /// general_profile_space, tier, profile, compatibility and constraint flags, level: the 12 bytes a record repeats.
    pub profile_tier_level: [u8; 12],
    /// Temporal sub-layers, 1..=7.
    pub temporal_layers: u8,
    /// sps_temporal_id_nesting_flag.
    pub temporal_id_nested: bool,
    /// chroma_format_idc.
    pub chroma_format: u8,
    /// Bits of a luma sample.
    pub luma_bits: u8,
    /// Bits of a chroma sample.
    pub chroma_bits: u8,
    /// Picture size inside the conformance window, and frames a second when the VUI has timing.
    pub format: VideoFormat,
}

impl Sps {
    /// Parses a NAL unit, header included.
    ///
    /// # Errors
    /// When it is malformed or cut short before the bit depths; a broken remainder only loses the timing.
    pub fn parse(nal: &[u8]) -> Result<Self, Error> {
        let rbsp = unescape(nal);
        let mut bits = BitReader::new(WHAT, &rbsp);
        if (bits.bits(16)? >> 9) & 0x3f != 33 {
            return Err(Error::malformed(WHAT, "another NAL unit type"));
        }
        bits.skip(4)?;
        let sub_layers = sub_layers(&mut bits)?;
        let temporal_id_nested = bits.flag()?;
        let profile_tier_level = profile_tier_level(&mut bits, sub_layers)?;
        bits.ue_max(15)?;
        let chroma_format = narrow(bits.ue_max(3)?);
        if chroma_format == 3 {
            bits.skip(1)?;
        }
        let full = (u64::from(bits.ue()?), u64::from(bits.ue()?));
        let mut crop = [0u64; 4];
        if bits.flag()? {
            for side in &mut crop {
                *side = bits.ue()?.into();
            }
        }
        let (unit_x, unit_y) = match chroma_format {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let [left, right, top, bottom] = crop;
        let (width, height) = picture_size(WHAT, full, ((left + right) * unit_x, (top + bottom) * unit_y))?;
        let (luma_bits, chroma_bits) = (8 + narrow(bits.ue_max(8)?), 8 + narrow(bits.ue_max(8)?));
        let fps = timing(&mut bits, sub_layers).ok().flatten();
        Ok(Self {
            profile_tier_level,
            temporal_layers: narrow(sub_layers + 1),
            temporal_id_nested,
            chroma_format,
            luma_bits,
            chroma_bits,
            format: VideoFormat { width, height, fps },
        })
    }
}

/// Frames a second from a video parameter set, header included, when it has timing (7.3.2.1).
#[must_use]
pub fn vps_frame_rate(nal: &[u8]) -> Option<f64> {
    let rbsp = unescape(nal);
    vps_timing(&mut BitReader::new(VPS, &rbsp)).ok().flatten()
}

fn vps_timing(bits: &mut BitReader<'_>) -> Result<Option<f64>, Error> {
    bits.skip(16 + 4 + 2 + 6)?;
    let sub_layers = sub_layers(bits)?;
    bits.skip(1 + 16)?;
    profile_tier_level(bits, sub_layers)?;
    skip_sub_layer_ordering(bits, sub_layers)?;
    let max_layer_id = bits.bits(6)? as usize;
    for _ in 0..bits.ue_max(1023)? {
        bits.skip(max_layer_id + 1)?;
    }
    if !bits.flag()? {
        return Ok(None);
    }
    let (ticks, scale) = (bits.bits(32)?, bits.bits(32)?);
    Ok(frame_rate(scale.into(), ticks.into()))
}

fn narrow(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

fn sub_layers(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    match bits.bits(3)? {
        value if value > MAX_SUB_LAYERS => Err(Error::malformed(WHAT, "more than 7 temporal sub-layers")),
        value => Ok(value),
    }
}

/// profile_tier_level(1, sub_layers) (7.3.3): the general part's 12 bytes.
fn profile_tier_level(bits: &mut BitReader<'_>, sub_layers: u32) -> Result<[u8; 12], Error> {
    let mut general = [0; 12];
    for byte in &mut general {
        *byte = bits.byte()?;
    }
    let mut present = [(false, false); MAX_SUB_LAYERS as usize];
    for flags in present.iter_mut().take(sub_layers as usize) {
        *flags = (bits.flag()?, bits.flag()?);
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers as usize))?;
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    Ok(general)
}

fn skip_sub_layer_ordering(bits: &mut BitReader<'_>, sub_layers: u32) -> Result<(), Error> {
    let all = bits.flag()?;
    for _ in if all { 0 } else { sub_layers }..=sub_layers {
        for _ in 0..3 {
            bits.ue()?;
        }
    }
    Ok(())
}

/// From log2_max_pic_order_cnt_lsb_minus4 to the timing in the VUI (E.2.1).
fn timing(bits: &mut BitReader<'_>, sub_layers: u32) -> Result<Option<f64>, Error> {
    let poc_bits = bits.ue_max(12)? + 4;
    skip_sub_layer_ordering(bits, sub_layers)?;
    for _ in 0..6 {
        bits.ue()?;
    }
    if bits.flag()? && bits.flag()? {
        skip_scaling_lists(bits)?;
    }
    bits.skip(2)?;
    if bits.flag()? {
        bits.skip(8)?;
        bits.ue()?;
        bits.ue()?;
        bits.skip(1)?;
    }
    let mut deltas = 0;
    for index in 0..bits.ue_max(64)? {
        deltas = short_term_ref_pic_set(bits, index, deltas)?;
    }
    if bits.flag()? {
        for _ in 0..bits.ue_max(32)? {
            bits.skip(poc_bits as usize + 1)?;
        }
    }
    bits.skip(2)?;
    if bits.flag()? { vui_timing(bits) } else { Ok(None) }
}

/// scaling_list_data (7.3.4).
fn skip_scaling_lists(bits: &mut BitReader<'_>) -> Result<(), Error> {
    for size in 0..4u32 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            if !bits.flag()? {
                bits.ue()?;
                continue;
            }
            if size > 1 {
                bits.se()?;
            }
            for _ in 0..64.min(1u32 << (4 + 2 * size)) {
                bits.se()?;
            }
        }
    }
    Ok(())
}

/// st_ref_pic_set (7.3.7). `previous` and the result are NumDeltaPocs of the set before and of this one.
fn short_term_ref_pic_set(bits: &mut BitReader<'_>, index: u32, previous: u32) -> Result<u32, Error> {
    if index > 0 && bits.flag()? {
        bits.skip(1)?;
        bits.ue()?;
        let mut deltas = 0;
        for _ in 0..=previous {
            let used = bits.flag()?;
            if used || bits.flag()? {
                deltas += 1;
            }
        }
        return Ok(deltas);
    }
    let deltas = bits.ue_max(16)? + bits.ue_max(16)?;
    for _ in 0..deltas {
        bits.ue()?;
        bits.skip(1)?;
    }
    Ok(deltas)
}

fn vui_timing(bits: &mut BitReader<'_>) -> Result<Option<f64>, Error> {
    bits.skip_vui_picture()?;
    bits.skip(3)?;
    if bits.flag()? {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    if !bits.flag()? {
        return Ok(None);
    }
    let (ticks, scale) = (bits.bits(32)?, bits.bits(32)?);
    Ok(frame_rate(scale.into(), ticks.into()))
}
