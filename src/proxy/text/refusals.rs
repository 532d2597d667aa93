//! What origins did instead of giving a manifest. Players ask again and again: the origin is not asked as often.

use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::Key;
use crate::fetch::Error;
use crate::proxy::cache::Failure;

/// So long: a live playlist that is not there yet may be there soon.
pub const REFUSED_FOR: Duration = Duration::from_secs(1);
/// Failures that are remembered; the least recently met ones go first.
pub const REFUSALS_MAX: usize = 4096;

pub(super) struct Refusals {
    known: Mutex<LruCache<Key, (Instant, Failure)>>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { known: Mutex::new(LruCache::new(NonZeroUsize::new(REFUSALS_MAX).expect("it is not 0"))) }
    }
}

impl Refusals {
    /// What this very request has met with.
    pub fn get(&self, key: &Key) -> Option<Failure> {
        let mut known = self.known.lock();
        let (until, failure) = known.get(key)?;
        if Instant::now() < *until {
            return Some(Failure::Remembered(Box::new(failure.clone())));
        }
        known.pop(key);
        None
    }

    /// Remembers that the origin refuses, or is not there. What it gave that was wrong says nothing of what it gives next.
    pub fn note(&self, key: Key, failure: &Failure) {
        let lasts = matches!(
            failure,
            Failure::Status(401 | 403 | 404 | 410 | 429 | 500..)
                | Failure::Unreachable(
                    Error::Refused
                        | Error::Unresolved
                        | Error::Connection
                        | Error::Tls
                        | Error::Redirects
                        | Error::Timeout("accept the connection")
                )
        );
        if lasts {
            self.known.lock().put(key, (Instant::now() + REFUSED_FOR, failure.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_remembered_for_its_time() {
        let refusals = Refusals::default();
        refusals.note([1; 32], &Failure::Status(503));
        assert!(matches!(refusals.get(&[1; 32]), Some(Failure::Remembered(_))));
        assert!(refusals.get(&[2; 32]).is_none());
        tokio::time::advance(REFUSED_FOR).await;
        assert!(refusals.get(&[1; 32]).is_none());
        for wrong in [Error::Length, Error::Encoded, Error::TooLarge, Error::Timeout("answer")] {
            refusals.note([3; 32], &Failure::Unreachable(wrong));
        }
        assert!(refusals.get(&[3; 32]).is_none(), "a lie is not believed the next time either");
    }

    #[test]
    fn only_so_many_are_remembered() {
        let refusals = Refusals::default();
        for n in 0..REFUSALS_MAX as u64 + 10 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_be_bytes());
            refusals.note(key, &Failure::Status(404));
        }
        assert_eq!(refusals.known.lock().len(), REFUSALS_MAX);
    }
}
