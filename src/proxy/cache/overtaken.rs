//! Versions that are over: some end for everybody at once, others when the last of their readers has gone.

use std::sync::{Arc, Weak};

use super::Cache;
use super::identity::Key;
use super::shelf::Entry;
use super::version::Version;

/// What is left of a version that was overtaken, for those who still read it. It goes with the last of them.
#[derive(Debug)]
pub(super) struct Leftover {
    cache: Weak<Cache>,
    number: u64,
    stable: Key,
    key: Key,
}

impl Cache {
    /// Nobody reads on in this version, and nothing of it stays. Whoever still reads one that was overtaken reads what there is.
    pub(super) fn forget(&self, version: &Version) {
        if version.is_overtaken() {
            return;
        }
        version.kill();
        self.shelf.lock().forget(version);
        if let Some(disk) = &self.disk {
            disk.forget(&[version.key]);
        }
    }

    /// The next who wants the resource finds out anew; whoever was promised this version goes on with what there is of it.
    pub(super) fn overtake(self: &Arc<Self>, version: &Arc<Version>) {
        let Version { number, stable, key, .. } = **version;
        // First of all, so that nobody takes it for one that is forgotten.
        version.leave(|| Leftover { cache: Arc::downgrade(self), number, stable, key });
        version.retire();
        self.shelf.lock().take_off(version);
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let Some(cache) = self.cache.upgrade() else { return };
        let is_back = {
            let mut shelf = cache.shelf.lock();
            shelf.memory.drop_versions(&[self.number]);
            matches!(shelf.resources.peek(&self.stable), Some(Entry::Known(version)) if version.key == self.key)
        };
        if let Some(disk) = cache.disk.as_ref().filter(|_| !is_back) {
            disk.forget(&[self.key]);
        }
    }
}
