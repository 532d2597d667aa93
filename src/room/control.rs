//! Commands and advances, written to the store by compare-and-set.

use synctv_store::{Cause, Change, Item, Length, Playback, Snapshot, Store};

use super::message::{State, playback_event};
use super::playback::{Command, apply, end, select};
use super::playlist::{Pick, Step, pick};
use crate::error::Error;

/// How often a command without an expected version is tried anew when others write at the same time.
const ATTEMPTS: u32 = 16;

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is written; the state it made.
    Done(State),
    /// The version is not the expected one; the state as it is. Nothing was written.
    Stale(State),
}

/// Carries out a command. With an expected version it is done on that version or not at all.
///
/// # Errors
/// `NotFound` for room or media, `Conflict` when the state does not allow it, `Invalid` for an impossible value, `Unavailable`.
pub async fn command(
    store: &dyn Store,
    room_id: &str,
    command: &Command,
    expected: Option<i64>,
) -> Result<Outcome, Error> {
    for _ in 0..ATTEMPTS {
        let snapshot = store.snapshot(room_id).await?;
        if expected.is_some_and(|version| version != snapshot.playback.version) {
            return Ok(Outcome::Stale(State::of(&snapshot)));
        }
        let (next, length) = following(store, &snapshot, command).await?;
        let change = change(next, length, Cause::Command);
        if store.swap(room_id, snapshot.playback.version, &change).await? {
            return Ok(Outcome::Done(State::at(&change.next, length, change.next.anchored_at_ms)));
        }
    }
    Err(Error::Conflict("too many people control this room at the same time: try again".into()))
}

async fn following(store: &dyn Store, snapshot: &Snapshot, command: &Command) -> Result<(Playback, Length), Error> {
    if let Command::Start { media_id } = command {
        let item = store.item(&snapshot.room_id, media_id).await?;
        return Ok((select(&snapshot.playback, &item, snapshot.now_ms), item.length));
    }
    match command.step() {
        Some(step) => after(store, snapshot, step).await,
        None => Ok((apply(snapshot, command)?, snapshot.length)),
    }
}

/// The state that follows a step, chosen from the snapshot.
async fn after(store: &dyn Store, snapshot: &Snapshot, step: Step) -> Result<(Playback, Length), Error> {
    let current = &snapshot.playback;
    let (Some(place), Some(target)) = (snapshot.place, &current.target) else {
        return Err(Error::Conflict("nothing is selected: start a media first".into()));
    };
    let picked = match pick(snapshot.settings.mode, step, place, &snapshot.room_id, current.version) {
        Pick::Same => Some(Item { target: target.clone(), length: snapshot.length }),
        // The playlist may have become shorter since the snapshot; the compare-and-set decides.
        Pick::At(index) => store.item_at(&snapshot.room_id, &target.playlist_id, index).await?,
        Pick::End => None,
    };
    Ok(match picked {
        Some(item) => (select(current, &item, snapshot.now_ms), item.length),
        None => (end(current, snapshot.length, snapshot.now_ms), snapshot.length),
    })
}

/// Goes on from an item that has come to its end. False when somebody else did; there is nothing to do then.
///
/// # Errors
/// Those of the store.
pub async fn advance(store: &dyn Store, judged: &Snapshot) -> Result<bool, Error> {
    let (next, length) = after(store, judged, Step::Over).await?;
    let cause = if next.ended { Cause::End } else { Cause::Advance };
    Ok(store.advance(judged, &change(next, length, cause)).await?)
}

fn change(next: Playback, length: Length, cause: Cause) -> Change {
    let event = playback_event(&next, length);
    Change { next, cause, event }
}
