//! How much is fetched at the same time.
//!
//! A slice takes its turn until it is there, which [`super::answer`] sees to; what is passed through takes as long as its reader does, and
//! has turns of its own.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::fetch;

/// Slices that are fetched from one origin at the same time, and no more than [`PER_ORIGIN_SHARE`] of all; further ones wait.
pub(super) const PER_ORIGIN_MAX: usize = 32;
/// Slow origins take all turns when there are so many of them; fewer leave others theirs.
const PER_ORIGIN_SHARE: usize = 4;
/// However little memory there is, an origin has so many turns: one that hangs does not keep the others of its origin waiting.
const PER_ORIGIN_MIN: usize = 4;
/// Slices that are fetched at the same time from all origins; further ones wait.
pub(super) const ALL_MAX: usize = 256;
/// Bodies that are passed through from one origin at the same time.
pub(super) const PASSING_PER_ORIGIN_MAX: usize = 256;
/// Bodies that are passed through at the same time from all origins.
pub(super) const PASSING_MAX: usize = 512;
/// The longest wait for one's turn.
const TURN_WITHIN: Duration = Duration::from_secs(20);
/// Origins are remembered while somebody waits or fetches; beyond this many, those of the past are forgotten.
const ORIGINS_SWEEP: usize = 64;

#[derive(Debug)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    per_origin: usize,
    origins: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A turn to fetch, as long as it is held.
#[derive(Debug)]
pub(super) struct Slot {
    _all: OwnedSemaphorePermit,
    _origin: OwnedSemaphorePermit,
    _semaphore: Arc<Semaphore>,
}

impl Slots {
    /// Slices on their way are in memory: they take no more than half of what finished ones may, but for the least number of turns.
    pub fn of_slices(slice_len: usize, memory_bytes: usize) -> Self {
        let all = (memory_bytes / 2 / slice_len).clamp(PER_ORIGIN_MIN * PER_ORIGIN_SHARE, ALL_MAX);
        Self::new(all, (all / PER_ORIGIN_SHARE).min(PER_ORIGIN_MAX))
    }

    /// For what is passed through.
    pub fn of_passing() -> Self {
        Self::new(PASSING_MAX, PASSING_PER_ORIGIN_MAX)
    }

    fn new(all: usize, per_origin: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_origin, origins: Mutex::default() }
    }

    /// Waits for a turn. Those who wait for one origin keep nobody from another.
    pub async fn turn(&self, origin: String) -> Result<Slot, fetch::Error> {
        let semaphore = self.of(origin);
        let turns = async {
            let origin = semaphore.clone().acquire_owned().await.ok()?;
            Some((origin, self.all.clone().acquire_owned().await.ok()?))
        };
        let turns = timeout(TURN_WITHIN, turns).await.ok().flatten();
        let (origin, all) = turns.ok_or(fetch::Error::Timeout("answer"))?;
        Ok(Slot { _all: all, _origin: origin, _semaphore: semaphore })
    }

    /// How many turns for this origin could be had at once.
    pub fn free(&self, origin: String) -> usize {
        self.of(origin).available_permits().min(self.all.available_permits())
    }

    fn of(&self, origin: String) -> Arc<Semaphore> {
        let mut origins = self.origins.lock();
        if let Some(known) = origins.get(&origin).and_then(Weak::upgrade) {
            return known;
        }
        if origins.len() >= ORIGINS_SWEEP {
            origins.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(self.per_origin));
        origins.insert(origin, Arc::downgrade(&semaphore));
        semaphore
    }

    #[cfg(test)]
    fn known(&self) -> usize {
        self.origins.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::task::unconstrained;

    use super::*;

    #[tokio::test]
    async fn one_origin_has_so_many_turns_and_leaves_others_theirs() {
        let slots = Slots::of_slices(1 << 20, 1 << 30);
        let mut held = Vec::new();
        for _ in 0..PER_ORIGIN_MAX {
            held.push(slots.turn("http://slow".into()).await.unwrap());
        }
        assert!(slots.turn("http://slow".into()).now_or_never().is_none());
        assert!(slots.turn("http://other".into()).now_or_never().is_some());
        held.pop();
        assert!(slots.turn("http://slow".into()).now_or_never().is_some());
    }

    #[tokio::test]
    async fn all_origins_together_have_what_fits_into_memory() {
        let slots = Slots::of_slices(1 << 20, 40 << 20);
        let mut held = Vec::new();
        for nth in 0..20 {
            held.push(slots.turn(format!("http://{nth}")).await.unwrap());
        }
        assert!(slots.turn("http://more".into()).now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let slots = Slots::of_slices(1 << 20, 1 << 20);
        let mut held = Vec::new();
        for _ in 0..PER_ORIGIN_MIN {
            held.push(slots.turn("http://a".into()).await.unwrap());
        }
        assert_eq!(slots.turn("http://a".into()).await.unwrap_err(), fetch::Error::Timeout("answer"));
    }

    #[tokio::test]
    async fn a_few_slow_origins_leave_others_a_turn_however_small_the_memory_is() {
        for memory in [1, 8 << 20, 64 << 20, 1 << 40] {
            let slots = Slots::of_slices(1 << 20, memory);
            let mut held = Vec::new();
            for origin in ["http://a", "http://b", "http://c"] {
                while let Some(turn) = unconstrained(slots.turn(origin.into())).now_or_never() {
                    held.push(turn.unwrap());
                }
            }
            assert!(
                held.len() >= 3 && unconstrained(slots.turn("http://other".into())).now_or_never().is_some(),
                "{memory}"
            );
        }
    }

    #[tokio::test]
    async fn so_many_bodies_are_passed_through_at_once() {
        let slots = Slots::of_passing();
        let mut held = Vec::new();
        for origin in ["http://a", "http://b", "http://c"] {
            let before = held.len();
            while let Some(turn) = unconstrained(slots.turn(origin.into())).now_or_never() {
                held.push(turn.unwrap());
            }
            assert!(held.len() - before <= PASSING_PER_ORIGIN_MAX);
        }
        assert_eq!(held.len(), PASSING_MAX);
    }

    #[tokio::test]
    async fn origins_of_the_past_are_forgotten() {
        let slots = Slots::of_slices(1 << 20, 1 << 30);
        for nth in 0..1000 {
            drop(slots.turn(format!("http://{nth}")).await.unwrap());
        }
        assert!(slots.known() <= ORIGINS_SWEEP);
    }
}
