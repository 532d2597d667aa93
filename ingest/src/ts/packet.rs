//! 188-byte transport packets (ISO 13818-1 2.4.3.2).

/// Bytes of a transport packet.
pub(super) const TS_PACKET: usize = 188;
const PAYLOAD: usize = TS_PACKET - 4;
const SYNC: u8 = 0x47;

/// The PIDs in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pid {
    Pat,
    Pmt,
    Video,
    Audio,
}

impl Pid {
    pub(super) const fn number(self) -> u16 {
        match self {
            Self::Pat => 0,
            Self::Pmt => 0x1000,
            Self::Video => 0x100,
            Self::Audio => 0x101,
        }
    }
}

/// Splits tables and PES packets into transport packets, counting each PID's packets.
#[derive(Debug, Clone, Default)]
pub(super) struct PacketWriter {
    counters: [u8; 4],
}

impl PacketWriter {
    /// One packet that holds a whole PSI section.
    pub(super) fn table(&mut self, out: &mut Vec<u8>, pid: Pid, section: &[u8]) {
        let end = out.len() + TS_PACKET;
        self.header(out, pid, true, 0x10);
        out.push(0); // pointer_field
        out.extend_from_slice(section);
        out.resize(end, 0xff);
    }

    /// A packet with nothing but a PCR, in 90 kHz ticks; it does not count (2.4.3.3).
    pub(super) fn clock(&mut self, out: &mut Vec<u8>, pid: Pid, pcr: i64) {
        let end = out.len() + TS_PACKET;
        let number = pid.number().to_be_bytes();
        let previous = self.counters[pid as usize].wrapping_sub(1) & 0x0f;
        out.extend_from_slice(&[SYNC, number[0], number[1], 0x20 | previous, 183, 0x10]);
        out.extend_from_slice(&pcr_field(pcr));
        out.resize(end, 0xff);
    }

    /// A PES packet: `head` is its header, `body` its payload. `random_access` marks a place to start (2.4.3.5).
    pub(super) fn pes(
        &mut self,
        out: &mut Vec<u8>,
        pid: Pid,
        pcr: Option<i64>,
        random_access: bool,
        head: &[u8],
        body: &[u8],
    ) {
        let mut adaptation = [0_u8; 7];
        let mut adaptation_len = 0;
        if pcr.is_some() || random_access {
            adaptation[0] = if random_access { 0x40 } else { 0 };
            adaptation_len = 1;
        }
        if let Some(pcr) = pcr {
            adaptation[0] |= 0x10;
            adaptation[1..].copy_from_slice(&pcr_field(pcr));
            adaptation_len = 7;
        }
        let room = PAYLOAD - if adaptation_len == 0 { 0 } else { adaptation_len + 1 };
        let (first, rest) = body.split_at(body.len().min(room - head.len()));
        self.payload(out, pid, true, &adaptation[..adaptation_len], head, first);
        for chunk in rest.chunks(PAYLOAD) {
            self.payload(out, pid, false, &[], &[], chunk);
        }
    }

    /// One packet; what its payload does not fill is adaptation field stuffing.
    fn payload(&mut self, out: &mut Vec<u8>, pid: Pid, start: bool, adaptation: &[u8], head: &[u8], body: &[u8]) {
        let filled = head.len() + body.len();
        if filled == PAYLOAD {
            self.header(out, pid, start, 0x10);
        } else {
            self.header(out, pid, start, 0x30);
            let length = PAYLOAD - filled - 1;
            out.push(u8::try_from(length).unwrap_or(u8::MAX));
            if length > 0 {
                let end = out.len() + length;
                if adaptation.is_empty() {
                    out.push(0);
                } else {
                    out.extend_from_slice(adaptation);
                }
                out.resize(end, 0xff);
            }
        }
        out.extend_from_slice(head);
        out.extend_from_slice(body);
    }

    fn header(&mut self, out: &mut Vec<u8>, pid: Pid, start: bool, control: u8) {
        let counter = &mut self.counters[pid as usize];
        let number = pid.number().to_be_bytes();
        out.extend_from_slice(&[SYNC, if start { 0x40 } else { 0 } | number[0], number[1], control | *counter]);
        *counter = (*counter + 1) & 0x0f;
    }
}

/// 33 bits of base, 6 reserved, 9 of extension (2.4.3.5).
fn pcr_field(ticks: i64) -> [u8; 6] {
    let base = ticks.cast_unsigned() & 0x1_ffff_ffff;
    let field = (base << 15) | (0x3f << 9);
    let [_, _, bytes @ ..] = field.to_be_bytes();
    bytes
}
