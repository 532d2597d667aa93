//! `/p/...`: remote media through the gateway. A URL says what it leads to and proves that it was given out; what that is
//! decides how it is answered.

mod body;
mod caption;
mod content_type;
mod file;
mod head;
mod manifest;
mod meter;
mod patience;
mod plane;
mod resolve;
mod sealed;
mod whole;

pub use plane::{Children, Opened, Opens, Proxied, ProxyPlane, Refused};
pub use sealed::Sealed;

use axum::body::Body;
use hyper::{Method, Request, Response, StatusCode, header};

use super::respond;
use crate::proxy::resource::Kind;
use meter::Ending;
use resolve::Resolved;

/// Answers a request for a path behind `/p/`.
pub(super) async fn answer(plane: &ProxyPlane, path: &str, request: &Request<()>) -> Response<Body> {
    let mut response = match *request.method() {
        Method::OPTIONS => respond::preflight(),
        Method::GET | Method::HEAD => judged(plane, path, request).await,
        ref other => respond::method_not_allowed(other),
    };
    let h = response.headers_mut();
    respond::cors(h);
    respond::set(h, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    respond::set(h, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    response
}

async fn judged(plane: &ProxyPlane, path: &str, request: &Request<()>) -> Response<Body> {
    let opened = match plane.opens.open(path).await {
        Ok(opened) => opened,
        Err(refused) => {
            let (status, ending) = match refused {
                Refused::Denied(_) => (StatusCode::FORBIDDEN, Ending::Denied),
                Refused::Unknown => (StatusCode::SERVICE_UNAVAILABLE, Ending::Failed),
            };
            plane.meter.note(None, ending);
            return head::problem(status, &refused.to_string());
        }
    };
    let (response, ending) = match resolve::resolve(plane, &opened).await {
        Ok(resolved) => answer_with(plane, &opened, resolved, request).await,
        Err(response) => (*response, Ending::Failed),
    };
    plane.meter.note(Some(opened.kind), ending);
    response
}

async fn answer_with(
    plane: &ProxyPlane,
    opened: &Opened,
    resolved: Resolved,
    request: &Request<()>,
) -> (Response<Body>, Ending) {
    let Resolved { resource, usual_type } = resolved;
    let query = request.uri().query().unwrap_or_default();
    match (opened.kind, caption::wanted(query)) {
        (Kind::Hls | Kind::Dash | Kind::Json | Kind::Remote, _) => {
            manifest::answer(plane, opened, resource, request).await
        }
        (Kind::Subtitle, Some("vtt")) | (Kind::Danmaku, Some("json")) => {
            caption::answer(plane, opened, resource, request).await
        }
        (Kind::Subtitle, Some(_)) => {
            (head::problem(StatusCode::BAD_REQUEST, "subtitles are had as they are or as format=vtt"), Ending::Failed)
        }
        (Kind::Danmaku, Some(_)) => {
            (head::problem(StatusCode::BAD_REQUEST, "danmaku is had as it is or as format=json"), Ending::Failed)
        }
        _ => file::answer(plane, opened, &resource, usual_type, request).await,
    }
}

#[cfg(test)]
mod browser_tests;
#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod captions_tests;
#[cfg(test)]
mod files_tests;
#[cfg(test)]
mod lies_tests;
#[cfg(test)]
mod manifests_tests;
#[cfg(test)]
mod stage_tests;
