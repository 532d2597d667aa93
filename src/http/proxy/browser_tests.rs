//! What browsers are told: how long to keep an answer, and that pages of any origin may use it.

use serde_json::json;

use super::stage_tests::{Origin, Stage};
use crate::provider::result::Group;
use crate::proxy::resource::Kind;

async fn stage(head: &'static str) -> (Stage, Origin, String) {
    let origin = Origin::with(head, vec![7; 1000]);
    let stage = Stage::playing(json!({"url": origin.url("/film.mp4"), "duration_ms": 9})).await;
    let path = stage.track(Kind::Media, Group::Media);
    (stage, origin, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_keeps_nothing_that_the_origin_does_not_let_it_keep() {
    for (head, said) in [
        ("200 OK\r\nETag: \"v1\"\r\nCache-Control: no-store", "no-store"),
        ("200 OK\r\nETag: \"v1\"\r\nCache-Control: no-cache", "private, no-cache"),
        ("200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=0", "private, no-cache"),
        ("200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=86400", "private, max-age=3600"),
        // Without a validator nothing is kept here either.
        ("200 OK\r\nCache-Control: max-age=86400", "no-store"),
    ] {
        let (stage, _origin, path) = stage(head).await;
        for (method, condition) in
            [("GET", "X-A: b"), ("HEAD", "X-A: b"), ("GET", "Range: bytes=0-9"), ("GET", "If-None-Match: *")]
        {
            let reply = stage.ask(method, &path, &[condition]).await;
            assert!([200, 206, 304].contains(&reply.status), "{head} {condition}: {}", reply.status);
            assert_eq!(reply.header("cache-control"), Some(said), "{head} {method} {condition}");
        }
    }
    let (stage, _origin, path) = stage("200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=5").await;
    let reply = stage.get(&path).await;
    let told = reply.header("cache-control").unwrap();
    assert!(["private, max-age=5", "private, max-age=4"].contains(&told), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_origin_may_read_every_answer() {
    let (stage, _origin, path) = stage("200 OK\r\nETag: \"v1\"").await;
    let (missing, _o, nowhere) = self::stage("404 Not Found").await;
    let page = "Origin: https://page.example";
    for (stage, method, path, line, status) in [
        (&stage, "GET", path.as_str(), "X-A: b", 200),
        (&stage, "HEAD", &path, "X-A: b", 200),
        (&stage, "GET", &path, "Range: bytes=0-9", 206),
        (&stage, "GET", &path, "Range: bytes=0-9,20-29", 206),
        (&stage, "GET", &path, "If-None-Match: \"v1\"", 304),
        (&stage, "GET", &path, "If-Match: \"v2\"", 412),
        (&stage, "GET", &path, "Range: bytes=1000-", 416),
        (&stage, "GET", "/p/k/99", "X-A: b", 403),
        (&stage, "PUT", &path, "Content-Length: 0", 405),
        (&missing, "GET", &nowhere, "X-A: b", 404),
    ] {
        let reply = stage.ask(method, path, &[page, line]).await;
        assert_eq!(reply.status, status, "{method} {path} {line}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{status}");
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("cross-origin"), "{status}");
        let exposed = reply.header("access-control-expose-headers").unwrap();
        for name in ["Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified", "X-Cache"] {
            assert!(exposed.split(", ").any(|one| one == name), "{name}: {exposed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_lets_players_ask_for_parts() {
    let (stage, origin, path) = stage("200 OK\r\nETag: \"v1\"").await;
    let asked = origin.requests.lock().len();
    let lines = [
        "Origin: https://page.example",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Headers: if-range,range",
    ];
    let reply = stage.ask("OPTIONS", &path, &lines).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, Some("*")));
    assert!(reply.header("access-control-max-age").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(reply.header("access-control-allow-methods"), Some("GET, HEAD, OPTIONS"));
    let allowed = reply.header("access-control-allow-headers").unwrap();
    for name in ["Range", "If-Range", "If-None-Match", "If-Modified-Since", "*"] {
        assert!(allowed.split(", ").any(|one| one == name), "{name}: {allowed}");
    }
    assert_eq!(origin.requests.lock().len(), asked);
}
