//! Transport packets (ISO 13818-1 2.4.3.2) and the PES packets (2.4.3.6) gathered from them.

use super::super::packet::TS_PACKET;

/// Bytes of one video PES packet: as much as one RTMP message may have.
pub(super) const VIDEO_PES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of one audio PES packet; its length field has 16 bits, and encoders that leave it 0 send no more.
pub(super) const AUDIO_PES_MAX: usize = 256 * 1024;

/// A transport packet's header, read.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub pid: u16,
    /// payload_unit_start_indicator.
    pub starts: bool,
    pub counter: u8,
    /// discontinuity_indicator: the counter may jump here.
    pub jumps: bool,
    /// random_access_indicator.
    pub random_access: bool,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// `None` for one that is damaged, scrambled, or carries no payload.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[_, high, low, control], rest) = bytes.get(..TS_PACKET)?.split_first_chunk::<4>()?;
        let (is_damaged, is_scrambled, has_payload) = (high & 0x80 != 0, control & 0xc0 != 0, control & 0x10 != 0);
        if is_damaged || is_scrambled || !has_payload {
            return None;
        }
        let (mut flags, mut payload) = (0, rest);
        if control & 0x20 != 0 {
            let (length, rest) = rest.split_first()?;
            let (field, rest) = rest.split_at_checked(usize::from(*length))?;
            flags = field.first().copied().unwrap_or_default();
            payload = rest;
        }
        Some(Self {
            pid: u16::from_be_bytes([high & 0x1f, low]),
            starts: high & 0x40 != 0,
            counter: control & 0x0f,
            jumps: flags & 0x80 != 0,
            random_access: flags & 0x40 != 0,
            payload,
        })
    }
}

/// Tells missing packets from repeated ones by their counter (2.4.3.3).
#[derive(Debug, Default)]
pub(super) struct Continuity(Option<u8>);

/// What a counter says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Follows {
    Next,
    Again,
    Gap,
}

impl Continuity {
    pub(super) fn follow(&mut self, packet: &Packet<'_>) -> Follows {
        let last = self.0.replace(packet.counter);
        match last {
            Some(last) if !packet.jumps && packet.counter == last => Follows::Again,
            Some(last) if !packet.jumps && packet.counter != (last + 1) & 0x0f => Follows::Gap,
            _ => Follows::Next,
        }
    }
}

/// A PES packet's times in 33-bit ticks, and its bytes.
#[derive(Debug)]
pub(super) struct Unit {
    pub pts: Option<u64>,
    pub dts: Option<u64>,
    pub random_access: bool,
    bytes: Vec<u8>,
    payload_at: usize,
}

impl Unit {
    pub(super) fn payload(&self) -> &[u8] {
        self.bytes.get(self.payload_at..).unwrap_or_default()
    }
}

/// Gathers the PES packets of one elementary stream.
#[derive(Debug)]
pub(super) struct Pes {
    bytes: Vec<u8>,
    /// A packet began and nothing of it is missing.
    sound: bool,
    random_access: bool,
    continuity: Continuity,
    max: usize,
}

impl Pes {
    pub(super) fn video() -> Self {
        Self::new(VIDEO_PES_MAX)
    }

    pub(super) fn audio() -> Self {
        Self::new(AUDIO_PES_MAX)
    }

    fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), sound: false, random_access: false, continuity: Continuity::default(), max }
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The next packet's counter stands for itself.
    pub(super) fn begin_segment(&mut self) {
        self.continuity = Continuity::default();
    }

    /// Adds a packet; false when what is gathered cannot become whole any more. One that starts must find nothing gathered.
    pub(super) fn push(&mut self, packet: &Packet<'_>) -> bool {
        let follows = self.continuity.follow(packet);
        if follows == Follows::Again {
            return true;
        }
        if packet.starts {
            self.bytes.clear();
            self.sound = true;
            self.random_access = packet.random_access;
        } else if follows == Follows::Gap || (self.sound && self.bytes.len() + packet.payload.len() > self.max) {
            self.sound = false;
            self.bytes.clear();
            return false;
        }
        if self.sound {
            self.bytes.extend_from_slice(packet.payload);
        }
        true
    }

    /// Whether all that PES_packet_length announces is there; never where it is 0.
    pub(super) fn is_whole(&self) -> bool {
        let Some([_, _, _, _, high, low]) = self.bytes.first_chunk::<6>() else { return false };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        length > 0 && self.bytes.len() >= length + 6
    }

    /// What is gathered, if it is a PES packet with its header and all the bytes it announces.
    pub(super) fn take(&mut self) -> Option<Unit> {
        if !std::mem::take(&mut self.sound) {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        let (&[zero, zero_too, one, _, high, low, marker, flags, header_length], _) = bytes.split_first_chunk::<9>()?;
        if [zero, zero_too, one] != [0, 0, 1] || marker & 0xc0 != 0x80 {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > 0 {
            if bytes.len() < length + 6 {
                return None;
            }
            // What follows in the last packet is stuffing.
            bytes.truncate(length + 6);
        }
        let payload_at = 9 + usize::from(header_length);
        let pts = if flags & 0x80 != 0 { timestamp(bytes.get(9..14)?) } else { None };
        let dts = if flags & 0xc0 == 0xc0 { timestamp(bytes.get(14..19)?) } else { pts };
        (payload_at <= bytes.len()).then_some(Unit { pts, dts, random_access: self.random_access, bytes, payload_at })
    }

    /// Gives the buffer back.
    pub(super) fn reuse(&mut self, unit: Unit) {
        self.bytes = unit.bytes;
        self.bytes.clear();
    }
}

/// 33 bits in five bytes; `None` where a marker bit is missing.
fn timestamp(bytes: &[u8]) -> Option<u64> {
    let &[a, b, c, d, e] = bytes.first_chunk::<5>()?;
    let bits = |byte: u8, mask: u8, shift: u32| u64::from((byte >> 1) & mask) << shift;
    (a & c & e & 1 == 1)
        .then(|| bits(a, 7, 30) | u64::from(b) << 22 | bits(c, 0x7f, 15) | u64::from(d) << 7 | bits(e, 0x7f, 0))
}
