//! Nodes: which processes share the work, who is connected where, and the leader's chores.

use std::time::Duration;

use async_trait::async_trait;

use crate::Result;

/// Connections of one room on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// The room.
    pub room_id: String,
    /// How many connections; 0 removes the row.
    pub connections: u32,
    /// The members, as JSON that only nodes read.
    pub members: String,
}

/// What one living node says of one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePresence {
    /// The node.
    pub node: String,
    /// What it says.
    pub presence: Presence,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events, counted from their posting. The newest of a room always stays.
    pub events: Duration,
    /// History of playback.
    pub history: Duration,
    /// Tokens after they expired or were revoked.
    pub tokens: Duration,
    /// A node without a heartbeat for so long is dead.
    pub node: Duration,
}

/// What one round of housekeeping did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Housekept {
    /// Events removed.
    pub events: u64,
    /// Rows of history removed.
    pub history: u64,
    /// Tokens removed.
    pub tokens: u64,
    /// Dead nodes removed, with their presence and leases.
    pub nodes: u64,
    /// Partitions of history made or dropped.
    pub partitions: u64,
}

/// A node without a heartbeat for so long does not count in presence.
pub const NODE_TIMEOUT: Duration = Duration::from_secs(15);

/// Nodes and their chores.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// Says that a node lives; the database's clock in ms since 1970.
    async fn heartbeat(&self, node: &str) -> Result<i64>;

    /// Replaces what a node says of these rooms and hints [`crate::Hint::Presence`] for each. A room that is gone is passed over.
    async fn put_presence(&self, node: &str, rooms: &[Presence]) -> Result<()>;

    /// What living nodes say of these rooms.
    async fn presence(&self, rooms: &[String]) -> Result<Vec<NodePresence>>;

    /// The rooms with the most connections over all living nodes, the hottest first.
    async fn hot_rooms(&self, limit: u32) -> Result<Vec<(String, u64)>>;

    /// Takes or renews a lease by name: its fence, which grows with each change of holder; `None` while another node holds it.
    async fn hold_lease(&self, name: &str, node: &str, lease: Duration) -> Result<Option<i64>>;

    /// A node stops in good order: its presence, claims and leases are given up.
    async fn leave(&self, node: &str) -> Result<()>;

    /// Removes what is too old, in portions, and on Postgres keeps the partitions of history ahead of time.
    async fn housekeep(&self, keep: &Retention) -> Result<Housekept>;
}
