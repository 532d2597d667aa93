//! Refusals and failures of origins, which are not asked again for a moment.

use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;

use super::Failure;
use super::identity::Key;
use crate::fetch;
use crate::proxy::resource::Kind;

/// Refusals that are remembered; the least recently met ones go first.
pub(super) const NEGATIVES_MAX: usize = 16_384;
/// What may be over soon is remembered for this part of the time: a login that is renewed, a busy origin.
const SHORTER: u32 = 5;

/// A segment that is not there may be named a moment before it is: a live playlist is ahead of its files.
const SEGMENT_MISSING: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Negatives {
    known: Mutex<LruCache<Key, (u64, Failure)>>,
    lasts: Duration,
}

impl Negatives {
    pub fn new(lasts: Duration) -> Self {
        let max = NonZeroUsize::new(NEGATIVES_MAX).expect("it is not 0");
        Self { known: Mutex::new(LruCache::new(max)), lasts }
    }

    /// What this very request has met with. Another signature may open what this one does not.
    pub fn get(&self, exact: &Key, now_ms: u64) -> Option<Failure> {
        let mut known = self.known.lock();
        let (until_ms, failure) = known.get(exact)?;
        if now_ms < *until_ms {
            return Some(failure.clone());
        }
        known.pop(exact);
        None
    }

    /// Remembers what is worth it.
    pub fn note(&self, exact: &Key, kind: Kind, failure: &Failure, now_ms: u64) {
        let lasts = match failure {
            Failure::Status(404) if kind == Kind::Segment => self.lasts.min(SEGMENT_MISSING),
            Failure::Status(404 | 410) => self.lasts,
            Failure::Status(401 | 403 | 429 | 500..) => self.lasts / SHORTER,
            Failure::Unreachable(
                fetch::Error::Refused
                | fetch::Error::Unresolved
                | fetch::Error::Connection
                | fetch::Error::Tls
                | fetch::Error::Redirects
                | fetch::Error::Timeout("accept the connection"),
            ) => self.lasts,
            _ => return,
        };
        if !lasts.is_zero() {
            self.known.lock().put(*exact, (now_ms + lasts.as_millis() as u64, failure.clone()));
        }
    }

    pub fn clear(&self) {
        self.known.lock().clear();
    }

    pub fn len(&self) -> usize {
        self.known.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_remembered_for_their_time_and_lies_are_not() {
        let negatives = Negatives::new(Duration::from_secs(10));
        let known = |failure: Failure, after_ms: u64| {
            negatives.clear();
            negatives.note(&[1; 32], Kind::Media, &failure, 1000);
            negatives.get(&[1; 32], 1000 + after_ms).is_some()
        };
        assert!(known(Failure::Status(404), 9_999));
        assert!(!known(Failure::Status(404), 10_000));
        assert!(known(Failure::Status(403), 1_999));
        assert!(!known(Failure::Status(403), 2_000));
        assert!(known(fetch::Error::Connection.into(), 9_999));
        for lie in [fetch::Error::Range.into(), fetch::Error::Length.into(), Failure::Changed, Failure::Status(416)] {
            assert!(!known(lie, 0));
        }
        assert!(negatives.get(&[2; 32], 1000).is_none());
    }

    #[test]
    fn a_segment_may_be_there_in_a_moment() {
        for (lasts, until_ms) in [(10_000, 1_000), (300, 300)] {
            let negatives = Negatives::new(Duration::from_millis(lasts));
            negatives.note(&[1; 32], Kind::Segment, &Failure::Status(404), 0);
            negatives.note(&[2; 32], Kind::Segment, &Failure::Status(410), 0);
            let known = |key, now_ms| negatives.get(&[key; 32], now_ms).is_some();
            assert!(known(1, until_ms - 1) && !known(1, until_ms) && known(2, lasts - 1));
        }
    }

    #[test]
    fn only_so_many_are_remembered() {
        let negatives = Negatives::new(Duration::from_secs(10));
        for n in 0..NEGATIVES_MAX as u64 + 100 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_be_bytes());
            negatives.note(&key, Kind::Media, &Failure::Status(404), 0);
        }
        assert_eq!(negatives.len(), NEGATIVES_MAX);
    }
}
