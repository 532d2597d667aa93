//! A bounded bit reader for headers that come from the network.

use crate::error::Error;

/// Reads big-endian bit fields. Every read is checked: past the end is [`Error::Truncated`], never a panic.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// Position in bits.
    at: usize,
    what: &'static str,
}

impl<'a> BitReader<'a> {
    /// Reads `bytes` from their first bit; `what` names them in errors.
    #[must_use]
    pub const fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, what }
    }

    /// Bits not read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_mul(8).saturating_sub(self.at)
    }

    /// Position in bits from the start.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    fn cut(&self, bits: usize) -> Error {
        Error::Truncated { what: self.what, needed: self.at.saturating_add(bits).div_ceil(8), got: self.bytes.len() }
    }

    /// The next `count` bits as a number, most significant first.
    ///
    /// # Errors
    /// When fewer are left, or `count` is above 32.
    pub fn bits(&mut self, count: u32) -> Result<u32, Error> {
        if count > 32 {
            return Err(Error::malformed(self.what, "a field wider than 32 bits"));
        }
        let count = count as usize;
        if self.remaining() < count {
            return Err(self.cut(count));
        }
        let mut value = 0u64;
        let mut left = count;
        while left > 0 {
            let byte = u64::from(self.bytes.get(self.at / 8).copied().unwrap_or_default());
            let in_byte = 8 - self.at % 8;
            let take = left.min(in_byte);
            let part = (byte >> (in_byte - take)) & ((1 << take) - 1);
            value = (value << take) | part;
            self.at += take;
            left -= take;
        }
        Ok(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// The next bit as a flag.
    ///
    /// # Errors
    /// At the end.
    pub fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.bits(1)? == 1)
    }

    /// The next eight bits.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn byte(&mut self) -> Result<u8, Error> {
        Ok(u8::try_from(self.bits(8)?).unwrap_or(u8::MAX))
    }

    /// Steps over `count` bits.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn skip(&mut self, count: usize) -> Result<(), Error> {
        if self.remaining() < count {
            return Err(self.cut(count));
        }
        self.at += count;
        Ok(())
    }

    /// Steps to the next byte boundary.
    pub fn align(&mut self) {
        self.at = self.at.div_ceil(8).saturating_mul(8);
    }

    /// Unsigned exp-Golomb, ue(v) (ISO 14496-10 9.1): at most 32 leading zeros, as every legal value needs.
    ///
    /// # Errors
    /// At the end, or when the code is longer than any legal value.
    pub fn ue(&mut self) -> Result<u32, Error> {
        let mut zeros = 0u32;
        while !self.flag()? {
            zeros += 1;
            if zeros > 32 {
                return Err(Error::malformed(self.what, "an exp-Golomb code is too long"));
            }
        }
        let suffix = u64::from(self.bits(zeros)?);
        u32::try_from((1u64 << zeros) - 1 + suffix)
            .map_err(|_| Error::malformed(self.what, "an exp-Golomb value does not fit 32 bits"))
    }

    /// [`Self::ue`], refused above `max`.
    ///
    /// # Errors
    /// As [`Self::ue`], and above `max`.
    pub fn ue_max(&mut self, max: u32) -> Result<u32, Error> {
        match self.ue()? {
            value if value > max => Err(Error::Limit { what: self.what, value: value.into(), max: max.into() }),
            value => Ok(value),
        }
    }

    /// Signed exp-Golomb, se(v) (ISO 14496-10 9.1.1).
    ///
    /// # Errors
    /// As [`Self::ue`].
    pub fn se(&mut self) -> Result<i64, Error> {
        let code = i64::from(self.ue()?);
        Ok(if code % 2 == 0 { -(code / 2) } else { (code + 1) / 2 })
    }

    /// Passes over what AVC's and HEVC's VUI begin with alike: aspect ratio, overscan, signal type and chroma location
    /// (H.264 E.1.1, H.265 E.2.1).
    ///
    /// # Errors
    /// When the bits run out.
    pub fn skip_vui_picture(&mut self) -> Result<(), Error> {
        if self.flag()? && self.bits(8)? == 255 {
            self.skip(32)?;
        }
        if self.flag()? {
            self.skip(1)?;
        }
        if self.flag()? {
            self.skip(4)?;
            if self.flag()? {
                self.skip(24)?;
            }
        }
        if self.flag()? {
            self.ue()?;
            self.ue()?;
        }
        Ok(())
    }
}

/// A NAL unit without its emulation prevention bytes (ISO 14496-10 7.3.1: `00 00 03` stands for `00 00`).
#[must_use]
pub fn unescape(nal: &[u8]) -> Vec<u8> {
    let mut rbsp = Vec::with_capacity(nal.len());
    let mut zeros = 0u8;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros.saturating_add(1) } else { 0 };
        rbsp.push(byte);
    }
    rbsp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cross_byte_boundaries() {
        let mut reader = BitReader::new("test", &[0b1010_0101, 0xff, 0x00, 0x12, 0x34]);
        assert_eq!(reader.bits(3).unwrap(), 0b101);
        assert_eq!(reader.bits(10).unwrap(), 0b00101_11111);
        reader.align();
        assert_eq!(reader.bits(24).unwrap(), 0x1234);
        assert!(matches!(reader.bits(1), Err(Error::Truncated { needed: 6, got: 5, .. })));
    }

    #[test]
    fn exp_golomb_reads_the_table_of_the_standard_and_stops_at_its_cap() {
        // 1, 010, 011, 00100, 00101 = 0, 1, 2, 3, 4 (ISO 14496-10 table 9-2).
        let mut reader = BitReader::new("test", &[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!((0..5).map(|_| reader.ue().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let largest = BitReader::new("test", &[0, 0, 0, 0, 0x80, 0, 0, 0, 0]).ue();
        assert_eq!(largest, Ok(u32::MAX), "32 zeros and an empty suffix: the largest value there is");
        assert!(BitReader::new("test", &[0, 0, 0, 0, 0x80, 0, 0, 0, 0x80]).ue().is_err(), "one more does not fit");
        assert!(BitReader::new("test", &[0; 32]).ue().is_err());
        let mut signed = BitReader::new("test", &[0b0100_1100, 0b1000_0000]);
        assert_eq!([signed.se().unwrap(), signed.se().unwrap(), signed.se().unwrap()], [1, -1, 2]);
    }

    #[test]
    fn emulation_prevention_goes_and_plain_threes_stay() {
        assert_eq!(unescape(&[0, 0, 3, 1, 3, 0, 0, 3, 0, 0, 3, 0]), [0, 0, 1, 3, 0, 0, 0, 0, 0]);
    }
}
