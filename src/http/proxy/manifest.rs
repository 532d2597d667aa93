//! Manifests: fetched whole, and answered with URLs of ours in them.

use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, VARY};
use hyper::{Request, Response};

use super::meter::Ending;
use super::plane::{Children, Opened, ProxyPlane};
use super::{head, whole};
use crate::http::respond;
use crate::proxy::cache::{Failure, Outcome};
use crate::proxy::outward::Outward;
use crate::proxy::resource::{Kind, Resource};
use crate::proxy::text::{Text, TextFailure};
use crate::proxy::{dash, hls, json};

/// A longer one is rewritten where it keeps nobody waiting.
const INLINE_MAX: usize = 32 << 10;
/// What of the client's query is the origin's when it is for a playlist (RFC 8216bis 6.2.5.1).
const DIRECTIVES: [&str; 3] = ["_HLS_msn", "_HLS_part", "_HLS_skip"];
/// The same for steering (7.2, ETSI TS 103 998) and lists of assets (appendix D).
const REPORTS: [&str; 6] =
    ["_HLS_pathway", "_HLS_throughput", "_DASH_pathway", "_DASH_throughput", "_HLS_primary_id", "_HLS_start_offset"];
/// A longer value is no directive's.
const DIRECTIVE_MAX: usize = 20;
/// A longer value is no pathway, throughput, offset or id of a session.
const REPORT_MAX: usize = 128;

/// Answers with the rewritten manifest.
pub(super) async fn answer(
    plane: &ProxyPlane,
    opened: &Opened,
    mut resource: Resource,
    request: &Request<()>,
) -> (Response<Body>, Ending) {
    let query = request.uri().query().unwrap_or_default();
    let mut held_back = false;
    let is_over: fn(&[u8]) -> bool = match resource.kind {
        Kind::Hls => {
            held_back = pass(&mut resource, query, &DIRECTIVES, is_directive);
            |text| !hls::is_live(text)
        }
        Kind::Json => {
            pass(&mut resource, query, &REPORTS, is_report);
            |_| false
        }
        Kind::Remote => |_| false,
        _ => |text| !dash::is_live(text),
    };
    let (text, outcome) = match plane.texts.get(&resource, is_over, held_back).await {
        Ok(text) => text,
        Err(failure) => {
            tracing::debug!(kind = ?resource.kind, %failure, "a manifest cannot be had");
            let mut response = head::failed(Outward::from(&failure));
            if !matches!(failure, TextFailure::Origin(Failure::Remembered(_))) {
                return (response, Ending::Failed);
            }
            head::describe(response.headers_mut(), Outcome::Negative);
            return (response, Ending::Served(Outcome::Negative));
        }
    };
    let over = is_over(&text.body);
    let zip = respond::takes_gzip(request.headers());
    match rewritten(plane, resource.kind, text, opened.children.clone(), zip).await {
        Ok(text) => {
            let Ok(mut response) = whole::response(plane, resource.kind, text, request) else {
                return (head::failed(Outward::Busy), Ending::Failed);
            };
            let cache = if over { "private, max-age=5" } else { "no-store" };
            describe(response.headers_mut(), resource.kind, zip, cache);
            head::describe(response.headers_mut(), outcome);
            (response, Ending::Served(outcome))
        }
        Err(why) => {
            tracing::debug!(kind = ?resource.kind, why, "a manifest cannot be rewritten");
            (head::failed(Outward::BadGateway), Ending::Failed)
        }
    }
}

/// What of the client's query has one of these names and a value that may be one goes to the origin, and nothing else of it. Whether there
/// is anything.
fn pass(resource: &mut Resource, query: &str, names: &[&str], is_value: fn(&str) -> bool) -> bool {
    let known = |(name, value): &(&str, &str)| names.contains(name) && is_value(value);
    let passed: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).filter(known).collect();
    let mut any = false;
    for name in names {
        let mut values = passed.iter().filter(|(given, _)| given == name);
        // By hand, so that the rest of the query stays as it was signed.
        if let (Some((name, value)), None) = (values.next(), values.next()) {
            let query = match resource.url.query() {
                Some(query) if !query.is_empty() => format!("{query}&{name}={value}"),
                _ => format!("{name}={value}"),
            };
            resource.url.set_query(Some(&query));
            any = true;
        }
    }
    any
}

fn is_directive(value: &str) -> bool {
    (1..=DIRECTIVE_MAX).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// With its escapes, which are the origin's to read.
fn is_report(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~,:%".contains(&byte);
    (1..=REPORT_MAX).contains(&value.len()) && value.bytes().all(plain)
}

async fn rewritten(
    plane: &ProxyPlane,
    kind: Kind,
    text: Arc<Text>,
    children: Arc<dyn Children>,
    zip: bool,
) -> Result<Bytes, String> {
    let long = text.body.len() > INLINE_MAX;
    let work = move || {
        let rewritten = rewrite(kind, &text, &*children)?;
        drop(text);
        if zip { gzip(rewritten.as_bytes()) } else { Ok(Bytes::from(rewritten)) }
    };
    if !long {
        return work();
    }
    let turn = plane.text_turns.clone().acquire_owned().await.map_err(|err| err.to_string())?;
    let worked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    worked.await.map_err(|err| err.to_string())?
}

fn rewrite(kind: Kind, text: &Text, children: &dyn Children) -> Result<String, String> {
    let mut links = children.links(text.stripped);
    let rewritten = match kind {
        Kind::Hls => hls::rewrite(&text.body, &text.base, &mut *links),
        Kind::Json => json::rewrite(&text.body, &text.base, &mut *links),
        Kind::Remote => dash::rewrite_remote(&text.body, &text.base, &mut *links),
        _ => dash::rewrite(&text.body, &text.base, &mut *links),
    };
    rewritten.map_err(|refused| refused.to_string())
}

fn gzip(text: &[u8]) -> Result<Bytes, String> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    let written = encoder.write_all(text).and_then(|()| encoder.finish());
    written.map(Bytes::from).map_err(|err| err.to_string())
}

fn describe(h: &mut HeaderMap, kind: Kind, zipped: bool, cache: &str) {
    let content_type = match kind {
        Kind::Hls => "application/vnd.apple.mpegurl",
        Kind::Json => "application/json",
        Kind::Remote => "application/xml",
        _ => "application/dash+xml",
    };
    respond::set(h, CONTENT_TYPE, content_type);
    respond::set(h, CACHE_CONTROL, cache);
    respond::set(h, VARY, "Accept-Encoding");
    if zipped {
        respond::set(h, CONTENT_ENCODING, "gzip");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(url: &str, query: &str) -> String {
        let url = url.parse().unwrap();
        let mut resource = Resource { kind: Kind::Hls, url, headers: Arc::default(), stripped: false };
        let before = resource.url.clone();
        let any = pass(&mut resource, query, &DIRECTIVES, is_directive);
        assert_eq!(any, resource.url != before);
        resource.url.into()
    }

    #[test]
    fn only_directives_reach_the_origin() {
        let live = "http://o/live.m3u8";
        assert_eq!(
            passed(live, "_HLS_msn=7&_HLS_part=2&_HLS_skip=YES"),
            format!("{live}?_HLS_msn=7&_HLS_part=2&_HLS_skip=YES")
        );
        assert_eq!(passed(live, "x=1&_HLS_msn=7&token=s"), format!("{live}?_HLS_msn=7"));
        assert_eq!(
            passed("http://o/a?sig=%2F+x", "_HLS_msn=7"),
            "http://o/a?sig=%2F+x&_HLS_msn=7",
            "what is signed stays as it is"
        );
        for odd in [
            "_HLS_msn=1&_HLS_msn=2",
            "_HLS_msn=",
            "_HLS_msn=1%262",
            "_hls_msn=1",
            "_HLS_msn=123456789012345678901",
            "_HLS_msn",
        ] {
            assert_eq!(passed(live, odd), live, "{odd}");
        }
    }

    #[test]
    fn values_of_reports_are_bounded() {
        for value in ["1.5", "%22CDN-A%22", "4b4f6b2e-7f3c", &"x".repeat(REPORT_MAX)] {
            assert!(is_report(value), "{value}");
        }
        for value in ["", "a b", "a/b", "a#b", &"x".repeat(REPORT_MAX + 1)] {
            assert!(!is_report(value), "{value}");
        }
    }
}
