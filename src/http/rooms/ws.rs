//! `/api/v1/rooms/{room}/ws`: from the request to the moment the connection is the room's.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use synctv_store::{Role, Room};
use tokio::time::Instant;

use super::access::{Caller, enter, room_in_path};
use super::greeting;
use super::origin::{Own, may_connect};
use super::session::Joined;
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::Problem;
use crate::http::admin::request::Asked;
use crate::http::handover::{Handover, Takeover};
use crate::http::{respond, ws};
use crate::keys;
use crate::room::runtime::{MEMBER_NAME_MAX, Member};

/// The query of the WebSocket's URL.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Joining {
    token: Option<String>,
    name: Option<String>,
}

/// Join a room over WebSocket (RFC 6455, HTTP/1.1). The first message is the whole state, `{"type":"state",...}`.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/ws",
    tag = "rooms",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("token" = Option<String>, Query, description = "A token of the room, where no header can be sent"),
        ("name" = Option<String>, Query, description = "What the others read, 1 to 64 characters"),
    ),
    responses((status = 101, description = "Joined"), Failure)
)]
pub(in crate::http) async fn join(
    State(state): State<AdminState>,
    Asked(joining): Asked<Joining>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    check_origin(&state, &parts)?;
    let named = room_in_path(&mut parts).await?;
    let token = joining.token.as_deref();
    let store = state.store.as_ref();
    let (room, caller) = enter(store, &parts, token, &named, Role::Viewer).await?;
    let handover = match switch(&parts) {
        Ok(handover) => handover,
        Err(refusal) => return Ok(*refusal),
    };
    let response = ws::accept(&parts.headers);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    let member = member(&room, &caller, joining.name)?;
    let mut connection = state.rooms.runtime.join(&room.id, member)?;
    let (first, head) = greeting::state(&state.rooms, &room, &mut connection).await?;
    // Asked again: a revocation since the first time did not find this connection, or lies before the event from which on this
    // process announces. Not before the state is read: what is revoked later has a later number.
    let (room, caller) = enter(store, &parts, token, &room.id, Role::Viewer).await?;
    let chats = greeting::chats(&state.rooms, &room.id, head).await?;
    let first = std::iter::once(first).chain(chats).collect();
    let remaining = caller.token.as_ref().and_then(|token| token.remaining);
    let expires = remaining.and_then(|remaining| Instant::now().checked_add(remaining));
    tracing::debug!(room = room.id, member = connection.member().id, by = caller.by(), "member joins");
    handover.ask(Takeover::Room(Box::new(Joined { plane: state.rooms, connection, first, expires })));
    Ok(response)
}

fn check_origin(state: &AdminState, parts: &Parts) -> Result<(), Error> {
    let Some(origin) = parts.headers.get(header::ORIGIN) else { return Ok(()) };
    if may_connect(origin.to_str().unwrap_or_default(), Own::of(state, &parts.headers)) {
        return Ok(());
    }
    Err(Error::Forbidden("pages of this origin may not connect: add it to http.allowed_origins on the server".into()))
}

/// What takes the connection over, when the request asks for a WebSocket on a connection that can become one.
fn switch(parts: &Parts) -> Result<Arc<Handover>, Box<Response>> {
    let mut asked = Request::new(());
    (*asked.method_mut(), *asked.version_mut(), *asked.headers_mut()) =
        (parts.method.clone(), parts.version, parts.headers.clone());
    let handover = parts.extensions.get::<Arc<Handover>>();
    match handover {
        Some(handover) if ws::is_upgrade(&asked) => Ok(Arc::clone(handover)),
        Some(_) => {
            let detail = "this is a WebSocket: send `Connection: Upgrade` and `Upgrade: websocket`";
            let mut refusal: Response<Body> = respond::problem(StatusCode::UPGRADE_REQUIRED, detail);
            respond::set(refusal.headers_mut(), header::UPGRADE, "websocket");
            respond::set(refusal.headers_mut(), header::CONNECTION, "Upgrade");
            Err(refusal.into())
        }
        None => Err(Box::new(respond::problem(
            StatusCode::BAD_REQUEST,
            "a WebSocket needs a connection of its own with HTTP/1.1; over HTTP/2 (RFC 8441) it is not served",
        ))),
    }
}

/// The member that joins: called what the URL says, else what the token's label says.
fn member(room: &Room, caller: &Caller, name: Option<String>) -> Result<Member, Error> {
    let name = match name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) {
        Some(name) if name.chars().count() > MEMBER_NAME_MAX || name.chars().any(char::is_control) => {
            let text = format!("a member's name has at most {MEMBER_NAME_MAX} characters and no control characters");
            return Err(Error::Invalid(text));
        }
        Some(name) => name,
        None => {
            let label = caller.token.as_ref().and_then(|token| token.label.as_deref()).unwrap_or("guest");
            label.chars().take(MEMBER_NAME_MAX).collect()
        }
    };
    let id = keys::fresh_id("c_").map_err(|err| {
        tracing::error!(room = room.id, error = %err, "no random bytes");
        Error::Unavailable("the system gives no random bytes".into())
    })?;
    Ok(Member { id, name, role: caller.role, token_id: caller.token.as_ref().map(|token| token.id.clone()) })
}

#[cfg(test)]
#[path = "ws_tests.rs"]
mod tests;
