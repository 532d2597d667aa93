//! Publish keys: make, list, revoke, rotate. A secret leaves the server in the answer that made it, and never again.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::uri::Authority;
use serde::Deserialize;
use synctv_store::{NewKey, PublishKey, Rotation, Stream, check_name};

use super::AdminState;
use super::openapi::Failure;
use super::problem::Answer;
use super::request::{Body, ReachedAs, span};
use super::wire::{CreateKey, CreatedKey, KeyItem, KeyList, KeyState, RotateKey};
use crate::error::Error;
use crate::keys::{FreshKey, hash};
use crate::secret::Secret;

/// Longest label, in characters.
const LABEL_MAX: usize = 100;

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    stream: Option<String>,
}

/// Keys without their secrets.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    tag = "keys",
    params(("stream" = Option<String>, Query, description = "Only the keys of this stream")),
    responses((status = 200, description = "Oldest first within a stream", body = KeyList), Failure)
)]
pub(super) async fn list(State(state): State<AdminState>, Query(filter): Query<Filter>) -> Answer<Json<KeyList>> {
    if let Some(name) = &filter.stream {
        state.store.stream(name).await?;
    }
    let keys = state.store.keys(filter.stream.as_deref()).await?.into_iter().map(item).collect();
    Ok(Json(KeyList { keys }))
}

/// Make a key, and its stream when missing. The secret is in this answer and in no other.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "keys",
    request_body = CreateKey,
    responses((status = 201, description = "Made", body = CreatedKey), Failure)
)]
pub(super) async fn create(
    State(state): State<AdminState>,
    ReachedAs(reached): ReachedAs,
    Body(wanted): Body<CreateKey>,
) -> Answer<(StatusCode, Json<CreatedKey>)> {
    check_name(&wanted.stream).map_err(|err| Error::Invalid(err.to_string()))?;
    let label = wanted.label.map(check_label).transpose()?;
    let lifetime = wanted.expires_in_s.map(|s| span("the lifetime of a key", s)).transpose()?;
    let stream = state.store.create_stream(&wanted.stream, false).await?.stream;
    let made = made(&state, reached.as_ref(), stream, label, lifetime).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Makes a key for a stream that exists.
///
/// # Errors
/// `Unavailable` without random bytes, and those of the store.
pub(in crate::http) async fn made(
    state: &AdminState,
    reached: Option<&Authority>,
    stream: Stream,
    label: Option<String>,
    lifetime: Option<Duration>,
) -> Answer<CreatedKey> {
    let fresh = fresh_key()?;
    let key = NewKey { id: fresh.id, stream: stream.name, label, hash: hash(fresh.secret.reveal()), lifetime };
    let key = state.store.create_key(&key).await?;
    tracing::info!(stream = key.stream, key_id = key.id, "publish key created");
    Ok(created(state, reached, key, &fresh.secret, stream.private))
}

/// End a key for good and close the publisher that uses it.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{id}",
    tag = "keys",
    params(("id" = String, Path, description = "Public id of the key")),
    responses((status = 200, description = "Revoked", body = KeyItem), Failure)
)]
pub(super) async fn revoke(State(state): State<AdminState>, Path(id): Path<String>) -> Answer<Json<KeyItem>> {
    let key = state.store.revoke_key(&id).await?;
    let closed = state.hub.kick_key(&key.id, "the publish key is revoked");
    tracing::info!(stream = key.stream, key_id = key.id, closed, "publish key revoked");
    Ok(Json(item(key)))
}

/// The same, for clients that cannot send DELETE.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/revoke",
    tag = "keys",
    params(("id" = String, Path, description = "Public id of the key")),
    responses((status = 200, description = "Revoked", body = KeyItem), Failure)
)]
pub(super) async fn revoke_by_post(state: State<AdminState>, id: Path<String>) -> Answer<Json<KeyItem>> {
    revoke(state, id).await
}

/// Make a successor; the old key goes on working for the overlap.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/rotate",
    tag = "keys",
    params(("id" = String, Path, description = "Public id of the key")),
    request_body = RotateKey,
    responses((status = 201, description = "The successor", body = CreatedKey), Failure)
)]
pub(super) async fn rotate(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    ReachedAs(reached): ReachedAs,
    Body(wanted): Body<RotateKey>,
) -> Answer<(StatusCode, Json<CreatedKey>)> {
    let lifetime = wanted.expires_in_s.map(|s| span("the lifetime of a key", s)).transpose()?;
    let overlap = match wanted.overlap_s {
        0 => Duration::ZERO,
        s => span("the overlap", s)?,
    };
    let fresh = fresh_key()?;
    let rotation = Rotation { id: fresh.id, hash: hash(fresh.secret.reveal()), lifetime, overlap };
    let key = state.store.rotate_key(&id, &rotation).await?;
    if overlap.is_zero() {
        state.hub.kick_key(&id, "the publish key was replaced");
    }
    let private = state.store.stream(&key.stream).await?.private;
    tracing::info!(stream = key.stream, key_id = key.id, replaces = id, "publish key rotated");
    let mut made = created(&state, reached.as_ref(), key, &fresh.secret, private);
    made.replaces = Some(id);
    Ok((StatusCode::CREATED, Json(made)))
}

fn fresh_key() -> Result<FreshKey, Error> {
    FreshKey::generate().map_err(|err| Error::Unavailable(format!("the system gives no random bytes: {err}")))
}

fn check_label(label: String) -> Result<String, Error> {
    if label.is_empty() || label.chars().count() > LABEL_MAX || label.chars().any(char::is_control) {
        return Err(Error::Invalid(format!("a label is 1 to {LABEL_MAX} characters without control characters")));
    }
    Ok(label)
}

fn created(
    state: &AdminState,
    reached: Option<&Authority>,
    key: PublishKey,
    secret: &Secret,
    private: bool,
) -> CreatedKey {
    let bases = state.endpoints.bases(reached);
    let stream_key = format!("{}?key={}", key.stream, secret.reveal());
    CreatedKey {
        secret: secret.reveal().to_owned(),
        server_url: bases.rtmp_server().to_owned(),
        publish_url: format!("{}/{stream_key}", bases.rtmp_server()),
        stream_key,
        play: bases.play(&key.stream, None),
        private,
        key_id: key.id,
        stream: key.stream,
        label: key.label,
        expires_at: key.expires_at,
        replaces: None,
    }
}

fn item(key: PublishKey) -> KeyItem {
    let state = match &key {
        key if key.revoked_at.is_some() => KeyState::Revoked,
        key if key.expired => KeyState::Expired,
        _ => KeyState::Active,
    };
    KeyItem {
        key_id: key.id,
        stream: key.stream,
        label: key.label,
        state,
        created_at: key.created_at,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        last_used_at: key.last_used_at,
        last_used_peer: key.last_used_peer,
        replaced_by: key.replaced_by,
    }
}
