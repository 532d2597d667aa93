//! The slice cache: remote media, read through. Resources are cut into slices of one length; a slice is fetched by one request and flows to
//! whoever wants it while it comes. Whole slices stay in memory and on disk, under the resource they are of and the validator that told
//! their version: bytes of two versions never mix.
//!
//! In the order of a request: [`identity`] says what is asked for, [`find`] looks where it is, [`discover`] asks an origin for what nobody
//! knows, [`supply`] gets slices, [`read`] hands them on. [`pass`] reads what cannot be kept.

mod answer;
mod discover;
mod disk;
mod fill;
mod find;
mod freshness;
mod identity;
mod memory;
mod negative;
mod overtaken;
mod pass;
mod purge;
mod question;
mod read;
mod shelf;
mod signed;
mod slots;
mod stats;
mod supply;
mod version;

use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::Stream;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::fetch::{self, Client};
use disk::Disk;
use freshness::Clock;
use negative::Negatives;
pub use purge::Purge;
use shelf::{Entry, Shelf};
use slots::Slots;
use stats::Counters;
pub use stats::{Fills, Held, Moved, Stats};
use version::Version;

/// What a cache may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Length of a slice in bytes, at least 1.
    pub slice_bytes: usize,
    /// Bytes of slices in memory.
    pub memory_bytes: usize,
    /// Where slices are kept on disk, and how many bytes of them; `None`: nowhere.
    pub disk: Option<(PathBuf, u64)>,
    /// How long an origin's refusal is remembered.
    pub negative: Duration,
}

/// Reads resources, and keeps what it has read.
#[derive(Debug)]
pub struct Cache {
    client: Client,
    slice_len: u64,
    shelf: Arc<Mutex<Shelf>>,
    disk: Option<Disk>,
    negatives: Negatives,
    slots: Slots,
    passes: Slots,
    ahead: Arc<Semaphore>,
    counters: Arc<Counters>,
    clock: Clock,
}

/// Where a client's first byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// All of it is wanted, or nothing but the head.
    Whole,
    /// At a position.
    From(u64),
    /// So many bytes before the end.
    Suffix(u64),
}

/// What is known of a resource.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Its length. Without it only all of it can be read.
    pub total: Option<u64>,
    /// `ETag` as it came.
    pub etag: Option<String>,
    /// `Last-Modified` as it came.
    pub last_modified: Option<String>,
    /// `Content-Type` as it came.
    pub content_type: Option<String>,
}

/// Where an answer comes from: `X-Cache`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// From the cache.
    Hit,
    /// From the origin, into the cache.
    Miss,
    /// From the cache, while it is asked whether it still holds.
    Stale,
    /// From the cache, after it was asked.
    Revalidated,
    /// From the origin, past the cache.
    Bypass,
    /// The origin's refusal is remembered.
    Negative,
}

/// Why there is nothing to read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The origin refuses with this status.
    #[error("the origin answered {0}")]
    Status(u16),
    /// It cannot be reached, or does not keep to what it says.
    #[error(transparent)]
    Unreachable(#[from] fetch::Error),
    /// What is read is not what was read before.
    #[error("the origin's file changed while it was read")]
    Changed,
    /// It failed a moment ago, and was not asked again.
    #[error("{0} a moment ago")]
    Remembered(Box<Failure>),
}

/// A resource that can be read.
#[derive(Debug, Clone)]
pub struct Found {
    /// What is known of it.
    pub head: Head,
    /// Where it comes from.
    pub outcome: Outcome,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Kept(read::Reading),
    Passing(Box<pass::Passing>),
}

/// The bytes of a part, in order.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

impl Cache {
    /// A cache that reads with this client. What an earlier process has left on disk is found by and by.
    #[must_use]
    pub fn open(config: CacheConfig, client: Client) -> Arc<Self> {
        let CacheConfig { slice_bytes, memory_bytes, disk, negative } = config;
        let slice_len = slice_bytes.max(1) as u64;
        let (shelf, counters) = (Arc::new(Mutex::new(Shelf::new(memory_bytes))), Arc::<Counters>::default());
        let restore = {
            let shelf = shelf.clone();
            move |written: version::Written| {
                let mut shelf = shelf.lock();
                if shelf.resources.contains(&written.stable) || shelf.resources.len() >= shelf::RESOURCES_MAX {
                    return false;
                }
                let version = Arc::new(Version::written(written, slice_len));
                shelf.resources.put(version.stable, Entry::Known(version));
                true
            }
        };
        let disk = disk
            .filter(|(_, bytes)| *bytes > 0)
            .and_then(|(path, bytes)| Disk::open(path, bytes, slice_len, counters.clone(), restore));
        Arc::new(Self {
            client,
            slice_len,
            shelf,
            disk,
            negatives: Negatives::new(negative),
            slots: Slots::of_slices(slice_bytes.max(1), memory_bytes),
            passes: Slots::of_passing(),
            ahead: Arc::new(Semaphore::new(supply::AHEAD_MAX)),
            counters,
            clock: Clock::default(),
        })
    }

    /// What it has done, and what it holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.counters.read();
        {
            let shelf = self.shelf.lock();
            stats.held.resources = shelf.resources.len() as u64;
            stats.held.memory_slices = shelf.memory.len() as u64;
            stats.held.memory_bytes = shelf.memory.bytes() as u64;
            stats.fills.running = (shelf.fills.len() + shelf.discoveries.len()) as u64;
        }
        stats.held.negatives = self.negatives.len() as u64;
        if let Some(disk) = &self.disk {
            let (slices, bytes) = disk.held();
            (stats.held.disk_slices, stats.held.disk_bytes) = (slices as u64, bytes);
        }
        stats
    }

    /// Waits until what is to be written to disk is written.
    pub async fn flush(&self) {
        if let Some(disk) = &self.disk {
            disk.flush().await;
        }
    }
}

impl Found {
    /// How long whoever gets it may keep it: `None`: not at all; zero: for as long as it is asked about before each use.
    #[must_use]
    pub fn fresh_for(&self) -> Option<Duration> {
        match &self.way {
            Way::Kept(reading) => reading.fresh_for(),
            Way::Passing(_) => None,
        }
    }

    /// Whether a part that begins there can be read without reading much of what lies before it each time.
    #[must_use]
    pub fn reaches(&self, first: u64) -> bool {
        match &self.way {
            Way::Kept(_) => true,
            Way::Passing(passing) => passing.reaches(first),
        }
    }

    /// Whether several parts that are read one after another are certain to be of one version, and cost no more than they are.
    #[must_use]
    pub fn holds_still(&self) -> bool {
        match &self.way {
            Way::Kept(_) => true,
            Way::Passing(passing) => passing.holds_still(),
        }
    }

    /// Reads a part. It ends early only with a failure.
    #[must_use]
    pub fn read(self, range: Range<u64>) -> Pieces {
        match self.way {
            Way::Kept(reading) => reading.read(range),
            Way::Passing(passing) => passing.read(range),
        }
    }
}

impl Failure {
    /// What the origin did.
    #[must_use]
    pub fn origin(&self) -> &Self {
        match self {
            Self::Remembered(failure) => failure.origin(),
            failure => failure,
        }
    }

    /// Whether what was known of the resource is over, if the request that met with it can be believed.
    fn ends_version(&self) -> bool {
        match self {
            Self::Status(404 | 410 | 416) | Self::Changed => true,
            Self::Unreachable(error) => matches!(error, fetch::Error::Range | fetch::Error::Encoded),
            _ => false,
        }
    }

    /// Whether another URL of the same resource may well be answered otherwise.
    fn is_of_one_url(&self) -> bool {
        self.origin().ends_version() || matches!(self.origin(), Self::Status(_))
    }
}

#[cfg(test)]
mod tests;
