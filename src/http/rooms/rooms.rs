//! Rooms: list, make, show, change, delete.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use synctv_store::{NewRoom, Role, Room, RoomChange, RoomCount, Settings, Store};

use super::Doors;
use super::access::InRoom;
use super::tokens::{fresh_id, fresh_token};
use super::wire::{ChangeRoom, CreateRoom, CreatedRoom, RoomItem, RoomList};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::Answer;
use crate::http::admin::request::{Asked, Body};

/// Rooms on a page, unless it is said how many; and the most.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1000;

/// The query of the list.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Page {
    after: Option<String>,
    limit: Option<u32>,
}

/// All rooms, a page at a time.
#[utoipa::path(
    get,
    path = "/api/v1/rooms",
    tag = "rooms",
    params(
        ("after" = Option<String>, Query, description = "Only rooms whose names come after this one"),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1000; absent: 100"),
    ),
    responses((status = 200, description = "By name", body = RoomList), Failure)
)]
pub(in crate::http) async fn list(State(state): State<AdminState>, Asked(page): Asked<Page>) -> Answer<Json<RoomList>> {
    let limit = page_size(page.limit, PAGE, PAGE_MAX)?;
    let mut rooms = state.store.rooms(page.after.as_deref(), limit + 1).await?;
    let more = rooms.len() > limit as usize;
    rooms.truncate(limit as usize);
    let next = rooms.last().filter(|_| more).map(|last| last.room.name.clone());
    Ok(Json(RoomList { rooms: rooms.into_iter().map(item).collect(), next }))
}

/// How many rows a page has.
///
/// # Errors
/// `Invalid` when so many are not given at once.
pub(super) fn page_size(wanted: Option<u32>, default: u32, max: u32) -> Result<u32, Error> {
    match wanted {
        None => Ok(default),
        Some(limit) if (1..=max).contains(&limit) => Ok(limit),
        Some(limit) => Err(Error::Invalid(format!("limit must be from 1 to {max}, not {limit}"))),
    }
}

/// Make a room, its first playlist and its first owner's token.
#[utoipa::path(
    post,
    path = "/api/v1/rooms",
    tag = "rooms",
    request_body = CreateRoom,
    responses((status = 201, description = "Made", body = CreatedRoom), Failure)
)]
pub(in crate::http) async fn create(
    State(state): State<AdminState>,
    Extension(doors): Extension<Arc<Doors>>,
    Body(wanted): Body<CreateRoom>,
) -> Answer<(StatusCode, Json<CreatedRoom>)> {
    synctv_store::check_room_name(&wanted.name)?;
    let default = Settings::default();
    let settings = Settings {
        mode: wanted.mode.unwrap_or(default.mode),
        advance_delay: wanted.advance_delay_ms.map_or(default.advance_delay, Duration::from_millis),
        control: wanted.control.unwrap_or(default.control),
    };
    check_delay(settings.advance_delay)?;
    let password_hash = match wanted.password {
        Some(password) => Some(doors.hash(password).await?),
        None => None,
    };
    let (owner, secret) = fresh_token(Role::Owner, Some("first owner".into()), None)?;
    let owner_token_id = owner.id.clone();
    let playlist_id = fresh_id("p_")?;
    let room = NewRoom {
        id: fresh_id("r_")?,
        name: wanted.name,
        password_hash,
        settings,
        playlist_id: playlist_id.clone(),
        owner,
    };
    let room = state.store.create_room(&room).await?;
    tracing::info!(room = room.id, "room created");
    let owner_token = secret.reveal().to_owned();
    let made = CreatedRoom { id: room.id, name: room.name, owner_token, owner_token_id, playlist_id };
    Ok((StatusCode::CREATED, Json(made)))
}

/// A room and its settings.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}",
    tag = "rooms",
    params(("room" = String, Path, description = "Id or name of the room")),
    responses((status = 200, description = "The room", body = RoomItem), Failure)
)]
pub(in crate::http) async fn show(State(state): State<AdminState>, inside: InRoom) -> Answer<Json<RoomItem>> {
    Ok(Json(counted(state.store.as_ref(), inside.room).await?))
}

/// Change name, password or settings; for owners.
#[utoipa::path(
    patch,
    path = "/api/v1/rooms/{room}",
    tag = "rooms",
    params(("room" = String, Path, description = "Id or name of the room")),
    request_body = ChangeRoom,
    responses((status = 200, description = "Changed", body = RoomItem), Failure)
)]
pub(in crate::http) async fn change(
    State(state): State<AdminState>,
    Extension(doors): Extension<Arc<Doors>>,
    InRoom { room, caller }: InRoom,
    Body(mut wanted): Body<ChangeRoom>,
) -> Answer<Json<RoomItem>> {
    caller.need(Role::Owner)?;
    let advance_delay = wanted.advance_delay_ms.map(Duration::from_millis);
    advance_delay.map_or(Ok(()), check_delay)?;
    let password_hash = match wanted.password.take() {
        Some(Some(password)) => Some(Some(doors.hash(password).await?)),
        Some(None) => Some(None),
        None => None,
    };
    let ChangeRoom { name, mode, control, .. } = wanted;
    let change = RoomChange { name, password_hash, mode, advance_delay, control };
    let room = state.store.change_room(&room.id, &change).await?;
    Ok(Json(counted(state.store.as_ref(), room).await?))
}

/// Delete a room with everything in it; for owners. Its members are closed.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}",
    tag = "rooms",
    params(("room" = String, Path, description = "Id or name of the room")),
    responses((status = 204, description = "Deleted"), Failure)
)]
pub(in crate::http) async fn delete(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
) -> Answer<StatusCode> {
    caller.need(Role::Owner)?;
    state.store.delete_room(&room.id).await?;
    state.pulls.recheck_all();
    tracing::info!(room = room.id, by = caller.by(), "room deleted");
    Ok(StatusCode::NO_CONTENT)
}

fn check_delay(delay: Duration) -> Result<(), Error> {
    let most = synctv_store::ADVANCE_DELAY_MAX;
    if delay <= most {
        return Ok(());
    }
    Err(Error::Invalid(format!("an advance delay is at most an hour (`advance_delay_ms`: {})", most.as_millis())))
}

/// A room with what is known of it at this moment.
async fn counted(store: &dyn Store, room: Room) -> Result<RoomItem, Error> {
    let present = store.presence(std::slice::from_ref(&room.id)).await?;
    let connections = present.iter().map(|node| u64::from(node.presence.connections)).sum();
    let playing = store.snapshot(&room.id).await?.playback.playing;
    Ok(item(RoomCount { room, connections, playing }))
}

fn item(count: RoomCount) -> RoomItem {
    let RoomCount { room, connections, playing } = count;
    RoomItem {
        id: room.id,
        name: room.name,
        mode: room.settings.mode,
        advance_delay_ms: u64::try_from(room.settings.advance_delay.as_millis()).unwrap_or(u64::MAX),
        control: room.settings.control,
        has_password: room.has_password,
        connections,
        playing,
        created_at: room.created_at,
    }
}
