//! The bearer token that stands before the API on TCP (RFC 6750).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::openapi;
use super::problem::Problem;
use super::request::OverTcp;
use crate::error::Error;
use crate::secret::Secret;

/// Puts a token before a router that is reached over TCP. Without a configured token everything but the API's description is
/// refused.
pub fn require_token(router: Router, token: Option<Secret>) -> Router {
    router.layer(from_fn_with_state(Arc::new(token), check))
}

async fn check(State(token): State<Arc<Option<Secret>>>, mut request: Request, next: Next) -> Response {
    if request.uri().path() == openapi::PATH {
        return next.run(request).await;
    }
    match judge(token.as_ref().as_ref(), &request) {
        Ok(()) => {
            request.extensions_mut().insert(OverTcp);
            next.run(request).await
        }
        Err(err) => Problem::from(err).into_response(),
    }
}

fn judge(token: Option<&Secret>, request: &Request) -> Result<(), Error> {
    let Some(token) = token else {
        return Err(Error::Forbidden(
            "remote administration is off: set http.token (or SYNCTV_TOKEN) on the server, or use the command on the \
             server's machine with --data-dir"
                .to_owned(),
        ));
    };
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    match shown {
        None => Err(Error::Unauthorized("a token is needed: --token or SYNCTV_TOKEN".to_owned())),
        Some(shown) if token.matches(shown) => Ok(()),
        Some(_) => Err(Error::Unauthorized("the token is not the one this server was given".to_owned())),
    }
}

/// The token of `Bearer TOKEN`; the scheme's case does not matter (RFC 9110 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
