//! The server itself.

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::openapi::Failure;
use super::problem::Answer;
use super::wire::{RoomCounts, Status, StreamCounts};

/// Addresses and counts of the server.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    tag = "server",
    responses((status = 200, description = "The server", body = Status), Failure)
)]
pub(super) async fn show(State(state): State<AdminState>) -> Answer<Json<Status>> {
    let known = state.store.streams().await?.len() as u64;
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        http: state.endpoints.http.to_string(),
        rtmp: state.endpoints.rtmp.to_string(),
        database: state.database,
        streams: StreamCounts { live: state.hub.live_count() as u64, known },
        rooms: RoomCounts { active: state.rooms.runtime.counts().0 as u64 },
        uptime_s: state.started.elapsed().as_secs(),
    }))
}
