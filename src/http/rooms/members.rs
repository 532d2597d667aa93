//! Who is in a room, and throwing somebody out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use synctv_store::{EventKind, NodePresence, Role, Store};

use super::access::InRoom;
use super::wire::{KickMember, Members};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::Answer;
use crate::http::admin::request::Body;
use crate::room::message::Said;

/// Who is there, on all nodes.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/members",
    tag = "rooms",
    params(("room" = String, Path, description = "Id or name of the room")),
    responses((status = 200, description = "As the nodes last said, within seconds", body = Members), Failure)
)]
pub(in crate::http) async fn list(
    State(state): State<AdminState>,
    InRoom { room, .. }: InRoom,
) -> Answer<Json<Members>> {
    Ok(Json(members(state.store.presence(&[room.id]).await?)))
}

/// Close a member's connections; for owners. Their token goes on working.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/kick",
    tag = "rooms",
    params(("room" = String, Path, description = "Id or name of the room")),
    request_body = KickMember,
    responses((status = 204, description = "Asked for on every node"), Failure)
)]
pub(in crate::http) async fn kick(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Body(wanted): Body<KickMember>,
) -> Answer<StatusCode> {
    caller.need(Role::Owner)?;
    // Presence lags behind who is there, so it does not decide; a node that does not hold the member does nothing.
    if !wanted.member.starts_with("c_") || wanted.member.len() != 12 {
        return Err(Error::NotFound(format!("there is no member `{}` in this room", wanted.member)).into());
    }
    let token = state.rooms.runtime.token_of(&room.id, &wanted.member);
    let body = token.map_or_else(|| wanted.member.clone(), |token| format!("{} {token}", wanted.member));
    state.store.post(&room.id, EventKind::Kick, &body).await?;
    tracing::info!(room = room.id, member = wanted.member, by = caller.by(), "member kicked");
    // A kick closes proxied URLs, also of some who stay.
    taken_back(state.store.as_ref(), &room.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells a room's members to fetch the playback result again.
async fn taken_back(store: &dyn Store, room_id: &str) -> synctv_store::Result<()> {
    let playback = store.snapshot(room_id).await?.playback;
    let Some(target) = playback.target else { return Ok(()) };
    let said = Said::Result { media_id: &target.media_id, generation: playback.generation, expires_at: None };
    let body = String::from_utf8_lossy(&said.encoded()).into_owned();
    store.post(room_id, EventKind::Result, &body).await.map(|_| ())
}

fn members(present: Vec<NodePresence>) -> Members {
    let connections = present.iter().map(|node| u64::from(node.presence.connections)).sum();
    let members = present.into_iter().flat_map(|said| {
        let members: Vec<Value> = serde_json::from_str(&said.presence.members).unwrap_or_default();
        members.into_iter().map(move |mut member| {
            if let Some(member) = member.as_object_mut() {
                member.insert("node".to_owned(), said.node.clone().into());
            }
            member
        })
    });
    Members { members: members.collect(), connections }
}
