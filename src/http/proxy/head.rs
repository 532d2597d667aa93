//! Heads of answers. Nothing that an origin says gets here by itself: each header is put in by name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Response, StatusCode, header};

use super::plane::Opened;
use crate::http::respond;
use crate::proxy::cache::{Head, Outcome};
use crate::proxy::outward::Outward;

/// Where an answer comes from.
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
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

/// Where an answer with a resource comes from.
pub(super) fn describe(headers: &mut HeaderMap, outcome: Outcome) {
    respond::set(headers, X_CACHE, x_cache(outcome));
}

/// Which version it is, and how long a client may keep it: no longer than its origin lets the cache do so (`fresh_for`, see
/// [`Found`](crate::proxy::cache::Found::fresh_for)), nor than its URL works.
pub(super) fn validate(headers: &mut HeaderMap, head: &Head, fresh_for: Option<Duration>, opened: &Opened) {
    for (name, value) in [(header::ETAG, &head.etag), (header::LAST_MODIFIED, &head.last_modified)] {
        if let Some(value) = value {
            respond::set(headers, name, value);
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
    let works_for = opened.expires_unix.saturating_sub(now);
    respond::set(headers, header::CACHE_CONTROL, &cache_control(fresh_for, works_for));
}

/// A URL is its holder's alone, so nothing but their own cache keeps what it gives.
fn cache_control(fresh_for: Option<Duration>, works_for: u64) -> String {
    let Some(fresh_for) = fresh_for else { return "no-store".to_owned() };
    match fresh_for.as_secs().min(works_for).min(MAX_AGE_MAX) {
        0 => "private, no-cache".to_owned(),
        max_age => format!("private, max-age={max_age}"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_keep_nothing_for_longer_than_they_may() {
        let secs = |secs| Some(Duration::from_secs(secs));
        for (fresh_for, works_for, said) in [
            (None, 9999, "no-store"),
            (secs(0), 9999, "private, no-cache"),
            (Some(Duration::from_millis(999)), 9999, "private, no-cache"),
            (secs(5), 9999, "private, max-age=5"),
            (secs(86_400), 9999, "private, max-age=3600"),
            (secs(86_400), 7, "private, max-age=7"),
            (secs(5), 0, "private, no-cache"),
        ] {
            assert_eq!(cache_control(fresh_for, works_for), said);
        }
    }
}
