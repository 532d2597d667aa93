//! Reading boxes (ISO 14496-12 4.2) of untrusted files.

use crate::error::Error;

/// A box: its type, and where its content is.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub kind: [u8; 4],
    /// Where the box begins in what was walked.
    pub at: usize,
    pub content: &'a [u8],
}

/// Walks the boxes in `bytes`. Ends at the first whose size is none; a last one that is longer than what is there is an error.
pub(super) fn boxes(bytes: &[u8]) -> Boxes<'_> {
    Boxes { bytes, at: 0 }
}

/// See [`boxes`].
#[derive(Debug)]
pub(super) struct Boxes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<Found<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (at, rest) = (self.at, self.bytes.get(self.at..)?);
        if rest.is_empty() {
            return None;
        }
        self.at = usize::MAX;
        let mut reader = Reader::new("MP4 box", rest);
        let read = (|| {
            let (size, kind) = (reader.u32()?, reader.array::<4>()?);
            let size = match size {
                0 => rest.len() as u64,
                1 => reader.u64()?,
                size => size.into(),
            };
            let header = rest.len() - reader.rest.len();
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size < header {
                return Err(Error::malformed("MP4 box", "it is smaller than its header"));
            }
            let whole = rest.get(header..size);
            let content = whole.ok_or(Error::Truncated { what: "MP4 box", needed: size, got: rest.len() })?;
            Ok((size, Found { kind, at, content }))
        })();
        Some(read.map(|(size, found)| {
            self.at = at.saturating_add(size);
            found
        }))
    }
}

/// The content of the first box of this type in `bytes`.
pub(super) fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).map_while(Result::ok).find(|found| found.kind == *kind).map(|found| found.content)
}

/// Follows a path of boxes, the first of each type.
pub(super) fn descend<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| find(bytes, kind))
}

/// Reads big-endian fields.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    what: &'static str,
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let cut = Error::Truncated { what: self.what, needed: count, got: self.rest.len() };
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// 32 bits, or 64 from version 1 on.
    pub(super) fn by_version(&mut self, version: u8) -> Result<u64, Error> {
        if version == 0 { self.u32().map(u64::from) } else { self.u64() }
    }

    /// Version and flags of a full box.
    pub(super) fn version_and_flags(&mut self) -> Result<(u8, u32), Error> {
        let word = self.u32()?;
        let [version, ..] = word.to_be_bytes();
        Ok((version, word & 0x00ff_ffff))
    }
}
