//! Streams: list, make, show, change, kick, delete, and signed play URLs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use synctv_store::{Stream, StreamKind};
use time::OffsetDateTime;

use super::AdminState;
use super::openapi::Failure;
use super::problem::Answer;
use super::request::{Body, ReachedAs, span};
use super::wire::{ChangeStream, CreatePlayUrl, CreateStream, Kicked, SignedUrls, StreamItem, StreamList};
use crate::error::Error;
use crate::live::{PullState, StreamStatus};
use crate::proxy::sign::sign;

/// All streams the store knows.
#[utoipa::path(
    get,
    path = "/api/v1/streams",
    tag = "streams",
    responses((status = 200, description = "By name", body = StreamList), Failure)
)]
pub(super) async fn list(State(state): State<AdminState>) -> Answer<Json<StreamList>> {
    let streams = state.store.streams().await?.into_iter().map(|stream| item(&state, stream)).collect();
    Ok(Json(StreamList { streams }))
}

/// Make a stream; nothing happens when it exists with the same visibility.
#[utoipa::path(
    post,
    path = "/api/v1/streams",
    tag = "streams",
    request_body = CreateStream,
    responses((status = 201, description = "Made", body = StreamItem), (status = 200, description = "It existed", body = StreamItem), Failure)
)]
pub(super) async fn create(
    State(state): State<AdminState>,
    Body(wanted): Body<CreateStream>,
) -> Answer<(StatusCode, Json<StreamItem>)> {
    let made = state.store.create_stream(&wanted.name, wanted.private.unwrap_or(false)).await?;
    if made.created {
        state.hub.set_private(&wanted.name, made.stream.private);
        return Ok((StatusCode::CREATED, Json(item(&state, made.stream))));
    }
    if let Some(private) = wanted.private.filter(|private| *private != made.stream.private) {
        let (is, to) = if private { ("public", "--private") } else { ("private", "--public") };
        let name = &wanted.name;
        let text = format!("stream `{name}` exists and is {is}: change it with `synctv stream set {name} {to}`");
        return Err(Error::Conflict(text).into());
    }
    Ok((StatusCode::OK, Json(item(&state, made.stream))))
}

/// What a stream carries, and what will not play where.
#[utoipa::path(
    get,
    path = "/api/v1/streams/{name}",
    tag = "streams",
    params(("name" = String, Path, description = "Name of the stream")),
    responses((status = 200, description = "The stream", body = StreamStatus), Failure)
)]
pub(super) async fn show(State(state): State<AdminState>, Path(name): Path<String>) -> Answer<Json<StreamStatus>> {
    let mut status = match state.hub.status(&name) {
        Some(status) => status,
        None => {
            let stream = state.store.stream(&name).await?;
            StreamStatus::offline(&stream.name, stream.private)
        }
    };
    status.pull = state.pulls.describe(&name).await;
    Ok(Json(status))
}

/// Change who may watch.
#[utoipa::path(
    patch,
    path = "/api/v1/streams/{name}",
    tag = "streams",
    params(("name" = String, Path, description = "Name of the stream")),
    request_body = ChangeStream,
    responses((status = 200, description = "Changed", body = StreamItem), Failure)
)]
pub(super) async fn change(
    State(state): State<AdminState>,
    Path(name): Path<String>,
    Body(wanted): Body<ChangeStream>,
) -> Answer<Json<StreamItem>> {
    let stream = state.store.set_private(&name, wanted.private).await?;
    state.hub.set_private(&name, stream.private);
    // One that is only connecting has nothing in the hub yet.
    state.pulls.recheck(&name);
    Ok(Json(item(&state, stream)))
}

/// Delete a stream and its keys; publisher and viewers are closed.
#[utoipa::path(
    delete,
    path = "/api/v1/streams/{name}",
    tag = "streams",
    params(("name" = String, Path, description = "Name of the stream")),
    responses((status = 204, description = "Deleted"), Failure)
)]
pub(super) async fn delete(State(state): State<AdminState>, Path(name): Path<String>) -> Answer<StatusCode> {
    state.store.delete_stream(&name).await?;
    state.hub.remove(&name);
    tracing::info!(stream = name, "stream deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// Close the publisher; its key goes on working.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{name}/kick",
    tag = "streams",
    params(("name" = String, Path, description = "Name of the stream")),
    responses((status = 200, description = "Closed", body = Kicked), Failure)
)]
pub(super) async fn kick(State(state): State<AdminState>, Path(name): Path<String>) -> Answer<Json<Kicked>> {
    if state.hub.kick(&name, "closed by the operator") {
        tracing::info!(stream = name, "publisher kicked");
        return Ok(Json(Kicked { stream: name, kicked: true }));
    }
    // A stream that is live without being stored (open publishing) was found above.
    state.store.stream(&name).await?;
    Err(Error::Conflict(format!("nobody publishes to `{name}`")).into())
}

/// Signed play URLs, for a private stream.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{name}/url",
    tag = "streams",
    params(("name" = String, Path, description = "Name of the stream")),
    request_body = CreatePlayUrl,
    responses((status = 200, description = "The URLs", body = SignedUrls), Failure)
)]
pub(super) async fn play_url(
    State(state): State<AdminState>,
    Path(name): Path<String>,
    ReachedAs(reached): ReachedAs,
    Body(wanted): Body<CreatePlayUrl>,
) -> Answer<Json<SignedUrls>> {
    let lifetime = span("the lifetime of a play URL", wanted.expires_in_s)?;
    let stream = state.store.stream(&name).await?;
    let key = state.store.signing_key().await?;
    // Whole seconds, rounded up: a URL never lives shorter than asked for.
    let end = OffsetDateTime::now_utc() + lifetime + std::time::Duration::from_millis(999);
    let expires_at = end.replace_nanosecond(0).unwrap_or(end);
    let expires_unix = u64::try_from(expires_at.unix_timestamp()).unwrap_or(0);
    let query = sign(&key, &stream.name, expires_unix);
    let play = state.endpoints.bases(reached.as_ref()).play(&stream.name, Some(&query));
    Ok(Json(SignedUrls { stream: stream.name, expires_at, play }))
}

fn item(state: &AdminState, stream: Stream) -> StreamItem {
    let status = state.hub.status(&stream.name).unwrap_or_else(|| StreamStatus::offline(&stream.name, stream.private));
    StreamItem {
        name: status.name.clone(),
        pull: match stream.kind {
            StreamKind::Push => None,
            StreamKind::Pull => Some(state.pulls.status(&status.name).map_or(PullState::Idle, |pull| pull.state)),
        },
        kind: stream.kind,
        private: stream.private,
        state: status.state,
        viewers: status.viewers,
        bitrate_bps: status.bitrate_bps,
        created_at: stream.created_at,
    }
}
