//! A reason to pull that is no viewer.

use super::entry::{Entry, Phase};
use std::{sync::Arc, time::Duration};

/// A reason to pull a stream although nobody may watch; dropping it takes the reason away.
#[derive(Debug)]
pub struct Hold {
    entry: Arc<Entry>,
    idle: Duration,
    at_once: bool,
}

impl Hold {
    /// Of a pull that counts it already.
    pub(super) const fn new(entry: Arc<Entry>, idle: Duration) -> Self {
        Self { entry, idle, at_once: false }
    }

    /// Takes the reason away; without viewers the pull stops at once.
    pub fn release(mut self) {
        self.at_once = true;
    }

    /// Whether the pull has ended all the same: its stream was deleted.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(*self.entry.phases().borrow(), Phase::Over | Phase::Unknown)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.entry.let_go(self.at_once, self.idle);
    }
}
