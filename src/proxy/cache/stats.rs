//! What is counted.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Outcome;

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    outcomes: [AtomicU64; 6],
    memory_bytes: AtomicU64,
    disk_bytes: AtomicU64,
    origin_bytes: AtomicU64,
    pub fills: AtomicU64,
    pub failed_fills: AtomicU64,
    pub ahead: AtomicU64,
    pub damaged: AtomicU64,
    pub not_written: AtomicU64,
}

impl Counters {
    pub fn note(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].fetch_add(1, Relaxed);
    }

    /// Bytes that an origin has sent.
    pub fn origin_sent(&self, bytes: usize) {
        self.origin_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Bytes that are sent from a slice in memory.
    pub fn memory_sent(&self, bytes: usize) {
        self.memory_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Bytes of slices that were read from disk.
    pub fn disk_read(&self, bytes: usize) {
        self.disk_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub fn read(&self) -> Stats {
        let outcome = |outcome: Outcome| self.outcomes[outcome as usize].load(Relaxed);
        Stats {
            hits: outcome(Outcome::Hit),
            misses: outcome(Outcome::Miss),
            stale: outcome(Outcome::Stale),
            revalidated: outcome(Outcome::Revalidated),
            bypassed: outcome(Outcome::Bypass),
            negative: outcome(Outcome::Negative),
            bytes: Moved {
                memory: self.memory_bytes.load(Relaxed),
                disk: self.disk_bytes.load(Relaxed),
                origins: self.origin_bytes.load(Relaxed),
            },
            fills: Fills {
                begun: self.fills.load(Relaxed),
                failed: self.failed_fills.load(Relaxed),
                ahead: self.ahead.load(Relaxed),
                running: 0,
                damaged: self.damaged.load(Relaxed),
                not_written: self.not_written.load(Relaxed),
            },
            held: Held::default(),
        }
    }
}

/// What a cache has done, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CacheStats)]
pub struct Stats {
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests answered from an origin, into the cache.
    pub misses: u64,
    /// Requests answered from the cache while the origin was asked.
    pub stale: u64,
    /// Requests answered from the cache after the origin was asked.
    pub revalidated: u64,
    /// Requests that went past the cache.
    pub bypassed: u64,
    /// Requests refused without asking again.
    pub negative: u64,
    /// Where bytes came from.
    pub bytes: Moved,
    /// Slices on their way.
    pub fills: Fills,
    /// What is held at this moment.
    pub held: Held,
}

/// Bytes since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CacheBytes)]
pub struct Moved {
    /// Sent from slices in memory.
    pub memory: u64,
    /// Read from slices on disk.
    pub disk: u64,
    /// Received from origins.
    pub origins: u64,
}

/// Slices that were fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CacheFills)]
pub struct Fills {
    /// From origins.
    pub begun: u64,
    /// Of these, those that failed.
    pub failed: u64,
    /// Begun before anybody asked, for readers that go on in order.
    pub ahead: u64,
    /// On their way at this moment.
    pub running: u64,
    /// Files on disk that were not what they should be; they were deleted.
    pub damaged: u64,
    /// Slices that were not written to disk, because it was too slow or took nothing.
    pub not_written: u64,
}

/// What is held at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CacheHeld)]
pub struct Held {
    /// Resources whose version is known, or that are known not to be kept.
    pub resources: u64,
    /// Refusals.
    pub negatives: u64,
    /// Slices in memory.
    pub memory_slices: u64,
    /// Their bytes.
    pub memory_bytes: u64,
    /// Slices on disk.
    pub disk_slices: u64,
    /// Their bytes.
    pub disk_bytes: u64,
}

impl Stats {
    /// In the Prometheus text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut out = String::with_capacity(2048);
        let mut family = |name: &str, kind: &str, help: &str, rows: &[(&str, u64)]| {
            let _ = writeln!(out, "# HELP synctv_cache_{name} {help}\n# TYPE synctv_cache_{name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(out, "synctv_cache_{name}{labels} {value}");
            }
        };
        let outcomes = [
            ("{outcome=\"hit\"}", self.hits),
            ("{outcome=\"miss\"}", self.misses),
            ("{outcome=\"stale\"}", self.stale),
            ("{outcome=\"revalidated\"}", self.revalidated),
            ("{outcome=\"bypass\"}", self.bypassed),
            ("{outcome=\"negative\"}", self.negative),
        ];
        family("requests_total", "counter", "Resources that were looked for, by what came of it", &outcomes);
        let bytes = [
            ("{from=\"memory\"}", self.bytes.memory),
            ("{from=\"disk\"}", self.bytes.disk),
            ("{from=\"origin\"}", self.bytes.origins),
        ];
        family("bytes_total", "counter", "Bytes by where they came from", &bytes);
        family("fills_total", "counter", "Slices that were fetched from origins", &[("", self.fills.begun)]);
        family("fills_failed_total", "counter", "Slices whose fetching failed", &[("", self.fills.failed)]);
        family("fills_running", "gauge", "Slices on their way", &[("", self.fills.running)]);
        family("read_ahead_total", "counter", "Slices that were fetched ahead of readers", &[("", self.fills.ahead)]);
        family("damaged_total", "counter", "Files on disk that were damaged", &[("", self.fills.damaged)]);
        family("not_written_total", "counter", "Slices the disk did not take", &[("", self.fills.not_written)]);
        family("resources", "gauge", "Resources that are known", &[("", self.held.resources)]);
        family("negatives", "gauge", "Refusals that are remembered", &[("", self.held.negatives)]);
        let slices = [("{tier=\"memory\"}", self.held.memory_slices), ("{tier=\"disk\"}", self.held.disk_slices)];
        family("slices", "gauge", "Slices that are held", &slices);
        let held = [("{tier=\"memory\"}", self.held.memory_bytes), ("{tier=\"disk\"}", self.held.disk_bytes)];
        family("held_bytes", "gauge", "Bytes that are held", &held);
        out
    }
}
