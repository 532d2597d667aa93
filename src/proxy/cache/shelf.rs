//! What is where: versions of resources, their slices in memory, and what is on its way. One lock, held for moments.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use lru::LruCache;
use tokio::sync::watch;

use super::Failure;
use super::fill::Fill;
use super::identity::Key;
use super::memory::{Memory, SliceId};
use super::version::Version;
use crate::fetch::Upstream;

/// Resources whose version is known; the least recently wanted ones are forgotten first.
pub(super) const RESOURCES_MAX: usize = 65_536;

/// What is known of a resource.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// Its current version.
    Known(Arc<Version>),
    /// It cannot be kept: until then it is passed through without a try.
    Passing(u64),
}

/// How finding out about a resource ended.
#[derive(Debug, Clone)]
pub(super) enum Discovered {
    /// What it is stands on the shelf.
    Shelved,
    /// The answer may be used, once and from this position on.
    Passed(Arc<parking_lot::Mutex<Option<(u64, Upstream)>>>),
    /// With this request.
    Failed(Key, Failure),
}

pub(super) type Discovery = watch::Receiver<Option<Discovered>>;

/// A slice that is there or comes.
#[derive(Debug, Clone)]
pub(super) enum Slice {
    Whole(Bytes),
    Coming(Arc<Fill>),
}

#[derive(Debug)]
pub(super) struct Shelf {
    pub resources: LruCache<Key, Entry>,
    pub discoveries: HashMap<Key, Discovery>,
    pub memory: Memory,
    pub fills: HashMap<SliceId, Arc<Fill>>,
}

impl Shelf {
    pub fn new(memory_bytes: usize) -> Self {
        let max = NonZeroUsize::new(RESOURCES_MAX).expect("it is not 0");
        Self {
            resources: LruCache::new(max),
            discoveries: HashMap::new(),
            memory: Memory::new(memory_bytes),
            fills: HashMap::new(),
        }
    }

    /// Makes this the current version; an older one is not kept any more.
    pub fn shelve(&mut self, version: &Arc<Version>) {
        self.enter(version.stable, Entry::Known(version.clone()));
    }

    /// Notes that what is asked for just so cannot be kept.
    pub fn pass(&mut self, exact: Key, until_ms: u64) {
        self.enter(exact, Entry::Passing(until_ms));
    }

    /// What goes, because it is of the same resource or to make room, is not kept on.
    fn enter(&mut self, stable: Key, entry: Entry) {
        if let Some((_, Entry::Known(gone))) = self.resources.push(stable, entry) {
            gone.retire();
        }
    }

    /// The slice, if it is in memory or on its way.
    pub fn slice(&mut self, id: SliceId) -> Option<Slice> {
        if let Some(whole) = self.memory.get(id) {
            return Some(Slice::Whole(whole));
        }
        self.fills.get(&id).cloned().map(Slice::Coming)
    }

    pub fn holds(&self, id: SliceId) -> bool {
        self.memory.holds(id) || self.fills.contains_key(&id)
    }

    /// A slice has come, or failed to. Only what is right for sure is kept.
    pub fn land(&mut self, version: &Version, nth: u64, whole: Option<Bytes>) {
        let id = (version.number, nth);
        self.fills.remove(&id);
        if let Some(whole) = whole
            && version.is_kept()
        {
            self.memory.put(id, whole);
        }
    }

    /// Takes a version off with all that there is of it.
    pub fn forget(&mut self, version: &Version) {
        self.take_off(version);
        self.memory.drop_versions(&[version.number]);
    }

    /// Takes a version off, so that the next who wants the resource finds out anew.
    pub fn take_off(&mut self, version: &Version) {
        if matches!(self.resources.peek(&version.stable), Some(Entry::Known(known)) if known.number == version.number) {
            self.resources.pop(&version.stable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::cache::freshness::Freshness;
    use crate::proxy::cache::version::{Validator, Written};

    fn version(n: u64) -> Arc<Version> {
        let mut stable = [0; 32];
        stable[..8].copy_from_slice(&n.to_be_bytes());
        let written = Written {
            stable,
            place: String::new(),
            etag: None,
            last_modified: None,
            content_type: None,
            total: 10,
            validator: Validator::Tag("\"a\"".into()),
            freshness: Freshness { fresh_until_ms: 0, stale_until_ms: 0, lasts_ms: None },
            proven: Vec::new(),
        };
        Arc::new(Version::written(written, 1 << 20))
    }

    #[test]
    fn only_so_many_resources_are_known_and_what_goes_is_not_kept_on() {
        let mut shelf = Shelf::new(1 << 20);
        let first = version(0);
        shelf.shelve(&first);
        (1..=RESOURCES_MAX as u64).for_each(|n| shelf.shelve(&version(n)));
        assert_eq!(shelf.resources.len(), RESOURCES_MAX);
        assert!(!first.is_kept());
        let next = version(1);
        shelf.shelve(&next);
        (0..RESOURCES_MAX as u64).for_each(|n| shelf.pass(version(n + (1 << 32)).stable, 0));
        assert!(!next.is_kept());
    }

    #[test]
    fn slices_of_a_version_that_is_over_are_not_kept() {
        let mut shelf = Shelf::new(1 << 20);
        let version = version(0);
        shelf.shelve(&version);
        shelf.land(&version, 0, Some(Bytes::from_static(b"0123456789")));
        assert!(shelf.holds((version.number, 0)));
        version.kill();
        shelf.forget(&version);
        shelf.land(&version, 1, Some(Bytes::from_static(b"0123456789")));
        assert_eq!((shelf.memory.len(), shelf.resources.len()), (0, 0));
    }
}
