//! Playlists: list, make, rename, delete.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use synctv_store::Playlist;

use super::access::InRoom;
use super::playback::stop_if;
use super::tokens::fresh_id;
use super::wire::{ChangePlaylist, CreatePlaylist, PlaylistItem, PlaylistList};
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::Answer;
use crate::http::admin::request::Body;

/// A room's playlists.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/playlists",
    tag = "playlists",
    params(("room" = String, Path, description = "Id or name of the room")),
    responses((status = 200, description = "Oldest first", body = PlaylistList), Failure)
)]
pub(in crate::http) async fn list(
    State(state): State<AdminState>,
    InRoom { room, .. }: InRoom,
) -> Answer<Json<PlaylistList>> {
    let playlists = state.store.playlists(&room.id).await?.into_iter().map(item).collect();
    Ok(Json(PlaylistList { playlists }))
}

/// Make an empty playlist.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/playlists",
    tag = "playlists",
    params(("room" = String, Path, description = "Id or name of the room")),
    request_body = CreatePlaylist,
    responses((status = 201, description = "Made", body = PlaylistItem), Failure)
)]
pub(in crate::http) async fn create(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Body(wanted): Body<CreatePlaylist>,
) -> Answer<(StatusCode, Json<PlaylistItem>)> {
    caller.need(room.settings.control)?;
    let playlist = state.store.create_playlist(&room.id, &fresh_id("p_")?, &wanted.name).await?;
    Ok((StatusCode::CREATED, Json(item(playlist))))
}

/// Give a playlist another name.
#[utoipa::path(
    patch,
    path = "/api/v1/rooms/{room}/playlists/{id}",
    tag = "playlists",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("id" = String, Path, description = "Id or name of the playlist"),
    ),
    request_body = ChangePlaylist,
    responses((status = 200, description = "Renamed", body = PlaylistItem), Failure)
)]
pub(in crate::http) async fn change(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Path((_, id)): Path<(String, String)>,
    Body(wanted): Body<ChangePlaylist>,
) -> Answer<Json<PlaylistItem>> {
    caller.need(room.settings.control)?;
    let playlist = state.store.playlist(&room.id, Some(&id)).await?;
    Ok(Json(item(state.store.rename_playlist(&room.id, &playlist.id, &wanted.name).await?)))
}

/// Delete a playlist and its media; what plays from it is stopped. A room keeps its last playlist.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/playlists/{id}",
    tag = "playlists",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("id" = String, Path, description = "Id or name of the playlist"),
    ),
    responses((status = 204, description = "Deleted"), Failure)
)]
pub(in crate::http) async fn delete(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Path((_, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    caller.need(room.settings.control)?;
    let store = state.store.as_ref();
    let id = store.playlist(&room.id, Some(&id)).await?.id;
    // The last one stays, and what plays from it goes on.
    if store.playlists(&room.id).await?.len() > 1 {
        stop_if(store, &room.id, |target| target.playlist_id == id).await?;
    }
    store.delete_playlist(&room.id, &id).await?;
    state.pulls.recheck_all();
    Ok(StatusCode::NO_CONTENT)
}

fn item(playlist: Playlist) -> PlaylistItem {
    PlaylistItem {
        id: playlist.id,
        name: playlist.name,
        revision: playlist.revision,
        media: playlist.media,
        created_at: playlist.created_at,
    }
}
