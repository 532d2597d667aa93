//! Subtitles and danmaku in the one form that players understand.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};
use tokio::time::timeout;

use super::meter::Ending;
use super::plane::{Opened, ProxyPlane};
use super::{head, whole};
use crate::caption;
use crate::http::respond;
use crate::proxy::cache::{Failure, Found, Start};
use crate::proxy::outward::Outward;
use crate::proxy::resource::{Kind, Resource};

/// The longest subtitles that are converted, in bytes.
pub const SUBTITLE_MAX: usize = 8 << 20;
/// The longest danmaku that is converted, in bytes.
pub const DANMAKU_MAX: usize = 32 << 20;
/// Whoever wants a conversion waits so long for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// What is converted comes within this time.
const WHOLE_WITHIN: Duration = Duration::from_secs(30);

/// The form that is asked for in a query.
pub(super) fn wanted(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("format=")).filter(|format| !format.is_empty())
}

/// Answers with WebVTT or JSON.
pub(super) async fn answer(
    plane: &ProxyPlane,
    opened: &Opened,
    resource: Resource,
    request: &Request<()>,
) -> (Response<Body>, Ending) {
    let (max, content_type) = match resource.kind {
        Kind::Danmaku => (DANMAKU_MAX, "application/json"),
        _ => (SUBTITLE_MAX, "text/vtt; charset=utf-8"),
    };
    // Its turn comes first: what waits holds nothing.
    let turn = timeout(TURN_WITHIN, plane.caption_turns.clone().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else { return (head::failed(Outward::Busy), Ending::Failed) };
    let fetched = timeout(WHOLE_WITHIN, original(plane, &resource, max)).await;
    let (found, text) = match fetched.unwrap_or(Err(Outward::Late)) {
        Ok(whole) => whole,
        Err(outward) => return (head::failed(outward), Ending::Failed),
    };
    let kind = resource.kind;
    let worked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        convert(kind, &text)
    });
    let Ok(Some(body)) = worked.await else {
        let told = "this cannot be read as what it is said to be; it can be had without format=";
        return (head::problem(StatusCode::BAD_GATEWAY, told), Ending::Failed);
    };
    let Ok(mut response) = whole::response(plane, kind, body, request) else {
        return (head::failed(Outward::Busy), Ending::Failed);
    };
    let h = response.headers_mut();
    head::describe(h, found.outcome);
    // What tells versions apart is the original's.
    head::validate(h, &crate::proxy::cache::Head::default(), found.fresh_for(), opened);
    respond::set(h, CONTENT_TYPE, content_type);
    (response, Ending::Served(found.outcome))
}

async fn original(plane: &ProxyPlane, resource: &Resource, max: usize) -> Result<(Found, Bytes), Outward> {
    let outward = |failure: Failure| Outward::from(&failure);
    let found = plane.cache.find(resource, Start::Whole).await.map_err(outward)?;
    if found.head.total.is_some_and(|total| total > max as u64) {
        return Err(Outward::BadGateway);
    }
    let mut pieces = found.clone().read(0..found.head.total.unwrap_or(u64::MAX));
    let mut text = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(outward)?;
        if text.len() + piece.len() > max {
            return Err(Outward::BadGateway);
        }
        text.extend_from_slice(&piece);
    }
    Ok((found, text.freeze()))
}

/// `None` when it is not what it is said to be.
fn convert(kind: Kind, text: &Bytes) -> Option<Bytes> {
    let converted = match kind {
        Kind::Danmaku => caption::danmaku_json(text).map(Bytes::from),
        _ => caption::to_vtt(text).map(Bytes::from),
    };
    converted.map_err(|why| tracing::debug!(?kind, %why, "a caption cannot be converted")).ok()
}
