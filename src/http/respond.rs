//! Answers in the forms every route uses.

use axum::body::Body;
use bytes::Bytes;
use hyper::{HeaderMap, Method, Response, StatusCode, header, header::HeaderValue};

/// A problem document (RFC 9457) with this status and text.
pub fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    set(response.headers_mut(), header::CONTENT_TYPE, "application/problem+json");
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

/// A whole body of a type, to be cached as said.
pub fn bytes(body: Bytes, content_type: &'static str, cache: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    set(response.headers_mut(), header::CONTENT_TYPE, content_type);
    set(response.headers_mut(), header::CACHE_CONTROL, cache);
    response
}

/// What scripts of other origins may read of an answer, besides what they always may.
const EXPOSED: &str = "Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, X-Cache, Date, Retry-After";
/// What they may ask with, besides what they always may: by name too, since not every browser knows the asterisk.
const ALLOWED: &str = "Range, If-Range, If-None-Match, If-Modified-Since, If-Match, If-Unmodified-Since, *";
/// Pages that isolate themselves may use what comes from here.
const CROSS_ORIGIN_RESOURCE_POLICY: header::HeaderName =
    header::HeaderName::from_static("cross-origin-resource-policy");

/// Lets pages of any origin play.
pub fn cors(headers: &mut HeaderMap) {
    set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    set(headers, CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin");
}

/// The answer to OPTIONS on anything that can be played.
pub fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let h = response.headers_mut();
    set(h, header::ALLOW, "GET, HEAD, OPTIONS");
    set(h, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS");
    set(h, header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED);
    set(h, header::ACCESS_CONTROL_MAX_AGE, "86400");
    response
}

/// 405 for anything but what is played with.
pub fn method_not_allowed(method: &Method) -> Response<Body> {
    let mut response =
        problem(StatusCode::METHOD_NOT_ALLOWED, &format!("{method} is not served here; use GET or HEAD"));
    set(response.headers_mut(), header::ALLOW, "GET, HEAD, OPTIONS");
    response
}

/// Sets a header; a value that cannot be one is left out.
pub fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Whether the client takes gzip.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()).any(|v| {
        v.split(',').any(|coding| {
            let mut parts = coding.split(';');
            let named = parts.next().is_some_and(|n| n.trim().eq_ignore_ascii_case("gzip"));
            named && !parts.any(|q| matches!(q.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    })
}
