//! Sequence header OBU (AV1 bitstream 5.5) and the OBUs around it (5.3).

use crate::{
    codec::{VideoFormat, bits::BitReader, frame_rate},
    error::Error,
};

const WHAT: &str = "AV1 sequence header";
/// obu_type of a sequence header (AV1 bitstream 6.2.2).
const SEQUENCE_HEADER: u8 = 1;

/// What a sequence header says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequence {
    /// seq_profile 0..=2.
    pub profile: u8,
    /// seq_level_idx of the first operating point.
    pub level: u8,
    /// seq_tier of the first operating point: false Main, true High.
    pub high_tier: bool,
    /// Bits a sample: 8, 10 or 12.
    pub bit_depth: u8,
    /// Luma only.
    pub monochrome: bool,
    /// subsampling_x, subsampling_y.
    pub subsampling: (bool, bool),
    /// chroma_sample_position 0..=3.
    pub chroma_position: u8,
    /// Largest frame size; frames a second when the stream has equal picture intervals.
    pub format: VideoFormat,
}

/// The whole sequence header OBU (header byte included) in a sequence of OBUs, when there is one.
#[must_use]
pub fn find_sequence_header(obus: &[u8]) -> Option<&[u8]> {
    let mut rest = obus;
    while let Ok((obu_type, whole, _, after)) = split_obu(rest) {
        if obu_type == SEQUENCE_HEADER {
            return Some(whole);
        }
        rest = after;
    }
    None
}

/// obu_type, the whole OBU, its payload, what follows it.
type Obu<'a> = (u8, &'a [u8], &'a [u8], &'a [u8]);

/// Splits off the first OBU. One without a size field reaches to the end (5.3.1).
fn split_obu(bytes: &[u8]) -> Result<Obu<'_>, Error> {
    let cut = |needed| Error::Truncated { what: "AV1 OBU", needed, got: bytes.len() };
    let header = *bytes.first().ok_or_else(|| cut(1))?;
    if header & 0x80 != 0 {
        return Err(Error::malformed("AV1 OBU", "the forbidden bit is set"));
    }
    let mut start = if header & 4 == 0 { 1 } else { 2 };
    let mut length = bytes.len().checked_sub(start).ok_or_else(|| cut(start))?;
    if header & 2 != 0 {
        // leb128 (4.10.5): at most 8 bytes.
        let mut value = 0u64;
        let mut shift = 0;
        loop {
            let byte = *bytes.get(start).ok_or_else(|| cut(start + 1))?;
            start += 1;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift >= 56 {
                return Err(Error::malformed("AV1 OBU", "its size is longer than 8 bytes"));
            }
        }
        length = usize::try_from(value).map_err(|_| cut(usize::MAX))?;
    }
    let end = start.checked_add(length).ok_or_else(|| cut(usize::MAX))?;
    let payload = bytes.get(start..end).ok_or_else(|| cut(end))?;
    let (whole, after) = bytes.split_at_checked(end).ok_or_else(|| cut(end))?;
    Ok(((header >> 3) & 15, whole, payload, after))
}

impl Sequence {
    /// Parses a whole sequence header OBU, header byte included.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(obu: &[u8]) -> Result<Self, Error> {
        let (obu_type, _, payload, _) = split_obu(obu)?;
        if obu_type != SEQUENCE_HEADER {
            return Err(Error::malformed(WHAT, "another OBU type"));
        }
        let mut bits = BitReader::new(WHAT, payload);
        let profile = narrow(bits.bits(3)?);
        if profile > 2 {
            return Err(Error::malformed(WHAT, "seq_profile above 2"));
        }
        bits.skip(1)?;
        let reduced = bits.flag()?;
        let (level, high_tier, fps) =
            if reduced { (narrow(bits.bits(5)?), false, None) } else { operating_points(&mut bits)? };
        let (width_bits, height_bits) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
        let (width, height) = (bits.bits(width_bits)? + 1, bits.bits(height_bits)? + 1);
        skip_tools(&mut bits, reduced)?;
        let mut sequence = Self {
            profile,
            level,
            high_tier,
            bit_depth: 8,
            monochrome: false,
            subsampling: (true, true),
            chroma_position: 0,
            format: VideoFormat { width, height, fps },
        };
        sequence.color_config(&mut bits)?;
        Ok(sequence)
    }

    /// color_config (5.5.2).
    fn color_config(&mut self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        let high = bits.flag()?;
        self.bit_depth = match (high, self.profile) {
            (true, 2) if bits.flag()? => 12,
            (true, _) => 10,
            (false, _) => 8,
        };
        self.monochrome = self.profile != 1 && bits.flag()?;
        let (mut primaries, mut transfer, mut matrix) = (2, 2, 2);
        if bits.flag()? {
            (primaries, transfer, matrix) = (bits.bits(8)?, bits.bits(8)?, bits.bits(8)?);
        }
        if self.monochrome {
            return bits.skip(1);
        }
        // sRGB in 4:4:4 has no range and subsampling fields.
        if (primaries, transfer, matrix) == (1, 13, 0) {
            self.subsampling = (false, false);
            return Ok(());
        }
        bits.skip(1)?;
        self.subsampling = match self.profile {
            0 => (true, true),
            1 => (false, false),
            _ if self.bit_depth == 12 => {
                let horizontal = bits.flag()?;
                (horizontal, horizontal && bits.flag()?)
            }
            _ => (true, false),
        };
        if self.subsampling == (true, true) {
            self.chroma_position = narrow(bits.bits(2)?);
        }
        Ok(())
    }
}

fn narrow(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// Timing, decoder model and operating points (5.5.1): level and tier of the first point, frames a second.
fn operating_points(bits: &mut BitReader<'_>) -> Result<(u8, bool, Option<f64>), Error> {
    let (mut fps, mut delay_bits) = (None, None);
    if bits.flag()? {
        let (ticks, scale) = (u64::from(bits.bits(32)?), u64::from(bits.bits(32)?));
        if bits.flag()? {
            let per_picture = u64::from(bits.ue()?) + 1;
            fps = ticks.checked_mul(per_picture).and_then(|ticks| frame_rate(scale, ticks));
        }
        if bits.flag()? {
            delay_bits = Some(bits.bits(5)? as usize + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let initial_delay = bits.flag()?;
    let mut first = None;
    for _ in 0..=bits.bits(5)? {
        bits.skip(12)?;
        let level = narrow(bits.bits(5)?);
        let high_tier = level > 7 && bits.flag()?;
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * delay_bits + 1)?;
        }
        if initial_delay && bits.flag()? {
            bits.skip(4)?;
        }
        first.get_or_insert((level, high_tier));
    }
    let (level, high_tier) = first.unwrap_or_default();
    Ok((level, high_tier, fps))
}

/// From frame_id_numbers_present_flag to enable_restoration.
fn skip_tools(bits: &mut BitReader<'_>, reduced: bool) -> Result<(), Error> {
    const SELECT: u32 = 2;
    if !reduced && bits.flag()? {
        bits.skip(7)?;
    }
    bits.skip(3)?;
    if !reduced {
        bits.skip(4)?;
        let order_hint = bits.flag()?;
        if order_hint {
            bits.skip(2)?;
        }
        let screen_content = if bits.flag()? { SELECT } else { bits.bits(1)? };
        if screen_content > 0 && !bits.flag()? {
            bits.skip(1)?;
        }
        if order_hint {
            bits.skip(3)?;
        }
    }
    bits.skip(3)
}
