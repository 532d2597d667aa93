//! The FLV file layer (FLV 10.1, E.2 and E.3): file header, tag headers, and a bounded reader.

use super::{Tag, TagKind};
use crate::error::Error;
use bytes::Bytes;

const WHAT: &str = "FLV file";
const FILE_HEADER: usize = 9;
const TAG_HEADER: usize = 11;
const BACK_POINTER: usize = 4;
/// Bytes of one tag: what RTMP accepts for one message.
const TAG_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Allocated at once for a declared size; beyond it the allocation follows what has arrived.
const TRUSTED_BYTES: usize = 64 * 1024;
/// A file header declares its own size; nobody writes more than 9.
const FILE_HEADER_MAX: usize = 1024;

/// File header (E.2) and PreviousTagSize0. The flags must match reality: players wait for a track that was promised.
#[must_use]
pub const fn file_header(has_audio: bool, has_video: bool) -> [u8; 13] {
    let flags = if has_audio { 4 } else { 0 } | if has_video { 1 } else { 0 };
    [b'F', b'L', b'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]
}

/// Tag header (E.4.1) for a body of `body_len` bytes (24 bits count) at `timestamp` ms. The body follows, then its
/// PreviousTagSize: `body_len + 11` as four bytes.
#[must_use]
pub const fn tag_header(kind: TagKind, body_len: usize, timestamp: u32) -> [u8; 11] {
    let [_, s0, s1, s2] = (body_len as u32).to_be_bytes();
    let [extended, t0, t1, t2] = timestamp.to_be_bytes();
    [kind.id(), s0, s1, s2, t0, t1, t2, extended, 0, 0, 0]
}

/// Reads tags out of an FLV file as its bytes come.
#[derive(Debug)]
pub struct FileReader {
    expect: Expect,
    /// Bytes of a header that the end of the input cut.
    head: Vec<u8>,
    body: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Expect {
    FileHeader,
    TagHeader,
    Body {
        kind: TagKind,
        timestamp: u32,
        size: usize,
    },
    /// Bytes of no interest: back pointers, tags of unknown type.
    Skip(usize),
}

impl Default for FileReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FileReader {
    /// A reader at the start of a file.
    #[must_use]
    pub const fn new() -> Self {
        Self { expect: Expect::FileHeader, head: Vec::new(), body: Vec::new() }
    }

    /// Reads from the front of `input`, and advances it, until one tag is whole or the input is used up.
    ///
    /// # Errors
    /// When the bytes are no FLV file, or a tag is encrypted or larger than 10 MiB.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Tag>, Error> {
        loop {
            match self.expect {
                Expect::FileHeader => {
                    let Some(header) = self.header::<FILE_HEADER>(input) else { return Ok(None) };
                    self.expect = Expect::Skip(file_header_rest(&header)?);
                }
                Expect::TagHeader => {
                    let Some(header) = self.header::<TAG_HEADER>(input) else { return Ok(None) };
                    self.expect = tag(&header)?;
                }
                Expect::Skip(left) => {
                    let step = left.min(input.len());
                    *input = input.get(step..).unwrap_or_default();
                    if step < left {
                        self.expect = Expect::Skip(left - step);
                        return Ok(None);
                    }
                    self.expect = Expect::TagHeader;
                }
                Expect::Body { kind, timestamp, size } => {
                    if !self.fill(size, input) {
                        return Ok(None);
                    }
                    self.expect = Expect::Skip(BACK_POINTER);
                    let body = Bytes::from(std::mem::take(&mut self.body));
                    return Ok(Some(Tag { kind, timestamp, body }));
                }
            }
        }
    }

    /// A header of `N` bytes once it is whole.
    fn header<const N: usize>(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        let (front, rest) = input.split_at(N.saturating_sub(self.head.len()).min(input.len()));
        self.head.extend_from_slice(front);
        *input = rest;
        let header = *self.head.first_chunk::<N>()?;
        self.head.clear();
        Some(header)
    }

    /// Copies body bytes; `true` once there are `size`.
    fn fill(&mut self, size: usize, input: &mut &[u8]) -> bool {
        let (front, rest) = input.split_at(size.saturating_sub(self.body.len()).min(input.len()));
        let needed = self.body.len() + front.len();
        if needed > self.body.capacity() {
            let step = if self.body.is_empty() { TRUSTED_BYTES } else { self.body.capacity() * 2 };
            self.body.reserve_exact(size.min(step.max(needed)) - self.body.len());
        }
        self.body.extend_from_slice(front);
        *input = rest;
        self.body.len() == size
    }
}

/// What follows the nine bytes of a file header: the rest it declares, and PreviousTagSize0.
fn file_header_rest(header: &[u8; FILE_HEADER]) -> Result<usize, Error> {
    let [b'F', b'L', b'V', 1, _flags, size @ ..] = *header else {
        return Err(Error::malformed(WHAT, "does not begin with an FLV version 1 header"));
    };
    let rest = (u32::from_be_bytes(size) as usize).checked_sub(FILE_HEADER).filter(|rest| *rest <= FILE_HEADER_MAX);
    rest.map(|rest| rest + BACK_POINTER).ok_or_else(|| Error::malformed(WHAT, "header size out of range"))
}

/// What a tag header announces (E.4.1).
fn tag(header: &[u8; TAG_HEADER]) -> Result<Expect, Error> {
    let [first, s0, s1, s2, t0, t1, t2, t3, ..] = *header;
    if first & 0x20 != 0 {
        return Err(Error::Unsupported { what: WHAT, value: "encrypted tags".into() });
    }
    let size = u32::from_be_bytes([0, s0, s1, s2]) as usize;
    if size > TAG_BYTES_MAX {
        return Err(Error::Limit { what: "FLV tag bytes", value: size as u64, max: TAG_BYTES_MAX as u64 });
    }
    let timestamp = u32::from_be_bytes([t3, t0, t1, t2]);
    Ok(match TagKind::from_id(first & 0x1f) {
        Some(kind) => Expect::Body { kind, timestamp, size },
        None => Expect::Skip(size + BACK_POINTER),
    })
}
