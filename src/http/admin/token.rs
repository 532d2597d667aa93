//! The bearer token that stands before the API on TCP (RFC 6750).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::openapi;
use super::problem::Problem;
use super::request::OverTcp;
use crate::error::Error;
use crate::keys;
use crate::secret::Secret;

/// Puts a token before a router that is reached over TCP. Without a configured token everything but the API's description is
/// refused.
pub fn require_token(router: Router, token: Option<Secret>) -> Router {
    router.layer(from_fn_with_state(Arc::new(token), check))
}

/// Marks a request that showed the operator's token.
#[derive(Debug, Clone, Copy)]
struct ShowedToken;

/// Whether the operator asks: over the Unix socket, or with the operator's token.
pub(in crate::http) fn is_operator(extensions: &Extensions) -> bool {
    extensions.get::<OverTcp>().is_none() || extensions.get::<ShowedToken>().is_some()
}

/// Paths within one room, whose handlers judge the room's own tokens.
fn is_within_a_room(path: &str) -> bool {
    path.strip_prefix("/api/v1/rooms/").is_some_and(|rest| !rest.is_empty())
}

async fn check(State(token): State<Arc<Option<Secret>>>, mut request: Request, next: Next) -> Response {
    if request.uri().path() == openapi::PATH {
        return next.run(request).await;
    }
    let judged = judge(token.as_ref().as_ref(), &request);
    let in_room = is_within_a_room(request.uri().path());
    let extensions = request.extensions_mut();
    extensions.insert(OverTcp);
    match judged {
        Ok(()) => {
            extensions.insert(ShowedToken);
        }
        Err(_) if in_room => {}
        Err(err) => return Problem::from(err).into_response(),
    }
    next.run(request).await
}

fn judge(token: Option<&Secret>, request: &Request) -> Result<(), Error> {
    let shown = bearer_of(request.headers());
    if shown
        .is_some_and(|shown| shown.starts_with(keys::ROOM_TOKEN) && !token.is_some_and(|token| token.matches(shown)))
    {
        return Err(Error::Unauthorized(
            "a room's token opens its room only: this needs the server's own token (its http.token)".to_owned(),
        ));
    }
    let Some(token) = token else {
        return Err(Error::Forbidden(
            "remote administration is off: set http.token (or SYNCTV_TOKEN) on the server, or use the command on the \
             server's machine with --data-dir"
                .to_owned(),
        ));
    };
    match shown {
        None => Err(Error::Unauthorized("a token is needed: --token or SYNCTV_TOKEN".to_owned())),
        Some(shown) if token.matches(shown) => Ok(()),
        Some(_) => Err(Error::Unauthorized("the token is not the one this server was given".to_owned())),
    }
}

/// The bearer token of a request, if it shows one.
pub(in crate::http) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer)
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter (RFC 9110 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
