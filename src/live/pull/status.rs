//! What an operator is told about a pull stream.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a pull stream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// Nobody wants it: there is no connection.
    Idle,
    /// It asks the upstream, and nothing can be played yet.
    Connecting,
    /// It sends.
    Live,
    /// The last attempt failed; the next one comes later.
    Waiting,
}

/// The pull of a stream on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PullStatus {
    /// What it does.
    pub state: PullState,
    /// Scheme and host of the upstream.
    pub upstream: String,
    /// Attempts since it was last idle.
    pub attempts: u64,
    /// Why the last attempt ended.
    pub last_error: Option<String>,
    /// When it tries again, in ms from now; while waiting.
    pub retry_in_ms: Option<u64>,
    /// Active rooms that play it on this node.
    pub holds: u64,
}

impl PullStatus {
    /// What anybody who may watch may know: what it does, and nothing of the upstream.
    #[must_use]
    pub fn public(self) -> Self {
        Self { state: self.state, ..Self::idle(String::new()) }
    }

    /// Of a stream that nobody wants.
    #[must_use]
    pub fn idle(upstream: String) -> Self {
        Self { state: PullState::Idle, upstream, attempts: 0, last_error: None, retry_in_ms: None, holds: 0 }
    }
}
