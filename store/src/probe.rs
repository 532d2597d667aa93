//! Finding out durations: claims that one node holds at a time.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Result, Source, TargetHash};

/// The right to find out one target's duration, until the lease is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeClaim {
    /// The room.
    pub room_id: String,
    /// The room's current target.
    pub target_hash: TargetHash,
    /// The node that holds it.
    pub node: String,
    /// Grows with each claim of this row; what is written under an older one is refused.
    pub fence: i64,
    /// How many attempts failed before.
    pub failures: u32,
    /// What is to be probed.
    pub source: Source,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// It lasts so long; more than 0.
    Finite(Duration),
    /// It has no end.
    Live,
    /// Nothing; another attempt is due after this time.
    Failed {
        /// When to try again.
        retry: Duration,
        /// Why, for an operator; no secrets.
        reason: String,
    },
}

/// Durations of targets.
#[async_trait]
pub trait Probes: Send + Sync {
    /// Claims rows of these rooms that are currently selected (joined on the room's current target hash), have no result and whose
    /// next attempt is due; rows claimed by others are passed over unless their lease is over.
    async fn claim_probes(&self, active: &[String], node: &str, limit: u32, lease: Duration)
    -> Result<Vec<ProbeClaim>>;

    /// Prolongs a claim from now on. False when it was lost.
    async fn renew_probe(&self, claim: &ProbeClaim, lease: Duration) -> Result<bool>;

    /// Writes a result under the claim's fence and gives the claim up; posts a [`crate::EventKind::Length`] event when the target is still
    /// selected. A failure never erases a known duration. False when the claim was lost: nothing is written then.
    async fn finish_probe(&self, claim: &ProbeClaim, found: &Probed) -> Result<bool>;

    /// Gives up this node's claims on a room.
    async fn release_probes(&self, node: &str, room_id: &str) -> Result<()>;

    /// How long until something of these rooms can be claimed (at least 1 ms; zero when it can); `None` when nothing will.
    async fn next_probe(&self, active: &[String]) -> Result<Option<Duration>>;
}
