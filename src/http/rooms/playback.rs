//! The playback state, commands to it, and its history.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use synctv_store::{Store, Target, Turn};

use super::access::InRoom;
use super::rooms::page_size;
use super::wire::{History, PlaybackCommand, State as PlaybackState, TurnItem, Word};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::{Answer, Problem};
use crate::http::admin::request::{Asked, Body};
use crate::room::control::{self, Outcome};
use crate::room::playback::Command;

/// Turns on a page, unless it is said how many; and the most.
const TURNS: u32 = 100;
const TURNS_MAX: u32 = 1000;
/// How often a selection is stopped before its removal is given up: somebody starts it again and again.
const STOPS: u32 = 8;

/// Where the room is.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/state",
    tag = "playback",
    params(("room" = String, Path, description = "Id or name of the room")),
    responses((status = 200, description = "The state at this moment", body = PlaybackState), Failure)
)]
pub(in crate::http) async fn state(
    State(state): State<AdminState>,
    InRoom { room, .. }: InRoom,
) -> Answer<Json<PlaybackState>> {
    Ok(Json(PlaybackState::of(&state.store.snapshot(&room.id).await?)))
}

/// Start, play, pause, seek, change the speed, go on, go back, stop. With a version that is no longer the room's the answer is 409
/// with the fresh state.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/playback",
    tag = "playback",
    params(("room" = String, Path, description = "Id or name of the room")),
    request_body = PlaybackCommand,
    responses((status = 200, description = "The state it made", body = PlaybackState), Failure)
)]
pub(in crate::http) async fn command(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Body(wanted): Body<PlaybackCommand>,
) -> Answer<Json<PlaybackState>> {
    caller.need(room.settings.control)?;
    let expected = wanted.version;
    let command = meant(wanted)?;
    match control::command(state.store.as_ref(), &room.id, &command, expected).await? {
        Outcome::Done(state) => Ok(Json(state)),
        Outcome::Stale(state) => Err(Problem::stale(expected.unwrap_or_default(), state)),
    }
}

/// The query of the history.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Newest {
    limit: Option<u32>,
}

/// What played, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/history",
    tag = "playback",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1000; absent: 100"),
    ),
    responses((status = 200, description = "Newest first", body = History), Failure)
)]
pub(in crate::http) async fn history(
    State(state): State<AdminState>,
    InRoom { room, .. }: InRoom,
    Asked(newest): Asked<Newest>,
) -> Answer<Json<History>> {
    let limit = page_size(newest.limit, TURNS, TURNS_MAX)?;
    let history = state.store.history(&room.id, limit).await?.into_iter().map(turn).collect();
    Ok(Json(History { history }))
}

/// The command that a body means.
fn meant(wanted: PlaybackCommand) -> Result<Command, Error> {
    let missing = |what: &str| Error::Invalid(format!("this command needs `{what}`"));
    Ok(match wanted.command {
        Word::Start => Command::Start { media_id: wanted.media_id.ok_or_else(|| missing("media_id"))? },
        Word::Play => Command::Play,
        Word::Pause => Command::Pause,
        Word::Seek => Command::Seek { position_ms: wanted.position_ms.ok_or_else(|| missing("position_ms"))? },
        Word::Speed => Command::Speed { speed: wanted.speed.ok_or_else(|| missing("speed"))? },
        Word::Next => Command::Next,
        Word::Prev => Command::Previous,
        Word::Stop => Command::Stop,
    })
}

/// Stops what is selected if it is meant; what else is selected meanwhile goes on.
///
/// # Errors
/// Those of the store; `Conflict` when it is started again and again.
pub(super) async fn stop_if(store: &dyn Store, room_id: &str, meant: impl Fn(&Target) -> bool) -> Result<(), Error> {
    for _ in 0..STOPS {
        let playback = store.snapshot(room_id).await?.playback;
        if !playback.target.as_ref().is_some_and(&meant) {
            return Ok(());
        }
        let stopped = control::command(store, room_id, &Command::Stop, Some(playback.version)).await?;
        if matches!(stopped, Outcome::Done(_)) {
            return Ok(());
        }
    }
    Err(Error::Conflict("it is started again and again: try again".into()))
}

/// A hash as it is shown.
pub(super) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn turn(turn: Turn) -> TurnItem {
    TurnItem {
        from_version: turn.from_version,
        from_media: turn.from_media,
        to_media: turn.to_media,
        cause: turn.cause,
        at_ms: turn.at_ms,
    }
}
