//! What the server says to members: JSON text over WebSocket. What they say is in [`super::request`].

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use synctv_store::{Length, Mode, Playback, Role, Room, Snapshot};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::playback::position_at;
use super::runtime::Member;

/// A room's playback as it is sent: where it was at `at_ms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct State {
    /// +1 on every change; the compare-and-set token.
    pub version: i64,
    /// +1 when the source changes.
    pub generation: i64,
    /// What is selected.
    pub media_id: Option<String>,
    /// Its playlist.
    pub playlist_id: Option<String>,
    /// 64 hex digits.
    pub target_hash: Option<String>,
    /// Whether time passes.
    pub playing: bool,
    /// Whether a finite playlist came to its end.
    pub ended: bool,
    /// The position at `at_ms`, in ms. While playing it grows by `speed` ms each ms, up to the duration.
    pub position_ms: i64,
    /// When it is known.
    pub duration_ms: Option<i64>,
    /// pending, known, live or failed; null when nothing is selected.
    pub duration_status: Option<String>,
    /// 1.0 is real time.
    pub speed: f64,
    /// The moment of `position_ms`: ms since 1970 by the clock that pongs tell (`t2`, `t3`).
    pub at_ms: i64,
}

impl State {
    /// The state at a moment by the database's clock.
    #[must_use]
    pub fn at(playback: &Playback, length: Length, now_ms: i64) -> Self {
        let target = playback.target.as_ref();
        Self {
            version: playback.version,
            generation: playback.generation,
            media_id: target.map(|t| t.media_id.clone()),
            playlist_id: target.map(|t| t.playlist_id.clone()),
            target_hash: target.map(|t| t.hash.iter().map(|byte| format!("{byte:02x}")).collect()),
            playing: playback.playing,
            ended: playback.ended,
            position_ms: position_at(playback, length, now_ms),
            duration_ms: target.and(length.known_ms()),
            duration_status: target.map(|_| length.status().to_owned()),
            speed: playback.speed,
            at_ms: now_ms,
        }
    }

    /// The position at another moment by the same clock, in ms.
    #[must_use]
    pub fn position_when(&self, at_ms: i64) -> i64 {
        let passed = if self.playing { at_ms.saturating_sub(self.at_ms).max(0) } else { 0 };
        let position = self.position_ms.saturating_add((passed as f64 * self.speed) as i64);
        self.duration_ms.map_or(position, |end| position.min(end))
    }

    /// The state of a snapshot when it was read.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        Self::at(&snapshot.playback, snapshot.length, snapshot.now_ms)
    }
}

/// What the server says about playback; also the body of a playback event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Playing {
    /// To a joiner.
    State(State),
    /// A change.
    Playback(State),
}

/// The body of the event of a change.
///
/// # Panics
/// Never: a struct of numbers and texts can always be written.
#[must_use]
pub fn playback_event(playback: &Playback, length: Length) -> String {
    let state = State::at(playback, length, playback.anchored_at_ms);
    serde_json::to_string(&Playing::Playback(state)).expect("numbers and texts can be written as JSON")
}

/// A room as a joiner is told of it.
#[derive(Debug, Serialize)]
pub struct RoomName<'a> {
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
}

/// A member as the others see it; also how nodes tell each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// `c_` and 10 characters.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The node they are connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

impl From<&Member> for Who {
    fn from(member: &Member) -> Self {
        Self { id: member.id.clone(), name: member.name.clone(), role: member.role, node: None }
    }
}

/// Who said something.
#[derive(Debug, Serialize)]
pub struct Speaker<'a> {
    /// `c_` and 10 characters.
    pub id: &'a str,
    /// What they were called.
    pub name: &'a str,
}

/// Everything else the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Said<'a> {
    /// To a joiner, first of all.
    State {
        /// Where the room is.
        #[serde(flatten)]
        state: State,
        /// Which room.
        room: RoomName<'a>,
        /// Who the joiner is.
        you: Who,
    },
    /// Where the room is, to all.
    Playback {
        /// Where.
        #[serde(flatten)]
        state: State,
    },
    /// How the room behaves, to all.
    Settings {
        /// What people call it.
        name: &'a str,
        /// What plays next.
        mode: Mode,
        /// How long an end is held, in ms.
        advance_delay_ms: u64,
        /// The least role that may control playback.
        control: Role,
    },
    /// A playlist changed.
    Playlist {
        /// Which.
        playlist_id: &'a str,
    },
    /// The playback result that members have ends soon, has ended or was taken back: it is to be fetched again.
    Result {
        /// Of which media.
        media_id: &'a str,
        /// Under which generation; of an older one there is nothing to do.
        generation: i64,
        /// When it ends: RFC 3339; `None`: now.
        #[serde(with = "time::serde::rfc3339::option")]
        expires_at: Option<OffsetDateTime>,
    },
    /// Who is there, on all nodes.
    Members {
        /// The first of them.
        members: &'a [Who],
        /// How many there are.
        count: u64,
    },
    /// Somebody said something.
    Chat {
        /// Who.
        from: Speaker<'a>,
        /// What.
        text: &'a str,
        /// When, in ms since 1970 by the database's clock.
        at_ms: i64,
    },
    /// The answer to a ping.
    Pong {
        /// As it was sent.
        t1: &'a Number,
        /// When the ping came, in ms since 1970 by the database's clock.
        t2: f64,
        /// When the pong left.
        t3: f64,
    },
    /// A command was carried out.
    Ok {
        /// That of the command.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        /// The version it made.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<i64>,
    },
    /// The version was not the expected one; nothing changed.
    Conflict {
        /// That of the command.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        /// Where the room is.
        state: State,
    },
    /// Something was refused.
    Error {
        /// That of the command.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        /// For programs.
        code: &'a str,
        /// For people.
        detail: &'a str,
    },
}

impl Said<'_> {
    /// As JSON.
    ///
    /// # Panics
    /// Never: a struct of numbers and texts can always be written.
    #[must_use]
    pub fn encoded(&self) -> Bytes {
        serde_json::to_vec(self).expect("numbers and texts can be written as JSON").into()
    }

    /// The settings of a room, for its members.
    #[must_use]
    pub fn settings(room: &Room) -> Said<'_> {
        Said::Settings {
            name: &room.name,
            mode: room.settings.mode,
            advance_delay_ms: u64::try_from(room.settings.advance_delay.as_millis()).unwrap_or(u64::MAX),
            control: room.settings.control,
        }
    }
}
