//! Bytes of texts in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;

use super::TextFailure;

/// Bytes of all manifests that are being fetched, kept, or sent out rewritten, and of captions that are sent out converted; a further one
/// is refused. What is being rewritten at this moment is bounded by how many are at once (`http/proxy/plane.rs`).
pub const HELD_MAX: usize = 256 << 20;

/// A text that is no longer than this is never refused: few large ones do not keep the playlists of all others from their players.
pub const SMALL: usize = 64 << 10;

/// Bytes that are counted while they are held.
#[derive(Debug)]
pub(super) struct Held {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Held {
    /// None yet.
    pub fn none(all: Arc<AtomicUsize>) -> Self {
        Self { all, bytes: 0 }
    }

    pub fn grow(&mut self, bytes: usize) -> Result<(), TextFailure> {
        self.bytes += bytes;
        let before = self.all.fetch_add(bytes, Relaxed);
        if before + bytes > HELD_MAX && self.bytes > SMALL { Err(TextFailure::Busy) } else { Ok(()) }
    }

    /// These bytes, counted until the last of them is let go, whoever has it then.
    pub fn with(mut self, text: Bytes) -> Result<Bytes, TextFailure> {
        self.grow(text.len())?;
        Ok(Bytes::from_owner(Counted { text, _held: self }))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Relaxed);
    }
}

struct Counted {
    text: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_let_go() {
        let all = Arc::<AtomicUsize>::default();
        let mut one = Held::none(all.clone());
        let mut other = Held::none(all.clone());
        assert!(one.grow(HELD_MAX).is_ok());
        assert!(other.grow(SMALL).is_ok(), "a small one still has its place");
        assert!(matches!(other.grow(1), Err(TextFailure::Busy)));
        drop((one, other));
        assert_eq!(all.load(Relaxed), 0);
    }

    #[test]
    fn a_text_is_counted_until_its_last_byte_is_gone() {
        let all = Arc::<AtomicUsize>::default();
        let held = |text: Vec<u8>| Held::none(all.clone()).with(text.into());
        let mut text = held(vec![7; HELD_MAX / 2]).unwrap();
        assert!(held(vec![0; HELD_MAX / 2 + 1]).is_err());
        let rest = text.split_off(10);
        drop(text);
        assert_eq!((all.load(Relaxed), rest[0]), (HELD_MAX / 2, 7));
        drop(rest);
        assert_eq!(all.load(Relaxed), 0);
    }
}
