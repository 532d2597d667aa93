//! What the probe targets call: a probe of one file in memory, read as the format that its name says unless its content says another.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

#[allow(dead_code, reason = "the gateway uses more of it")]
#[path = "../../src/probe/mod.rs"]
mod probe;

use probe::{Origin, ReadError, Reader};

struct Memory(Bytes);

impl Origin for Memory {
    type Reader = Memory;

    fn open(&self, _url: &str) -> Result<Memory, ReadError> {
        Ok(Memory(self.0.clone()))
    }

    async fn text(&self, url: &str, max: usize) -> Result<(String, Bytes), ReadError> {
        Ok((url.to_owned(), self.0.slice(..self.0.len().min(max))))
    }
}

impl Reader for Memory {
    async fn read_at(&mut self, offset: u64, len: usize) -> Result<Bytes, ReadError> {
        let first = usize::try_from(offset).map_or(self.0.len(), |first| first.min(self.0.len()));
        Ok(self.0.slice(first..first.saturating_add(len).min(self.0.len())))
    }

    fn size(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn content_type(&self) -> Option<&str> {
        None
    }
}

/// Whatever a file says, a probe ends, and what it finds is a duration that a media can have.
pub fn probe(url: &str, input: &[u8]) {
    let origin = Memory(Bytes::copy_from_slice(input));
    match pin!(probe::probe(&origin, url)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(probe::Found::Finite(duration))) => assert!(duration.as_millis() > 0),
        Poll::Ready(_) => {}
        Poll::Pending => panic!("a probe waits for nothing but its reads"),
    }
}
