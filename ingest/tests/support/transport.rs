//! A reader of transport streams that trusts nothing: its own view of counters, clocks and access units.

use std::collections::HashMap;

/// One PES packet with what stood around it.
#[derive(Debug, Clone)]
pub struct Pes {
    pub pid: u16,
    pub pts: u64,
    pub dts: u64,
    /// The newest PCR when its last byte had arrived.
    pub pcr: u64,
    pub random_access: bool,
    pub body: Vec<u8>,
}

/// A parsed run of segments.
#[derive(Debug, Default)]
pub struct Stream {
    pub pcrs: Vec<u64>,
    pub pes: Vec<Pes>,
    counters: HashMap<u16, u8>,
}

impl Stream {
    /// Reads one more segment, checking what each packet must obey.
    pub fn read(&mut self, segment: &[u8]) {
        assert_eq!(segment.len() % 188, 0);
        let mut open: HashMap<u16, Pes> = HashMap::new();
        for (n, packet) in segment.chunks(188).enumerate() {
            assert_eq!(packet[0], 0x47);
            let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
            match n {
                0 => assert_eq!(pid, 0, "PAT first"),
                1 => assert_eq!(pid, 0x1000, "PMT second"),
                _ => {}
            }
            let start = packet[1] & 0x40 != 0;
            let (has_adaptation, has_payload) = (packet[3] & 0x20 != 0, packet[3] & 0x10 != 0);
            self.count(pid, packet[3] & 0x0f, has_payload);
            let mut at = 4;
            let mut random_access = false;
            if has_adaptation {
                let length = usize::from(packet[4]);
                assert!(if has_payload { length <= 182 } else { length == 183 });
                if length > 0 {
                    random_access = packet[5] & 0x40 != 0;
                    if packet[5] & 0x10 != 0 {
                        let b = &packet[6..12];
                        let base = u64::from(u32::from_be_bytes([b[0], b[1], b[2], b[3]])) << 1 | u64::from(b[4] >> 7);
                        self.pcrs.push(base);
                    }
                    let stuffing = &packet[5 + if packet[5] & 0x10 == 0 { 1 } else { 7 }..5 + length];
                    assert!(stuffing.iter().all(|b| *b == 0xff));
                }
                at += 1 + length;
            }
            if !has_payload || pid == 0 || pid == 0x1000 {
                continue;
            }
            if start {
                if let Some(done) = open.remove(&pid) {
                    self.pes.push(done);
                }
                open.insert(pid, self.begin(pid, random_access, &packet[at..]));
            } else {
                open.get_mut(&pid).expect("PES begins before it goes on").body.extend_from_slice(&packet[at..]);
            }
            let pcr = *self.pcrs.last().expect("a PCR before the first media");
            open.get_mut(&pid).unwrap().pcr = pcr;
        }
        let mut rest: Vec<Pes> = open.into_values().collect();
        rest.sort_by_key(|pes| pes.dts);
        self.pes.extend(rest);
    }

    fn count(&mut self, pid: u16, counter: u8, has_payload: bool) {
        if let Some(last) = self.counters.insert(pid, counter) {
            let expected = if has_payload { (last + 1) & 15 } else { last };
            assert_eq!(counter, expected, "continuity of PID {pid:#x}");
        }
    }

    fn begin(&self, pid: u16, random_access: bool, payload: &[u8]) -> Pes {
        assert_eq!(&payload[..3], &[0, 0, 1]);
        let flags = payload[7] >> 6;
        let pts = timestamp(&payload[9..14]);
        let dts = if flags == 3 { timestamp(&payload[14..19]) } else { pts };
        let body = payload[9 + usize::from(payload[8])..].to_vec();
        Pes { pid, pts, dts, pcr: 0, random_access, body }
    }

    /// The PES packets of a PID.
    pub fn of(&self, pid: u16) -> impl Iterator<Item = &Pes> {
        self.pes.iter().filter(move |pes| pes.pid == pid)
    }
}

fn timestamp(b: &[u8]) -> u64 {
    assert!(b[0] & 1 == 1 && b[2] & 1 == 1 && b[4] & 1 == 1);
    u64::from(b[0] >> 1 & 7) << 30
        | u64::from(b[1]) << 22
        | u64::from(b[2] >> 1) << 15
        | u64::from(b[3]) << 7
        | u64::from(b[4] >> 1)
}

/// `a - b` on the 33-bit clock.
pub fn since(a: u64, b: u64) -> i64 {
    let difference = a.wrapping_sub(b) & 0x1_ffff_ffff;
    if difference >= 1 << 32 { difference as i64 - (1 << 33) } else { difference as i64 }
}

/// NAL unit types of an access unit in the byte stream format; `hevc` says how to read them.
pub fn unit_types(body: &[u8], hevc: bool) -> Vec<u8> {
    (0..body.len().saturating_sub(4))
        .filter(|at| body[*at..*at + 4] == [0, 0, 0, 1])
        .map(|at| if hevc { body[at + 4] >> 1 & 0x3f } else { body[at + 4] & 0x1f })
        .collect()
}
