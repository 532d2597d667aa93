//! Heads of answers. Nothing that an origin says gets here by itself: each header is put in by name.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Response, StatusCode, header};

use super::plane::Opened;
use crate::http::respond;
use crate::proxy::cache::{Head, Outcome};
use crate::proxy::outward::Outward;

/// Where an answer comes from.
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// Pages that isolate themselves may use what comes from here.
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Clients keep nothing for longer, in seconds.
const MAX_AGE_MAX: u64 = 3600;

/// A problem document.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    respond::problem(status, detail)
}

/// What a client is told of an origin's failure. All that an origin does wrong reads alike.
pub(super) fn failed(outward: Outward) -> Response<Body> {
    let (status, detail) = match outward {
        Outward::NotFound => (StatusCode::NOT_FOUND, "the origin does not have this"),
        Outward::Gone => (StatusCode::GONE, "the origin does not have this any more"),
        Outward::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, "nothing lies there"),
        Outward::BadGateway => (StatusCode::BAD_GATEWAY, "the origin does not give this as it must"),
        Outward::Late => (StatusCode::GATEWAY_TIMEOUT, "the origin does not answer in time"),
        Outward::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too much is being fetched: try again"),
    };
    let mut response = problem(status, detail);
    if outward == Outward::Busy {
        respond::set(response.headers_mut(), header::RETRY_AFTER, "2");
    }
    response
}

/// What every answer with a resource says of it.
pub(super) fn describe(headers: &mut HeaderMap, outcome: Outcome) {
    respond::set(headers, X_CACHE, x_cache(outcome));
    respond::set(headers, CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin");
}

/// Which version it is, and how long a client may keep it: no longer than its URL works.
pub(super) fn validate(headers: &mut HeaderMap, head: &Head, opened: &Opened) {
    for (name, value) in [(header::ETAG, &head.etag), (header::LAST_MODIFIED, &head.last_modified)] {
        if let Some(value) = value {
            respond::set(headers, name, value);
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
    let max_age = opened.expires_unix.saturating_sub(now).min(MAX_AGE_MAX);
    respond::set(headers, header::CACHE_CONTROL, &format!("private, max-age={max_age}"));
}

const fn x_cache(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Hit => "HIT",
        Outcome::Miss => "MISS",
        Outcome::Stale => "STALE",
        Outcome::Revalidated => "REVALIDATED",
        Outcome::Bypass => "BYPASS",
        Outcome::Negative => "NEGATIVE",
    }
}
