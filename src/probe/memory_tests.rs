//! An origin in memory that counts what is asked of it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::{Error, Found, Origin, ReadError, Reader, probe};

/// Resources by URL.
#[derive(Default)]
pub struct Memory {
    pub files: BTreeMap<String, Sparse>,
    /// The origin does not tell how long its answers are.
    pub endless: bool,
    pub asked: Arc<Asked>,
}

/// What was asked of an origin so far.
#[derive(Default)]
pub struct Asked {
    pub reads: AtomicU64,
    pub bytes: AtomicU64,
}

/// Pieces at offsets, with zeros between.
#[derive(Clone, Default)]
pub struct Sparse {
    pub pieces: Vec<(u64, Bytes)>,
    pub size: u64,
}

impl From<Vec<u8>> for Sparse {
    fn from(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, pieces: vec![(0, bytes.into())] }
    }
}

impl Sparse {
    fn read(&self, offset: u64, len: usize) -> Bytes {
        let end = self.size.min(offset.saturating_add(len as u64));
        let mut out = vec![0; end.saturating_sub(offset) as usize];
        let end = offset + out.len() as u64;
        for (at, piece) in &self.pieces {
            let (from, to) = (offset.max(*at), end.min(at + piece.len() as u64));
            if from < to {
                let piece = &piece[(from - at) as usize..(to - at) as usize];
                out[(from - offset) as usize..(to - offset) as usize].copy_from_slice(piece);
            }
        }
        out.into()
    }
}

impl Memory {
    pub fn with(url: &str, file: impl Into<Sparse>) -> Self {
        Self::default().and(url, file)
    }

    pub fn and(mut self, url: &str, file: impl Into<Sparse>) -> Self {
        self.files.insert(url.to_owned(), file.into());
        self
    }

    pub fn probe(&self, url: &str) -> Result<Found, Error> {
        // Memory answers at once: one poll is the whole probe.
        match pin!(probe(self, url)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(found) => found,
            Poll::Pending => panic!("a probe waits for something else than its reads"),
        }
    }

    pub fn asked(&self) -> (u64, u64) {
        (self.asked.reads.load(Relaxed), self.asked.bytes.load(Relaxed))
    }

    fn get(&self, url: &str) -> Result<&Sparse, ReadError> {
        self.files.get(url).ok_or(ReadError { reason: "the origin answered 404".into(), lasting: true })
    }
}

pub struct MemoryReader {
    file: Sparse,
    endless: bool,
    asked: Arc<Asked>,
}

impl Origin for Memory {
    type Reader = MemoryReader;

    fn open(&self, url: &str) -> Result<MemoryReader, ReadError> {
        Ok(MemoryReader { file: self.get(url)?.clone(), endless: self.endless, asked: Arc::clone(&self.asked) })
    }

    async fn text(&self, url: &str, max: usize) -> Result<(String, Bytes), ReadError> {
        Ok((url.to_owned(), self.get(url)?.read(0, max)))
    }
}

impl Reader for MemoryReader {
    async fn read_at(&mut self, offset: u64, len: usize) -> Result<Bytes, ReadError> {
        self.asked.reads.fetch_add(1, Relaxed);
        self.asked.bytes.fetch_add(len as u64, Relaxed);
        Ok(self.file.read(offset, len))
    }

    fn size(&self) -> Option<u64> {
        (!self.endless).then_some(self.file.size)
    }

    fn content_type(&self) -> Option<&str> {
        None
    }
}
