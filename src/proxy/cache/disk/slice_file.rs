//! A slice in a file: a header that says what it is, and the bytes. All of it is under one checksum.

use std::fs::File;
use std::io::{self, Read, Write};

use bytes::Bytes;

use super::super::identity::Key;

const MAGIC: &[u8; 8] = b"SYNCSLC1";
/// Magic, key of the version, its length, which slice it is, length of the slice, CRC-32 of all but itself.
pub(super) const HEADER_LEN: usize = 8 + 32 + 8 + 8 + 4 + 4;

/// What a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub version: Key,
    /// Length of the whole resource.
    pub total: u64,
    pub nth: u64,
    /// Length of the slice.
    pub len: u32,
}

impl Label {
    fn header(&self, body: &[u8]) -> [u8; HEADER_LEN] {
        let mut header = [0; HEADER_LEN];
        header[..8].copy_from_slice(MAGIC);
        header[8..40].copy_from_slice(&self.version);
        header[40..48].copy_from_slice(&self.total.to_be_bytes());
        header[48..56].copy_from_slice(&self.nth.to_be_bytes());
        header[56..60].copy_from_slice(&self.len.to_be_bytes());
        let mut sum = crc32fast::Hasher::new();
        sum.update(&header[..60]);
        sum.update(body);
        header[60..].copy_from_slice(&sum.finalize().to_be_bytes());
        header
    }
}

/// Writes all of it.
pub(super) fn write(file: &mut File, label: &Label, body: &[u8]) -> io::Result<()> {
    file.write_all(&label.header(body))?;
    file.write_all(body)
}

/// Reads all of it; `None`: it is not what it must be, or damaged.
pub(super) fn read(file: &mut File, label: &Label) -> io::Result<Option<Bytes>> {
    let len = label.len as usize;
    if file.metadata()?.len() != (HEADER_LEN + len) as u64 {
        return Ok(None);
    }
    let mut header = [0; HEADER_LEN];
    file.read_exact(&mut header)?;
    let mut body = vec![0; len];
    file.read_exact(&mut body)?;
    Ok((header == label.header(&body)).then(|| body.into()))
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use super::*;

    #[test]
    fn every_damaged_bit_is_noticed_and_no_file_is_taken_for_another() {
        let label = Label { version: [7; 32], total: 100, nth: 3, len: 10 };
        let mut file = tempfile::tempfile().unwrap();
        write(&mut file, &label, b"0123456789").unwrap();
        let mut reread = |label: &Label| {
            file.rewind().unwrap();
            read(&mut file, label).unwrap()
        };
        assert_eq!(reread(&label).unwrap(), "0123456789");
        for other in [
            Label { version: [8; 32], ..label },
            Label { total: 101, ..label },
            Label { nth: 4, ..label },
            Label { len: 9, ..label },
        ] {
            assert_eq!(reread(&other), None);
        }
        let mut whole = label.header(b"0123456789").to_vec();
        whole.extend_from_slice(b"0123456789");
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&damaged).unwrap();
            file.rewind().unwrap();
            assert_eq!(read(&mut file, &label).unwrap(), None, "bit {bit}");
        }
    }
}
