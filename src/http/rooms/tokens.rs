//! Tokens of a room: make, list, revoke. A secret leaves the server in the answer that made it, and never again.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use synctv_store::{NewToken, Role, RoomToken};

use super::access::InRoom;
use super::wire::{CreateToken, CreatedToken, TokenItem, TokenList};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::Answer;
use crate::http::admin::request::{Body, span};
use crate::http::admin::wire::KeyState;
use crate::keys::{self, FreshKey};
use crate::secret::Secret;

/// Longest label, in characters.
const LABEL_MAX: usize = 100;

/// Tokens without their secrets; for owners.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/tokens",
    tag = "rooms",
    params(("room" = String, Path, description = "Id or name of the room")),
    responses((status = 200, description = "Oldest first", body = TokenList), Failure)
)]
pub(in crate::http) async fn list(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
) -> Answer<Json<TokenList>> {
    caller.need(Role::Owner)?;
    let tokens = state.store.tokens(&room.id).await?.into_iter().map(item).collect();
    Ok(Json(TokenList { tokens }))
}

/// Make a token; for owners. The secret is in this answer and in no other.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/tokens",
    tag = "rooms",
    params(("room" = String, Path, description = "Id or name of the room")),
    request_body = CreateToken,
    responses((status = 201, description = "Made", body = CreatedToken), Failure)
)]
pub(in crate::http) async fn create(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Body(wanted): Body<CreateToken>,
) -> Answer<(StatusCode, Json<CreatedToken>)> {
    // An owner has the highest role, so nobody hands on more than they have.
    caller.need(Role::Owner)?;
    let label = wanted.label.map(check_label).transpose()?;
    let lifetime = wanted.expires_in_s.map(|s| span("the lifetime of a token", s)).transpose()?;
    let (token, secret) = fresh_token(wanted.role, label, lifetime)?;
    let token = state.store.create_token(&room.id, &token).await?;
    tracing::info!(room = room.id, token_id = token.id, role = %token.role, by = caller.by(), "token created");
    let made = CreatedToken {
        token: secret.reveal().to_owned(),
        id: token.id,
        room_id: token.room_id,
        role: token.role,
        label: token.label,
        expires_at: token.expires_at,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// End a token for good and close who came in with it; for owners.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/tokens/{id}",
    tag = "rooms",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("id" = String, Path, description = "Public id of the token"),
    ),
    responses((status = 200, description = "Revoked", body = TokenItem), Failure)
)]
pub(in crate::http) async fn revoke(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Path((_, id)): Path<(String, String)>,
) -> Answer<Json<TokenItem>> {
    caller.need(Role::Owner)?;
    let token = state.store.revoke_token(&room.id, &id).await?;
    tracing::info!(room = room.id, token_id = token.id, by = caller.by(), "token revoked");
    Ok(Json(item(token)))
}

/// A token to be stored, and its secret.
///
/// # Errors
/// `Unavailable` when the system has no random bytes.
pub(super) fn fresh_token(
    role: Role,
    label: Option<String>,
    lifetime: Option<Duration>,
) -> Result<(NewToken, Secret), Error> {
    let fresh = FreshKey::for_room().map_err(no_random)?;
    let hash = keys::hash(fresh.secret.reveal());
    Ok((NewToken { id: fresh.id, role, label, hash, lifetime }, fresh.secret))
}

/// A fresh id with this prefix.
///
/// # Errors
/// `Unavailable` when the system has no random bytes.
pub(super) fn fresh_id(prefix: &str) -> Result<String, Error> {
    keys::fresh_id(prefix).map_err(no_random)
}

fn no_random(err: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("the system gives no random bytes: {err}"))
}

/// Refuses a label that would spoil a table.
///
/// # Errors
/// `Invalid`, which says what is allowed.
pub(super) fn check_label(label: String) -> Result<String, Error> {
    if label.is_empty() || label.chars().count() > LABEL_MAX || label.chars().any(char::is_control) {
        return Err(Error::Invalid(format!("a label is 1 to {LABEL_MAX} characters without control characters")));
    }
    Ok(label)
}

fn item(token: RoomToken) -> TokenItem {
    let state = match &token {
        token if token.revoked_at.is_some() => KeyState::Revoked,
        token if !token.usable() => KeyState::Expired,
        _ => KeyState::Active,
    };
    TokenItem {
        id: token.id,
        role: token.role,
        label: token.label,
        state,
        created_at: token.created_at,
        expires_at: token.expires_at,
        revoked_at: token.revoked_at,
    }
}
