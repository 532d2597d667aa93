//! What members and server say to each other: JSON text over WebSocket.

use serde::{Deserialize, Serialize};
use synctv_store::{Length, Playback, Snapshot};
use utoipa::ToSchema;

use super::playback::position_at;

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
