//! Commands, history and members.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use synctv_store::Cause;
use utoipa::ToSchema;

/// What may be asked of a room's playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Select `media_id` and play it from its start.
    Start,
    /// Let time pass.
    Play,
    /// Hold.
    Pause,
    /// Go to `position_ms`.
    Seek,
    /// Play at `speed`.
    Speed,
    /// The next item.
    Next,
    /// The item before.
    Prev,
    /// Select nothing.
    Stop,
}

/// `POST /api/v1/rooms/{room}/playback`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaybackCommand {
    /// What to do.
    pub command: Word,
    /// For start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
    /// For seek.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_ms: Option<i64>,
    /// For speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Do it on this version or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// A state that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TurnItem {
    /// The version that was left.
    pub from_version: i64,
    /// What was selected before.
    pub from_media: Option<String>,
    /// What was selected then.
    pub to_media: Option<String>,
    /// command, advance or end.
    #[schema(value_type = String, example = "advance")]
    pub cause: Cause,
    /// When: ms since 1970 by the database's clock.
    pub at_ms: i64,
}

/// `GET /api/v1/rooms/{room}/history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// Newest first.
    pub history: Vec<TurnItem>,
}

/// `GET /api/v1/rooms/{room}/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Members {
    /// Who is there on all nodes, each as the room's WebSocket shows them, with the `node` they are connected to.
    #[schema(value_type = Vec<Object>)]
    pub members: Vec<Value>,
    /// How many connections they have.
    pub connections: u64,
}

/// `POST /api/v1/rooms/{room}/kick`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KickMember {
    /// Id of the member.
    pub member: String,
}
