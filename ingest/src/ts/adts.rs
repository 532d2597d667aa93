//! ADTS headers (ISO 14496-3 1.A.2.2) for raw AAC frames.

use crate::codec::aac;

/// Bytes of a header without CRC.
const LENGTH: usize = 7;
/// The frame length field has 13 bits and counts the header.
const MAX_FRAME: usize = 0x1fff;
/// Sampling frequencies by index (ISO 14496-3 table 1.18).
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// What all headers of a track share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    profile: u8,
    rate_index: u8,
    channels: u8,
}

impl Header {
    /// Takes profile, rate and channels of the AAC core. ADTS has room for object types 1-4 only, and SBR and PS are
    /// found by the decoder inside the frames: anything else is signalled as its LC core at the core's rate.
    pub(super) fn new(config: &aac::Config) -> Self {
        let mut bits = Bits { bytes: &config.record, at: 0 };
        let mut object_type = bits.take(5);
        if object_type == 31 {
            object_type = 32 + bits.take(6);
        }
        let mut rate_index = bits.take(4);
        if rate_index == 15 {
            rate_index = nearest_rate(bits.take(24));
        }
        let mut channels = bits.take(4);
        if config.record.len() < 2 || rate_index as usize >= RATES.len() {
            rate_index = nearest_rate(config.format.sample_rate);
        }
        // 0 promises a program config element in the frames, 8 and above do not fit the field.
        if !(1..=7).contains(&channels) {
            channels = if config.format.channels == 8 { 7 } else { config.format.channels.clamp(1, 6) };
        }
        let profile = if (1..=4).contains(&object_type) { object_type - 1 } else { 1 };
        let byte = |value: u32| u8::try_from(value).unwrap_or(0);
        Self { profile: byte(profile), rate_index: byte(rate_index), channels: byte(channels) }
    }

    /// The header before a raw frame of `payload` bytes; `None` when it is too long for ADTS.
    pub(super) fn of_frame(self, payload: usize) -> Option<[u8; LENGTH]> {
        let length = payload.checked_add(LENGTH).filter(|length| *length <= MAX_FRAME)?;
        let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
        Some([
            0xff,
            0xf1, // MPEG-4, no CRC
            (self.profile << 6) | (self.rate_index << 2) | (self.channels >> 2),
            (self.channels << 6) | (high >> 3),
            (high << 5) | (low >> 3),
            (low << 5) | 0x1f, // buffer fullness 0x7ff: variable rate
            0xfc,
        ])
    }
}

fn nearest_rate(rate: u32) -> u32 {
    (0_u32..).zip(RATES).min_by_key(|(_, known)| known.abs_diff(rate)).map_or(4, |(index, _)| index)
}

/// Reads bits from the front; past the end come zeros.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
            value = (value << 1) | u32::from((byte >> (7 - self.at % 8)) & 1);
            self.at += 1;
        }
        value
    }
}
