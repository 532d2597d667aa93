//! Events: what happened in a room, in order, and the hints that say where to look.

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::Result;
use crate::room::words;

words! {
    /// What happened.
    EventKind {
        /// The playback state was written; the body is the message for members.
        Playback = "playback",
        /// Somebody said something; the body is the message for members.
        Chat = "chat",
        /// The room's name, settings or password changed; the body is empty.
        Settings = "settings",
        /// A playlist changed; the body is its id.
        Playlist = "playlist",
        /// The duration of what is selected was found out, or not; the body is empty.
        Length = "length",
        /// The playback result that members have is to be fetched again; the body is the message for members.
        Result = "result",
        /// A member is thrown out; the body is its id and, where it is known, after a space the public id of its token, `o` for the operator.
        Kick = "kick",
        /// A token was revoked; the body is its id.
        Revoked = "revoked",
    }
}

/// One thing that happened in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEvent {
    /// The room.
    pub room_id: String,
    /// 1 for a room's first event, without gaps, in the order of commits.
    pub seq: i64,
    /// What.
    pub kind: EventKind,
    /// Depends on the kind.
    pub body: String,
}

/// A room and the number of an event in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The room.
    pub room_id: String,
    /// The number.
    pub seq: i64,
}

/// Where to look. Hints may be lost (a lagging receiver, a lost connection): then comes [`Hint::Resync`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// The room has events up to this number.
    Events(Mark),
    /// The room was deleted.
    Gone(String),
    /// Connections came or went in this room on some node.
    Presence(String),
    /// Anything may have happened: compare everything. Sent also now and then where hints can get lost.
    Resync,
}

/// Events of rooms.
#[async_trait]
pub trait Events: Send + Sync {
    /// Posts an event; its number.
    ///
    /// # Errors
    /// `NotFound` when the room is gone.
    async fn post(&self, room_id: &str, kind: EventKind, body: &str) -> Result<i64>;

    /// Events after these marks, by room and number, at most `limit` in all. Those of a kind that this version does not know are left
    /// out.
    async fn events_after(&self, marks: &[Mark], limit: u32) -> Result<Vec<RoomEvent>>;

    /// The newest events of one kind in a room, oldest first.
    async fn last_events(&self, room_id: &str, kind: EventKind, limit: u32) -> Result<Vec<RoomEvent>>;

    /// The newest number of each of these rooms; a room that is gone is left out.
    async fn heads(&self, rooms: &[String]) -> Result<Vec<Mark>>;

    /// Hints from now on; `Lagged` means [`Hint::Resync`].
    fn hints(&self) -> broadcast::Receiver<Hint>;
}
