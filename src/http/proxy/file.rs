//! Files as they are: ranges and conditions (RFC 9110 13, 14).

use std::time::SystemTime;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::body::ResourceBody;
use super::meter::Ending;
use super::plane::{Opened, ProxyPlane};
use super::{content_type, head};
use crate::http::respond;
use crate::proxy::cache::{Failure, Found, Outcome, Start};
use crate::proxy::conditional::{Validators, Verdict};
use crate::proxy::multipart::Multipart;
use crate::proxy::outward::Outward;
use crate::proxy::range::{Part, Spec, Specs};
use crate::proxy::resource::Resource;

/// Answers with the resource, the parts of it that are asked for, or that the client has it.
pub(super) async fn answer(
    plane: &ProxyPlane,
    opened: &Opened,
    resource: &Resource,
    request: &Request<()>,
) -> (Response<Body>, Ending) {
    let specs = specs(request);
    let found = match find(plane, resource, specs.as_ref()).await {
        Ok(found) => found,
        Err(failure) => {
            tracing::debug!(kind = ?resource.kind, %failure, "a resource cannot be had");
            let mut response = head::failed(Outward::from(&failure));
            if !matches!(failure, Failure::Remembered(_)) {
                return (response, Ending::Failed);
            }
            head::describe(response.headers_mut(), Outcome::Negative);
            return (response, Ending::Served(Outcome::Negative));
        }
    };
    let ending = Ending::Served(found.outcome);
    let validators =
        Validators { etag: found.head.etag.as_deref(), last_modified: found.head.last_modified.as_deref() };
    let mut response = match validators.judge(request.headers()) {
        Verdict::NotModified => status_only(StatusCode::NOT_MODIFIED),
        Verdict::Failed => head::problem(StatusCode::PRECONDITION_FAILED, "the file is not the one that is asked for"),
        Verdict::Send => {
            let counts = validators.range_counts(request.headers(), SystemTime::now());
            send(plane, resource, &found, specs.filter(|_| counts), request.method() == Method::HEAD)
        }
    };
    let failed = response.status().is_client_error();
    let headers = response.headers_mut();
    head::describe(headers, found.outcome);
    if !failed {
        head::validate(headers, &found.head, opened);
    }
    (response, ending)
}

/// What is asked for: of a GET, in one header (RFC 9110 14.2).
fn specs(request: &Request<()>) -> Option<Specs> {
    if request.method() != Method::GET {
        return None;
    }
    let mut values = request.headers().get_all(RANGE).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { Specs::parse(value) }
}

async fn find(plane: &ProxyPlane, resource: &Resource, specs: Option<&Specs>) -> Result<Found, Failure> {
    let start = match specs.map(Specs::first) {
        Some(Spec::From(first) | Spec::FromTo(first, _)) => Start::From(first),
        Some(Spec::Suffix(len)) => Start::Suffix(len),
        None => Start::Whole,
    };
    match plane.cache.find(resource, start).await {
        // Nothing lies there; where it ends is told to whoever asks for all of it.
        Err(Failure::Status(416)) if start != Start::Whole => plane.cache.find(resource, Start::Whole).await,
        Ok(found) if found.head.total.is_none() && start != Start::Whole => {
            drop(found);
            plane.cache.find(resource, Start::Whole).await
        }
        found => found,
    }
}

fn send(
    plane: &ProxyPlane,
    resource: &Resource,
    found: &Found,
    specs: Option<Specs>,
    head_only: bool,
) -> Response<Body> {
    let (meter, kind) = (plane.meter.clone(), resource.kind);
    let content_type = content_type::of(kind, found.head.content_type.as_deref());
    let Some(total) = found.head.total else {
        let body = if head_only { Body::empty() } else { Body::new(ResourceBody::endless(found.clone(), meter, kind)) };
        let mut response = Response::new(body);
        respond::set(response.headers_mut(), CONTENT_TYPE, content_type);
        return response;
    };
    let mut response = match specs.map_or(Part::Whole, |specs| specs.within(total)) {
        Part::Unsatisfiable => {
            let mut response = head::failed(Outward::Unsatisfiable);
            respond::set(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{total}"));
            response
        }
        Part::Whole => {
            let body = match head_only {
                true => Body::empty(),
                false => Body::new(ResourceBody::part(found.clone(), 0..total, meter, kind)),
            };
            let mut response = Response::new(body);
            typed(response.headers_mut(), content_type, total);
            response
        }
        Part::One(range) => {
            let (first, last, len) = (range.start, range.end - 1, range.end - range.start);
            let mut response = Response::new(Body::new(ResourceBody::part(found.clone(), range, meter, kind)));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            typed(response.headers_mut(), content_type, len);
            respond::set(response.headers_mut(), CONTENT_RANGE, &format!("bytes {first}-{last}/{total}"));
            response
        }
        Part::Many(ranges) => {
            let Some(boundary) = boundary() else {
                return head::problem(StatusCode::SERVICE_UNAVAILABLE, "no randomness is to be had: try again");
            };
            let framed = Multipart::new(&boundary, content_type, &ranges, total);
            let len = framed.len;
            let mut response = Response::new(Body::new(ResourceBody::multipart(found.clone(), framed, meter, kind)));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            typed(response.headers_mut(), &format!("multipart/byteranges; boundary={boundary}"), len);
            response
        }
    };
    respond::set(response.headers_mut(), ACCEPT_RANGES, "bytes");
    response
}

fn typed(headers: &mut HeaderMap, content_type: &str, len: u64) {
    respond::set(headers, CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, len.into());
}

fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// What stands in no file by chance.
fn boundary() -> Option<String> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
