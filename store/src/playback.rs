//! The playback state of rooms, and its history.

use std::time::Duration;

use async_trait::async_trait;

use crate::room::words;
use crate::{Result, Settings, TargetHash};

/// What is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its playlist.
    pub playlist_id: String,
    /// Its media.
    pub media_id: String,
    /// Its hash.
    pub hash: TargetHash,
}

/// Where a room is.
#[derive(Debug, Clone, PartialEq)]
pub struct Playback {
    /// +1 on every write; the compare-and-set token.
    pub version: i64,
    /// +1 when the source changes.
    pub generation: i64,
    /// What is selected.
    pub target: Option<Target>,
    /// Whether time passes.
    pub playing: bool,
    /// Whether a finite playlist came to its end.
    pub ended: bool,
    /// The position at `anchored_at_ms`, in ms.
    pub anchor_ms: i64,
    /// When the position was the anchor: ms since 1970 by the database's clock.
    pub anchored_at_ms: i64,
    /// How fast; 1.0 is real time.
    pub speed: f64,
}

/// What is known of a target's duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Not found out yet.
    Pending,
    /// In ms, more than 0.
    Known(i64),
    /// It has no end.
    Live,
    /// The last attempt to find out failed; another one follows while the room is active.
    Failed,
}

impl Length {
    /// The word that is stored and sent.
    #[must_use]
    pub const fn status(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Known(_) => "known",
            Self::Live => "live",
            Self::Failed => "failed",
        }
    }

    /// The duration in ms, when it is known.
    #[must_use]
    pub const fn known_ms(self) -> Option<i64> {
        match self {
            Self::Known(ms) => Some(ms),
            _ => None,
        }
    }

    /// From what is stored; a failed or pending row that has a duration keeps it.
    #[must_use]
    pub fn from_stored(status: Option<&str>, ms: Option<i64>) -> Self {
        match (status, ms) {
            (Some("live"), _) => Self::Live,
            (_, Some(ms)) if ms > 0 => Self::Known(ms),
            (Some("failed"), _) => Self::Failed,
            _ => Self::Pending,
        }
    }
}

/// Where the selected item stands in its playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The playlist's revision when this was read.
    pub revision: i64,
    /// How many media come before it.
    pub index: u64,
    /// How many media there are, more than 0.
    pub total: u64,
}

/// Everything one decision about a room is made from, read in one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The room.
    pub room_id: String,
    /// Where it is.
    pub playback: Playback,
    /// How long what is selected is.
    pub length: Length,
    /// How the room behaves.
    pub settings: Settings,
    /// Where the selected item stands; `None` when nothing is selected.
    pub place: Option<Place>,
    /// Number of the room's newest event.
    pub head: i64,
    /// The database's clock, ms since 1970.
    pub now_ms: i64,
}

/// Something that can be selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub target: Target,
    /// What is known of its duration.
    pub length: Length,
}

words! {
    /// Why a room's state was written.
    Cause {
        /// A person did it.
        Command = "command",
        /// An item came to its end and the next one began.
        Advance = "advance",
        /// The last item came to its end.
        End = "end",
    }
}

/// A state to be written in the place of another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The new state; its version is the one seen plus one.
    pub next: Playback,
    /// Why.
    pub cause: Cause,
    /// Body of the [`crate::EventKind::Playback`] event that is posted with it.
    pub event: String,
}

/// A state that was left, in a room's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The version that was left.
    pub from_version: i64,
    /// What was selected before.
    pub from_media: Option<String>,
    /// What was selected then.
    pub to_media: Option<String>,
    /// Why.
    pub cause: Cause,
    /// When: ms since 1970 by the database's clock.
    pub at_ms: i64,
}

/// Playback states. The history has a row for each change that selected something else, began it anew or ended it; it is unique on
/// (room, version left).
#[async_trait]
pub trait Playbacks: Send + Sync {
    /// Where a room is.
    ///
    /// # Errors
    /// `NotFound`.
    async fn snapshot(&self, room_id: &str) -> Result<Snapshot>;

    /// A media as something to select.
    ///
    /// # Errors
    /// `NotFound`, also when it is another room's.
    async fn item(&self, room_id: &str, media_id: &str) -> Result<Item>;

    /// The item with this many others before it.
    async fn item_at(&self, room_id: &str, playlist_id: &str, index: u64) -> Result<Option<Item>>;

    /// Writes a state if the version is still `seen` and its target still exists; with it the event, the history row when the
    /// target changed or the anchor went back to the start by [`Cause::Advance`], and a pending row for the target's duration. False when somebody was faster.
    ///
    /// # Errors
    /// `NotFound` when the room is gone.
    async fn swap(&self, room_id: &str, seen: i64, change: &Change) -> Result<bool>;

    /// Of these rooms, those whose item has come to its end (plus the advance delay) by the database's clock, the longest overdue first.
    async fn due(&self, active: &[String], limit: u32) -> Result<Vec<Snapshot>>;

    /// How long until the next of these rooms is due, at least 1 ms; `None` when none will be. Zero when one is due.
    async fn next_due(&self, active: &[String]) -> Result<Option<Duration>>;

    /// Writes the state that follows what was judged: as [`Playbacks::swap`], if version, target hash and playlist revision are
    /// still those of the snapshot, and it is playing and due by the database's clock. False when somebody else did it.
    async fn advance(&self, judged: &Snapshot, change: &Change) -> Result<bool>;

    /// The newest turns of a room, newest first.
    async fn history(&self, room_id: &str, limit: u32) -> Result<Vec<Turn>>;
}
