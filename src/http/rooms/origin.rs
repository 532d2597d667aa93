//! Which pages may open a WebSocket, and ask how to play: a browser sends cookies and reaches private networks for any page, so its
//! Origin (RFC 6454) is judged. Programs send none.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::admin::AdminState;
use crate::http::respond;

/// A browser asks again so late whether a page may, in seconds.
const ASKED_AGAIN_AFTER: &str = "600";

/// The origins of this server as one request shows them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own<'a> {
    /// The Host header.
    pub(super) host: Option<&'a str>,
    /// Host and port of `http.public_url`.
    pub(super) public: Option<&'a str>,
    /// `http.allowed_origins`; `*` for all.
    pub(super) allowed: &'a [String],
}

/// Whether a page of this origin may connect.
pub(super) fn may_connect(origin: &str, own: Own<'_>) -> bool {
    let listed = |one: &String| one == "*" || one.trim_end_matches('/').eq_ignore_ascii_case(origin);
    if own.allowed.iter().any(listed) {
        return true;
    }
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    // Also "null", the origin of sandboxed frames and files, has none.
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let shown = without_default_port(authority.as_str(), scheme);
    [own.host, own.public]
        .into_iter()
        .flatten()
        .any(|own| without_default_port(own, scheme).eq_ignore_ascii_case(shown))
}

impl<'a> Own<'a> {
    /// As this request shows them.
    pub(super) fn of(state: &'a AdminState, headers: &'a HeaderMap) -> Self {
        let host = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
        let public = state.endpoints.public_url.as_ref().map(|url| url.authority().as_str());
        Self { host, public, allowed: &state.allowed_origins }
    }
}

/// Lets a page that may join a room ask from there how to play what it plays (Fetch 3.2): the WebSocket tells all else.
pub(in crate::http) async fn admit(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    let within = request.uri().path().strip_prefix("/api/v1/rooms/");
    let asks_how_to_play = within.and_then(|rest| rest.split_once('/')).is_some_and(|(_, rest)| rest == "playback");
    if !asks_how_to_play {
        return next.run(request).await;
    }
    let may = |origin: &&HeaderValue| {
        origin.to_str().is_ok_and(|origin| may_connect(origin, Own::of(&state, request.headers())))
    };
    let origin = request.headers().get(header::ORIGIN).filter(may).cloned();
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if is_preflight => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let h = response.headers_mut();
    h.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        h.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        respond::set(h, header::ACCESS_CONTROL_EXPOSE_HEADERS, "Retry-After");
        if is_preflight {
            respond::set(h, header::ACCESS_CONTROL_ALLOW_METHODS, "GET");
            respond::set(h, header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization");
            respond::set(h, header::ACCESS_CONTROL_MAX_AGE, ASKED_AGAIN_AFTER);
        }
    }
    response
}

fn without_default_port<'a>(authority: &'a str, scheme: &str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;
    use crate::http::admin::router;
    use crate::http::rooms::tests::server;

    #[tokio::test]
    async fn a_page_that_may_join_may_ask_how_to_play() {
        let server = server().await;
        let mut state = server.api.state.clone();
        state.allowed_origins = ["https://friends.example".to_owned()].into();
        let ask = async |method: &str, path: &str, origin: &str| {
            let request = axum::http::Request::builder().method(method).uri(path).header("Origin", origin);
            let request = request.header("Access-Control-Request-Method", "GET").body(axum::body::Body::empty());
            let reply = router(state.clone()).oneshot(request.unwrap()).await.unwrap();
            let text = |name: &str| reply.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let names = ["access-control-allow-origin", "access-control-allow-headers", "vary"];
            (reply.status().as_u16(), names.map(text))
        };
        let (page, path) = ("https://friends.example", "/api/v1/rooms/r_1/playback");
        let some = |text: &str| Some(text.to_owned());
        let (status, told) = ask("OPTIONS", path, page).await;
        assert_eq!((status, told), (204, [some(page), some("Authorization"), some("Origin")]));
        let (status, told) = ask("GET", path, page).await;
        assert_eq!((status, told), (404, [some(page), None, some("Origin")]), "what goes wrong can be read too");
        assert_eq!(ask("GET", path, "https://evil.example").await.1, [None, None, some("Origin")]);
        assert_eq!(ask("OPTIONS", path, "https://evil.example").await.0, 405);
        for elsewhere in ["/api/v1/rooms/r_1/tokens", "/api/v1/keys", "/api/v1/rooms/playback"] {
            assert_eq!(ask("GET", elsewhere, page).await.1, [None, None, None], "{elsewhere}");
        }
    }

    #[test]
    fn pages_of_this_server_and_listed_ones_may_connect() {
        let allowed = ["https://friends.example".to_owned()];
        let own = Own { host: Some("tv.example:8080"), public: Some("live.example"), allowed: &allowed };
        for (origin, may) in [
            ("http://tv.example:8080", true),
            ("https://TV.example:8080", true),
            ("http://tv.example", false),
            ("http://tv.example:8081", false),
            ("https://live.example", true),
            ("https://live.example:443", true),
            ("https://friends.example", true),
            ("http://friends.example", false),
            ("https://evil.example", false),
            ("https://live.example.evil.example", false),
            ("null", false),
            ("", false),
            ("live.example", false),
        ] {
            assert_eq!(may_connect(origin, own), may, "{origin}");
        }
    }

    #[test]
    fn a_star_lets_all_in() {
        let allowed = ["*".to_owned()];
        assert!(may_connect("https://evil.example", Own { host: None, public: None, allowed: &allowed }));
    }
}
