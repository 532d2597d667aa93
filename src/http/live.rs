//! `/live/...`: FLV, WebSocket-FLV, HLS and the public status of a stream.

use super::{
    handover::{HeadOnly, Takeover, Watching},
    respond,
    route::{Client, Gateway},
    viewing, ws,
};
use crate::live::{FlvBody, Framing, Hls, HlsAnswer, Stream, StreamStatus};
use axum::body::Body;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::{Method, Request, Response, StatusCode, header};
use std::{
    io::Write,
    sync::{Arc, atomic::Ordering::Relaxed},
};

/// What a play URL names.
enum Output<'a> {
    Flv,
    Hls(&'a str),
    Status,
}

/// Answers GET and HEAD; `rest` is the path behind `/live/`.
pub async fn answer(gateway: &Gateway, rest: &str, request: &Request<()>, client: &Client) -> Response<Body> {
    let Some((name, output)) = parse(rest) else {
        return respond::problem(StatusCode::NOT_FOUND, "play URLs are /live/STREAM.flv and /live/STREAM/index.m3u8");
    };
    let query = request.uri().query().unwrap_or_default();
    let answered = match output {
        Output::Flv => {
            viewing::find(gateway, name, true, query).await.map(|stream| flv(gateway, stream, request, client))
        }
        Output::Hls(file) => match viewing::find(gateway, name, file.ends_with(".m3u8"), query).await {
            Ok(stream) => Ok(hls(stream, file, query, request, client).await),
            Err(refused) => Err(refused),
        },
        Output::Status => viewing::status(gateway, name, query).await.map(|status| written(&status)),
    };
    answered.unwrap_or_else(|refused| refused.answer())
}

fn written(status: &StreamStatus) -> Response<Body> {
    match serde_json::to_vec(status) {
        Ok(body) => respond::bytes(body.into(), "application/json", "no-store"),
        Err(_) => respond::problem(StatusCode::INTERNAL_SERVER_ERROR, "the status could not be written"),
    }
}

fn parse(rest: &str) -> Option<(&str, Output<'_>)> {
    match rest.split_once('/') {
        Some((name, "status")) => Some((name, Output::Status)),
        Some((name, file)) => Some((name, Output::Hls(file))),
        None => rest.strip_suffix(".flv").map(|name| (name, Output::Flv)),
    }
}

fn flv(gateway: &Gateway, stream: Arc<Stream>, request: &Request<()>, client: &Client) -> Response<Body> {
    if stream.read(|core| core.is_ended()) {
        return respond::problem(StatusCode::NOT_FOUND, "the stream has ended");
    }
    let head_only = request.method() == Method::HEAD;
    if !head_only && !gateway.hub.has_room_for_a_viewer() {
        let mut refusal = respond::problem(StatusCode::SERVICE_UNAVAILABLE, "too many viewers (live.max_viewers)");
        respond::set(refusal.headers_mut(), header::RETRY_AFTER, "10");
        return refusal;
    }
    tracing::debug!(stream = %stream.name, "viewer joins");
    if ws::is_upgrade(request) {
        let Some(handover) = &client.handover else {
            return respond::problem(StatusCode::BAD_REQUEST, "WebSocket needs HTTP/1.1");
        };
        let response = ws::accept(request.headers());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            handover.ask(Takeover::Live(Watching { stream, framing: Framing::WebSocket }));
        }
        return response;
    }
    let body = match &client.handover {
        _ if head_only => Body::empty(),
        Some(handover) if client.direct => {
            handover.ask(Takeover::Live(Watching { stream, framing: framing_of(request.version()) }));
            Body::new(HeadOnly(handover.clone()))
        }
        _ => Body::new(FlvBody::new(stream)),
    };
    let mut response = Response::new(body);
    let h = response.headers_mut();
    respond::set(h, header::CONTENT_TYPE, "video/x-flv");
    respond::set(h, header::CACHE_CONTROL, "no-store");
    if client.handover.is_some() && !head_only {
        respond::set(h, header::CONNECTION, "close");
    }
    response
}

async fn hls(stream: Arc<Stream>, file: &str, query: &str, request: &Request<()>, client: &Client) -> Response<Body> {
    let private = stream.is_private();
    let Some(hls) = Hls::of(&stream, file, viewer_id(request, client)) else {
        return respond::problem(StatusCode::NOT_FOUND, "no such file, or the stream has ended; play index.m3u8");
    };
    let scope = if private { "private" } else { "public" };
    match hls.get(file, private.then(|| signature_of(query)).as_deref()).await {
        HlsAnswer::Playlist { body, max_age_s } => playlist(body, &format!("{scope}, max-age={max_age_s}"), request),
        HlsAnswer::Media { body, content_type } => {
            if request.method() == Method::GET {
                stream.counters.hls_bytes_out.fetch_add(body.len() as u64, Relaxed);
            }
            respond::bytes(body, content_type, &format!("{scope}, max-age=31536000, immutable"))
        }
        HlsAnswer::Missing(why) => respond::problem(StatusCode::NOT_FOUND, why),
        HlsAnswer::NotYet => {
            let mut refusal =
                respond::problem(StatusCode::SERVICE_UNAVAILABLE, "no key frame has arrived yet; try again");
            respond::set(refusal.headers_mut(), header::RETRY_AFTER, "1");
            refusal
        }
    }
}

/// The signature's parameters alone: what child URIs carry on.
fn signature_of(query: &str) -> String {
    let ours = |pair: &&str| matches!(pair.split_once('='), Some(("expires" | "sig" | "pass", _)));
    query.split('&').filter(ours).collect::<Vec<_>>().join("&")
}

fn playlist(body: Bytes, cache: &str, request: &Request<()>) -> Response<Body> {
    let zipped = respond::takes_gzip(request.headers()).then(|| gzip(&body)).flatten();
    let is_zipped = zipped.is_some();
    let mut response = respond::bytes(zipped.unwrap_or(body), "application/vnd.apple.mpegurl", cache);
    respond::set(response.headers_mut(), header::VARY, "Accept-Encoding");
    if is_zipped {
        respond::set(response.headers_mut(), header::CONTENT_ENCODING, "gzip");
    }
    response
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Tells HLS viewers apart well enough to count them: address and player.
fn viewer_id(request: &Request<()>, client: &Client) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    client.peer.ip().hash(&mut hasher);
    request.headers().get(header::USER_AGENT).map(header::HeaderValue::as_bytes).hash(&mut hasher);
    hasher.finish()
}

/// Framing of an FLV body by what carries it.
const fn framing_of(version: hyper::Version) -> Framing {
    match version {
        hyper::Version::HTTP_11 => Framing::Chunked,
        _ => Framing::Raw,
    }
}
