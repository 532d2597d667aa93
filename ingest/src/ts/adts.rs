//! ADTS headers (ISO 14496-3 1.A.2.2) for raw AAC frames.

use crate::codec::aac;

/// Bytes of a header without CRC.
const LENGTH: usize = 7;
/// The frame length field has 13 bits and counts the header.
const MAX_FRAME: usize = 0x1fff;
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
        // 0 promises a program config element in the frames, 8 and above do not fit the field.
        let channels = match config.channel_configuration {
            fits @ 1..=7 => fits,
            _ if config.format.channels == 8 => 7,
            _ => u8::try_from(config.format.channels.clamp(1, 6)).unwrap_or(2),
        };
        let profile = if (1..=4).contains(&config.core_object_type) { config.core_object_type - 1 } else { 1 };
        Self { profile, rate_index: config.frequency_index(), channels }
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
