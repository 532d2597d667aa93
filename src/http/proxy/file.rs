//! Files as they are: ranges and conditions (RFC 9110 13, 14).

use std::time::SystemTime;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version};

use super::body::ResourceBody;
use super::meter::Ending;
use super::patience::Patience;
use super::plane::{Opened, ProxyPlane};
use super::{content_type, head};
use crate::http::respond;
use crate::proxy::cache::{Failure, Found, Outcome, Start};
use crate::proxy::conditional::{Validators, Verdict};
use crate::proxy::multipart::Multipart;
use crate::proxy::outward::Outward;
use crate::proxy::range::{Part, Spec, Specs};
use crate::proxy::resource::{Kind, Resource};

/// Answers with the resource, the parts of it that are asked for, or that the client has it.
pub(super) async fn answer(
    plane: &ProxyPlane,
    opened: &Opened,
    resource: &Resource,
    usual_type: Option<&'static str>,
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

    let validators =
        Validators { etag: found.head.etag.as_deref(), last_modified: found.head.last_modified.as_deref() };
    let mut response = match validators.judge(request.headers()) {
        Verdict::NotModified => status_only(StatusCode::NOT_MODIFIED),
        Verdict::Failed => head::problem(StatusCode::PRECONDITION_FAILED, "the file is not the one that is asked for"),
        Verdict::Send => {
            let counts = validators.range_counts(request.headers(), SystemTime::now());
            let content_type = content_type::of(resource.kind, found.head.content_type.as_deref(), usual_type);
            let sending = Sending { plane, kind: resource.kind, found: &found, content_type };
            sending.send(specs.filter(|_| counts), request).await
        }
    };
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let headers = response.headers_mut();
    head::describe(headers, found.outcome);
    if !failed {
        head::validate(headers, &found.head, found.fresh_for(), opened);
    }
    let ending = if status.is_server_error() { Ending::Failed } else { Ending::Served(found.outcome) };
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

/// What is found, on its way to a client.
struct Sending<'a> {
    plane: &'a ProxyPlane,
    kind: Kind,
    found: &'a Found,
    content_type: &'a str,
}

impl Sending<'_> {
    async fn send(self, specs: Option<Specs>, request: &Request<()>) -> Response<Body> {
        let Sending { plane, kind, found, content_type } = self;
        let meter = plane.meter.clone();
        let mut headers = HeaderMap::new();
        let mut status = StatusCode::OK;
        let body = if let Some(total) = found.head.total {
            respond::set(&mut headers, ACCEPT_RANGES, "bytes");
            match specs.map_or(Part::Whole, |specs| worthwhile(specs.within(total), found)) {
                Part::Unsatisfiable => return beyond(total),
                Part::Whole => {
                    typed(&mut headers, content_type, total);
                    ResourceBody::part(found.clone(), 0..total, meter, kind)
                }
                Part::One(range) => {
                    status = StatusCode::PARTIAL_CONTENT;
                    typed(&mut headers, content_type, range.end - range.start);
                    let said = format!("bytes {}-{}/{total}", range.start, range.end - 1);
                    respond::set(&mut headers, CONTENT_RANGE, &said);
                    ResourceBody::part(found.clone(), range, meter, kind)
                }
                Part::Many(ranges) => {
                    let Some(boundary) = boundary() else {
                        return head::problem(StatusCode::SERVICE_UNAVAILABLE, "no randomness is to be had: try again");
                    };
                    let framed = Multipart::new(&boundary, content_type, &ranges, total);
                    status = StatusCode::PARTIAL_CONTENT;
                    typed(&mut headers, &format!("multipart/byteranges; boundary={boundary}"), framed.len);
                    ResourceBody::multipart(found.clone(), framed, meter, kind)
                }
            }
        } else {
            respond::set(&mut headers, CONTENT_TYPE, content_type);
            ResourceBody::endless(found.clone(), meter, kind)
        };
        let body = match request.method() {
            &Method::HEAD => Body::empty(),
            _ => match body.begun().await {
                // Over HTTP/1 the connection itself is watched.
                Ok(body) if request.version() == Version::HTTP_2 => Body::new(Patience::with(body)),
                Ok(body) => Body::new(body),
                Err(broken) => {
                    tracing::debug!(?kind, %broken, "a resource cannot be had");
                    return head::failed(broken.outward());
                }
            },
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// Ranges may be ignored (RFC 9110 14.2), and are where all of it costs no more, or where parts might be of several versions.
fn worthwhile(part: Part, found: &Found) -> Part {
    match part {
        Part::One(range) if !found.reaches(range.start) => Part::Whole,
        Part::Many(_) if !found.holds_still() => Part::Whole,
        part => part,
    }
}

fn beyond(total: u64) -> Response<Body> {
    let mut response = head::failed(Outward::Unsatisfiable);
    respond::set(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{total}"));
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
