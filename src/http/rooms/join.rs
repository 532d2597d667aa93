//! Joining with the room's password.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::{Extension, Json};
use synctv_store::Role;

use super::Doors;
use super::access::room_in_path;
use super::tokens::{check_label, fresh_token};
use super::wire::{JoinRoom, Joined};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::{Answer, Problem};
use crate::http::admin::request::Body;

/// How long a token works that a password bought.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The room as a stranger names it.
pub(in crate::http) struct Named(String);

impl FromRequestParts<AdminState> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminState) -> Result<Self, Problem> {
        Ok(Self(room_in_path(parts).await?))
    }
}

/// A viewer's token for who knows the password; no other token is needed.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/join",
    tag = "rooms",
    security(()),
    params(("room" = String, Path, description = "Id or name of the room")),
    request_body = JoinRoom,
    responses((status = 200, description = "A token that works for 24 hours", body = Joined), Failure)
)]
pub(in crate::http) async fn join(
    State(state): State<AdminState>,
    Extension(doors): Extension<Arc<Doors>>,
    Named(room): Named,
    Body(shown): Body<JoinRoom>,
) -> Answer<Json<Joined>> {
    let label = shown.name.map(check_label).transpose()?;
    let room = state.store.room(&room).await?;
    if !doors.knock(&room.id, Instant::now()) {
        return Err(Problem::too_many("too many passwords are tried at this room: try again in a second", 1));
    }
    let Some(hash) = state.store.room_password(&room.id).await? else {
        return Err(Error::Forbidden("this room has no password: ask its owner for a token".into()).into());
    };
    if !doors.opens(hash, shown.password).await? {
        return Err(Error::Forbidden("the password is not the room's".into()).into());
    }
    let (token, secret) = fresh_token(Role::Viewer, label, Some(LIFETIME))?;
    let token = state.store.create_token(&room.id, &token).await?;
    tracing::info!(room = room.id, token_id = token.id, "joined by password");
    let secret = secret.reveal().to_owned();
    Ok(Json(Joined { token: secret, role: token.role, room_id: room.id, expires_at: token.expires_at }))
}
