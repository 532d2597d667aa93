//! Who asks, and what they may do in a room: the operator everything, a token's holder what its role says.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use synctv_store::{Role, Room, RoomToken, Store};

use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::problem::Problem;
use crate::http::admin::token::{bearer_of, is_operator};
use crate::keys;

/// Who asks.
#[derive(Debug, Clone)]
pub(in crate::http) struct Caller {
    /// What they may do.
    pub role: Role,
    /// Their token; `None` for the operator.
    pub token: Option<RoomToken>,
}

/// The room that a path names and who asks, with the role of a viewer at least. As the first thing that a handler takes it keeps
/// strangers' bodies from being read.
#[derive(Debug)]
pub(in crate::http) struct InRoom {
    /// The room.
    pub room: Room,
    /// Who asks.
    pub caller: Caller,
}

impl FromRequestParts<AdminState> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Problem> {
        let room = room_in_path(parts).await?;
        let (room, caller) = enter(state.store.as_ref(), parts, None, &room, Role::Viewer).await?;
        Ok(Self { room, caller })
    }
}

/// The `{room}` of a path.
///
/// # Errors
/// `NotFound` for a path that is no text.
pub(super) async fn room_in_path(parts: &mut Parts) -> Result<String, Error> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|err| Error::NotFound(err.to_string()))?;
    let room = params.iter().find(|(name, _)| *name == "room").map(|(_, value)| value.to_owned());
    room.ok_or_else(|| Error::NotFound("the path names no room".into()))
}

/// The room that is asked for, by id or name, and who asks. `query_token` is the `?token=` of a WebSocket.
///
/// # Errors
/// `Unauthorized` without a token that works, `NotFound` when there is no such room, `Forbidden` for another room's token or too
/// small a role.
pub(in crate::http) async fn enter(
    store: &dyn Store,
    parts: &Parts,
    query_token: Option<&str>,
    room: &str,
    least: Role,
) -> Result<(Room, Caller), Error> {
    if is_operator(&parts.extensions) {
        return Ok((store.room(room).await?, Caller { role: Role::Owner, token: None }));
    }
    let secret = query_token.or_else(|| bearer_of(&parts.headers));
    let secret =
        secret.ok_or_else(|| Error::Unauthorized("a token of this room is needed: ask its owner for one".into()))?;
    let wrong = |why: &str| Error::Unauthorized(format!("the token {why}: ask the room's owner for a new one"));
    let token = store.token_by_hash(&keys::hash(secret)).await?.ok_or_else(|| wrong("is not known"))?;
    if token.revoked_at.is_some() {
        return Err(wrong("was revoked"));
    }
    if !token.usable() {
        return Err(wrong("has expired"));
    }
    let room = store.room(room).await?;
    if token.room_id != room.id {
        return Err(Error::Forbidden("the token is for another room".into()));
    }
    let role = token.role;
    let caller = Caller { role, token: Some(token) };
    caller.need(least)?;
    Ok((room, caller))
}

impl Caller {
    /// Who it is, for the log: the token's public id, or `operator`.
    pub(in crate::http) fn by(&self) -> &str {
        self.token.as_ref().map_or("operator", |token| &token.id)
    }

    /// Refuses a role that is too small.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(in crate::http) fn need(&self, least: Role) -> Result<(), Error> {
        if self.role >= least {
            return Ok(());
        }
        Err(Error::Forbidden(format!("this needs the role {least}; the token is for a {}", self.role)))
    }
}
