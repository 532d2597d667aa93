//! Which request goes where.

use super::{
    handover::Handover,
    live, metrics,
    proxy::{self, ProxyPlane},
    readiness::Readiness,
    respond, rooms,
};
use crate::{
    live::{Hub, Pulls},
    page,
    room::RoomPlane,
};
use axum::body::Body;
use hyper::{Method, Request, Response, StatusCode, header};
use std::{net::SocketAddr, sync::Arc};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tower::ServiceExt;

/// What every route may use.
pub struct Gateway {
    /// The live plane.
    pub hub: Arc<Hub>,
    /// What is fetched from elsewhere while it is watched.
    pub pulls: Arc<Pulls>,
    /// Rooms.
    pub rooms: Arc<RoomPlane>,
    /// Signs play URLs of private streams.
    pub signing_key: [u8; 32],
    /// Judges URLs that were given out in rooms.
    pub sealed: Arc<proxy::Sealed>,
    /// The JSON API as it is served over TCP.
    pub api: axum::Router,
    /// Remote media.
    pub proxy: Arc<ProxyPlane>,
    /// What `/readyz` says.
    pub readiness: Arc<Readiness>,
}

/// The connection a request came on.
#[derive(Debug, Clone)]
pub struct Client {
    /// The peer's address.
    pub peer: SocketAddr,
    /// Takes an HTTP/1 connection back from hyper.
    pub handover: Option<Arc<Handover>>,
    /// Whether the live plane may write to the socket itself.
    pub direct: bool,
}

impl Gateway {
    /// Answers one request.
    pub async fn answer(&self, mut request: Request<Body>, client: Client) -> Response<Body> {
        let path = request.uri().path();
        if let Some(rest) = path.strip_prefix("/live/") {
            let rest = rest.to_owned();
            let request = request.map(drop);
            let mut response = match *request.method() {
                Method::OPTIONS => respond::preflight(),
                Method::GET | Method::HEAD => live::answer(self, &rest, &request, &client).await,
                ref other => respond::method_not_allowed(other),
            };
            respond::cors(response.headers_mut());
            return response;
        }
        if let Some(rest) = path.strip_prefix("/p/") {
            let rest = rest.to_owned();
            return proxy::answer(&self.proxy, &rest, &request.map(drop)).await;
        }
        match path {
            "/healthz" => probe(true),
            "/time" => time(request.method()),
            "/readyz" => probe(self.readiness.ready().await),
            "/metrics" => {
                let rooms = rooms::metrics::render(&self.rooms).await;
                let text = metrics::render(&self.hub) + &rooms + &self.proxy.metrics();
                respond::bytes(text.into(), metrics::CONTENT_TYPE, "no-store")
            }
            "/" => redirect("/watch/demo"),
            _ if path.starts_with("/watch/") || path.starts_with("/assets/") => page(path, request.method()),
            _ => {
                if let Some(handover) = client.handover {
                    request.extensions_mut().insert(handover);
                }
                self.api.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
            }
        }
    }
}

/// This server's time, as DASH players ask for it to set their clocks by (`urn:mpeg:dash:utc:http-iso:2014`, ISO 23009-1 5.8.4.11).
fn time(method: &Method) -> Response<Body> {
    let mut response = match *method {
        Method::OPTIONS => respond::preflight(),
        Method::GET | Method::HEAD => {
            let now = OffsetDateTime::now_utc().format(&Rfc3339).expect("this century can be written");
            respond::bytes(now.into(), "text/plain; charset=utf-8", "no-store")
        }
        ref other => respond::method_not_allowed(other),
    };
    respond::cors(response.headers_mut());
    response
}

fn probe(good: bool) -> Response<Body> {
    let (status, text) = if good { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") };
    let mut response = respond::bytes(text.into(), "text/plain; charset=utf-8", "no-store");
    *response.status_mut() = status;
    if !good {
        respond::set(response.headers_mut(), header::RETRY_AFTER, "2");
    }
    response
}

fn page(path: &str, method: &Method) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return respond::method_not_allowed(method);
    }
    if let Some(asset) = path.strip_prefix("/assets/") {
        return match page::asset(asset) {
            Some(file) => {
                let mut response = respond::bytes(file.body, file.content_type, page::ASSET_CACHE_CONTROL);
                respond::set(response.headers_mut(), header::ETAG, &file.etag);
                response
            }
            None => respond::problem(StatusCode::NOT_FOUND, "no such asset"),
        };
    }
    let mut response = respond::bytes(page::watch_html(), "text/html; charset=utf-8", "no-cache");
    respond::set(response.headers_mut(), header::CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY);
    response
}

fn redirect(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    respond::set(response.headers_mut(), header::LOCATION, to);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_ready_says_when_to_ask_again() {
        let told =
            |good| probe(good).headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((told(false).as_deref(), told(true)), (Some("2"), None));
    }
}
