//! Where a room is, and what a command makes of it. Time is an argument: the database's clock in ms since 1970.

use synctv_store::{Item, Length, Playback, Snapshot};

use super::playlist::Step;
use crate::error::Error;

/// The slowest and the fastest speed.
pub const SPEED: std::ops::RangeInclusive<f64> = 0.25..=4.0;

/// What a person may ask of a room's playback.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Select a media and play it from its start.
    Start {
        /// Which.
        media_id: String,
    },
    /// Let time pass; after the end, from the start.
    Play,
    /// Hold.
    Pause,
    /// Go to a position.
    Seek {
        /// In ms.
        position_ms: i64,
    },
    /// Play faster or slower.
    Speed {
        /// Within [`SPEED`].
        speed: f64,
    },
    /// The next item.
    Next,
    /// The item before.
    Previous,
    /// Select nothing.
    Stop,
}

impl Command {
    /// The step that a command means, when it is one.
    #[must_use]
    pub const fn step(&self) -> Option<Step> {
        match self {
            Self::Next => Some(Step::Next),
            Self::Previous => Some(Step::Previous),
            _ => None,
        }
    }
}

/// The position at a moment, in ms: the anchor plus what has passed since, never beyond the end.
#[must_use]
pub fn position_at(playback: &Playback, length: Length, now_ms: i64) -> i64 {
    let passed = if playback.playing { now_ms.saturating_sub(playback.anchored_at_ms).max(0) } else { 0 };
    // Beyond 2^53 ms (285 000 years) a float would be inexact.
    let moved = (passed as f64 * playback.speed) as i64;
    let position = playback.anchor_ms.saturating_add(moved).max(0);
    length.known_ms().map_or(position, |end| position.min(end))
}

/// The state after a command that selects nothing else. The caller has settled the items of [`Command::Start`] and the steps: see
/// [`select`].
///
/// # Errors
/// [`Error::Conflict`] when nothing is selected, [`Error::Invalid`] for an impossible value.
pub fn apply(snapshot: &Snapshot, command: &Command) -> Result<Playback, Error> {
    let now = snapshot.now_ms;
    let current = &snapshot.playback;
    if *command != Command::Stop && current.target.is_none() {
        return Err(Error::Conflict("nothing is selected: start a media first".into()));
    }
    let mut next = current.clone();
    next.version += 1;
    next.anchor_ms = position_at(current, snapshot.length, now);
    next.anchored_at_ms = now;
    match *command {
        Command::Play => {
            if current.ended {
                next.anchor_ms = 0;
            }
            next.playing = true;
            next.ended = false;
        }
        Command::Pause => next.playing = false,
        Command::Seek { position_ms } => {
            if position_ms < 0 {
                return Err(Error::Invalid("a position is 0 or more".into()));
            }
            next.anchor_ms = snapshot.length.known_ms().map_or(position_ms, |end| position_ms.min(end));
            next.ended = false;
        }
        Command::Speed { speed } => {
            if !SPEED.contains(&speed) {
                return Err(Error::Invalid(format!("a speed is from {} to {}", SPEED.start(), SPEED.end())));
            }
            next.speed = speed;
        }
        Command::Stop => {
            next.generation += i64::from(current.target.is_some());
            next.target = None;
            next.playing = false;
            next.ended = false;
            next.anchor_ms = 0;
        }
        Command::Start { .. } | Command::Next | Command::Previous => {
            return Err(Error::Invalid("this command needs an item".into()));
        }
    }
    Ok(next)
}

/// The state that plays an item from its start. The generation grows when it is another one.
#[must_use]
pub fn select(current: &Playback, item: &Item, now_ms: i64) -> Playback {
    let another = current.target.as_ref().is_none_or(|target| target.hash != item.target.hash);
    Playback {
        version: current.version + 1,
        generation: current.generation + i64::from(another),
        target: Some(item.target.clone()),
        playing: true,
        ended: false,
        anchor_ms: 0,
        anchored_at_ms: now_ms,
        speed: current.speed,
    }
}

/// The state in which a finite playlist has come to its end.
#[must_use]
pub fn end(current: &Playback, length: Length, now_ms: i64) -> Playback {
    Playback {
        version: current.version + 1,
        playing: false,
        ended: true,
        anchor_ms: length.known_ms().unwrap_or_else(|| position_at(current, length, now_ms)),
        anchored_at_ms: now_ms,
        ..current.clone()
    }
}

#[cfg(test)]
#[path = "playback_tests.rs"]
mod tests;
