//! Rooms over HTTP: the API under `/api/v1/rooms` and its WebSocket.
//!
//! [`access`] says who may do what; each of the other files serves one noun. `{room}` is an id or a name everywhere.

pub(in crate::http) mod access;
mod doors;
mod early;
mod greeting;
pub(super) mod join;
pub(super) mod media;
mod media_source;
mod media_url;
pub(super) mod members;
pub(super) mod metrics;
mod origin;
mod pace;
mod plane;
pub(super) mod playback;
pub(super) mod playlists;
pub(super) mod result;
#[expect(clippy::module_inception, reason = "the noun has its file like the others")]
pub(super) mod rooms;
pub(super) mod session;
pub(super) mod tokens;
pub mod wire;
pub(super) mod ws;

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, patch, post};

pub(super) use doors::Doors;
pub(super) use origin::admit;
pub use plane::{Bearer, PlaybackPlane, Seals, TrackPlace};

use super::admin::Route;

/// The longest body that adds media, in bytes.
const MEDIA_BODY_MAX: usize = 4 << 20;

/// The paths of rooms.
pub(super) fn routes() -> Vec<Route> {
    let many = DefaultBodyLimit::max(MEDIA_BODY_MAX);
    vec![
        ("/api/v1/rooms", get(rooms::list).post(rooms::create)),
        ("/api/v1/rooms/{room}", get(rooms::show).patch(rooms::change).delete(rooms::delete)),
        ("/api/v1/rooms/{room}/join", post(join::join)),
        ("/api/v1/rooms/{room}/tokens", get(tokens::list).post(tokens::create)),
        ("/api/v1/rooms/{room}/tokens/{id}", delete(tokens::revoke)),
        ("/api/v1/rooms/{room}/playlists", get(playlists::list).post(playlists::create)),
        ("/api/v1/rooms/{room}/playlists/{id}", patch(playlists::change).delete(playlists::delete)),
        ("/api/v1/rooms/{room}/media", get(media::list).post(media::add).layer(many)),
        ("/api/v1/rooms/{room}/media/{id}", get(media::show).patch(media::move_to).delete(media::remove)),
        ("/api/v1/rooms/{room}/state", get(playback::state)),
        ("/api/v1/rooms/{room}/playback", get(result::show).post(playback::command)),
        ("/api/v1/rooms/{room}/history", get(playback::history)),
        ("/api/v1/rooms/{room}/members", get(members::list)),
        ("/api/v1/rooms/{room}/kick", post(members::kick)),
        ("/api/v1/rooms/{room}/ws", get(ws::join)),
    ]
}

#[cfg(test)]
mod authority_tests;
#[cfg(test)]
mod media_tests;
#[cfg(test)]
mod playback_tests;
#[cfg(test)]
pub(in crate::http) mod tests;
