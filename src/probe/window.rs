//! Bounded reading: the one place that decides how much a probe may ask of an origin.

use bytes::Bytes;

use super::{Error, Reader};

/// Reads of one probe.
pub(super) const READS_MAX: u32 = 64;
/// Bytes of one read.
pub(super) const READ_MAX: usize = 1 << 20;
/// Bytes of one probe.
const BYTES_MAX: u64 = 32 << 20;

/// A reader that keeps its last block, so that what stands together is read once.
pub(super) struct Window<R> {
    reader: R,
    block_at: u64,
    block: Bytes,
    reads: u32,
    bytes: u64,
}

impl<R: Reader> Window<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, block_at: 0, block: Bytes::new(), reads: 0, bytes: 0 }
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.reader.size()
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.reader.content_type()
    }

    /// `len` bytes from `offset`, fewer at the end of the resource. When they are not at hand, `ahead` bytes are read if that is more.
    pub(super) async fn read(&mut self, offset: u64, len: usize, ahead: usize) -> Result<Bytes, Error> {
        if len > READ_MAX {
            return Err(Error::TooMuch);
        }
        let left = self.size().map_or(u64::MAX, |size| size.saturating_sub(offset));
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(len);
        if let Some(held) = self.held(offset, len) {
            return Ok(held);
        }
        let asked = usize::try_from(left).unwrap_or(usize::MAX).min(len.max(ahead).min(READ_MAX));
        if self.reads >= READS_MAX || self.bytes + asked as u64 > BYTES_MAX {
            return Err(Error::TooMuch);
        }
        self.reads += 1;
        self.bytes += asked as u64;
        let block = self.reader.read_at(offset, asked).await?;
        (self.block_at, self.block) = (offset, block);
        Ok(self.block.slice(..len.min(self.block.len())))
    }

    /// All `len` bytes.
    pub(super) async fn exact(
        &mut self,
        offset: u64,
        len: usize,
        ahead: usize,
        format: &'static str,
    ) -> Result<Bytes, Error> {
        let bytes = self.read(offset, len, ahead).await?;
        if bytes.len() == len { Ok(bytes) } else { Err(Error::Broken(format, "it ends early")) }
    }

    fn held(&self, offset: u64, len: usize) -> Option<Bytes> {
        let start = usize::try_from(offset.checked_sub(self.block_at)?).ok()?;
        let end = start.checked_add(len)?;
        (end <= self.block.len()).then(|| self.block.slice(start..end))
    }
}
