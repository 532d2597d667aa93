//! Programme tables (ISO 13818-1 2.4.4): one programme, at most two elementary streams.

use super::packet::Pid;

/// The programme association section: programme 1 is described on [`Pid::Pmt`].
pub(super) fn pat() -> Vec<u8> {
    let pmt = Pid::Pmt.number().to_be_bytes();
    section(0x00, 0, &[0x00, 0x01, 0xe0 | pmt[0], pmt[1]])
}

/// The programme map section: the PID that carries the PCR, then (stream_type, PID) of each elementary stream.
pub(super) fn pmt(version: u8, clock: Pid, streams: impl Iterator<Item = (u8, Pid)>) -> Vec<u8> {
    let pcr = clock.number().to_be_bytes();
    let mut body = vec![0xe0 | pcr[0], pcr[1], 0xf0, 0x00];
    for (stream_type, pid) in streams {
        let pid = pid.number().to_be_bytes();
        body.extend_from_slice(&[stream_type, 0xe0 | pid[0], pid[1], 0xf0, 0x00]);
    }
    section(0x02, version, &body)
}

/// Wraps a table's body in the long section syntax, with table_id_extension 1.
fn section(table_id: u8, version: u8, body: &[u8]) -> Vec<u8> {
    // After section_length come 5 bytes of header, the body and the CRC.
    let length = u8::try_from(body.len() + 9).unwrap_or(u8::MAX);
    let mut out = vec![table_id, 0xb0, length, 0x00, 0x01, 0xc1 | (version << 1), 0x00, 0x00];
    out.extend_from_slice(body);
    let crc = crc32(&out);
    out.extend_from_slice(&crc.to_be_bytes());
    out
}

/// CRC-32/MPEG-2 (ISO 13818-1 annex A); 0 over a section with its own CRC.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x04c1_1db7 }
        })
    })
}
