//! What handlers take from a request.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::error::Error;

/// Marks a request that came over TCP, where its Host header says under which name this server was reached.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct OverTcp;

/// The authority a client used to reach this server; `None` over the Unix socket.
#[derive(Debug, Clone)]
pub(in crate::http) struct ReachedAs(pub(in crate::http) Option<Authority>);

impl<S: Sync> FromRequestParts<S> for ReachedAs {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        if parts.extensions.get::<OverTcp>().is_none() {
            return Ok(Self(None));
        }
        // HTTP/2 has it in the URI, HTTP/1.1 in a header.
        let header = || parts.headers.get(HOST)?.to_str().ok()?.parse().ok();
        let authority: Option<Authority> = parts.uri.authority().cloned().or_else(header);
        Ok(Self(authority.filter(|authority| !authority.as_str().contains('@'))))
    }
}

/// A JSON body, whatever its Content-Type says; an empty one counts as `{}`.
pub(in crate::http) struct Body<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|err: BytesRejection| Problem::unreadable_body(&err))?;
        let text = if bytes.is_empty() { b"{}" } else { bytes.as_ref() };
        serde_json::from_slice(text)
            .map(Self)
            .map_err(|err| Error::Invalid(format!("the body is not what is expected here: {err}")).into())
    }
}

/// The query of a list.
pub(in crate::http) struct Asked<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|err| Error::Invalid(err.body_text()).into())
    }
}

/// A span of time given in seconds, from one second to a century.
pub(in crate::http) fn span(what: &str, seconds: u64) -> Result<Duration, Error> {
    const CENTURY: u64 = 100 * 365 * 24 * 3600;
    if (1..=CENTURY).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(Error::Invalid(format!("{what} must be from 1 to {CENTURY} seconds, not {seconds}")))
    }
}
