//! PES headers (ISO 13818-1 2.4.3.6).

/// Bytes of audio in one PES packet: its length field has 16 bits and counts 8 bytes of header.
pub(super) const MAX_AUDIO: usize = 65_535 - 8 - 8_192;

/// A PES header with a PTS, and a DTS where it differs.
pub(super) struct Header {
    bytes: [u8; 19],
    length: usize,
}

impl Header {
    /// For one access unit of `body` bytes; times in 90 kHz ticks.
    pub(super) fn video(pts: i64, dts: i64, body: usize) -> Self {
        Self::new(0xe0, pts, dts, body)
    }

    /// For a run of audio frames of `body` bytes in all, the first one at `pts`.
    pub(super) fn audio(pts: i64, body: usize) -> Self {
        Self::new(0xc0, pts, pts, body)
    }

    fn new(stream_id: u8, pts: i64, dts: i64, body: usize) -> Self {
        let both = pts != dts;
        let optional: u8 = if both { 10 } else { 5 };
        // 0 stands for "until the next one begins", which only video may say.
        let length = u16::try_from(body + 3 + usize::from(optional)).unwrap_or(0).to_be_bytes();
        let mut bytes = [0; 19];
        bytes[..9].copy_from_slice(&[
            0,
            0,
            1,
            stream_id,
            length[0],
            length[1],
            0x84, // '10', data_alignment_indicator
            if both { 0xc0 } else { 0x80 },
            optional,
        ]);
        bytes[9..14].copy_from_slice(&timestamp(if both { 3 } else { 2 }, pts));
        if both {
            bytes[14..].copy_from_slice(&timestamp(1, dts));
        }
        Self { bytes, length: 9 + usize::from(optional) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// 33 bits in five bytes with marker bits; the clock wraps every 26.5 hours.
fn timestamp(prefix: u8, ticks: i64) -> [u8; 5] {
    let ticks = ticks.cast_unsigned();
    let bits = |shift: u32, mask: u64| u8::try_from((ticks >> shift) & mask).unwrap_or(0);
    [
        (prefix << 4) | (bits(30, 0x07) << 1) | 1,
        bits(22, 0xff),
        (bits(15, 0x7f) << 1) | 1,
        bits(7, 0xff),
        (bits(0, 0x7f) << 1) | 1,
    ]
}
