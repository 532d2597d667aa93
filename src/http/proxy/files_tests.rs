//! Files under `/p/`, from outside.

use serde_json::json;

use super::stage_tests::{Origin, Stage, wire::Reply};
use crate::provider::result::Group;
use crate::proxy::resource::Kind;

const VERSIONED: &str = "200 OK\r\nContent-Type: video/mp4\r\nETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                         Set-Cookie: secret=1\r\nX-Powered-By: origin\r\nAccess-Control-Allow-Origin: http://o\r\nVia: 1.1 origin";

fn bytes() -> Vec<u8> {
    (0..1000_u32).map(|n| (n % 251) as u8).collect()
}

/// One file that is served with this head, ranges ignored.
async fn stage(head: &'static str) -> (Stage, Origin, String) {
    let origin = Origin::with(head, bytes());
    let media = json!({"url": origin.url("/secret/film.mp4?sig=s3cret"), "headers": {"Authorization": "Bearer s3cret"}, "duration_ms": 9});
    let stage = Stage::playing(media).await;
    let path = stage.track(Kind::Media, Group::Media);
    (stage, origin, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_and_parts_of_it_are_sent_whole_and_exact() {
    let (stage, _origin, path) = stage(VERSIONED).await;
    let all = stage.get(&path).await;
    assert_eq!((all.status, all.body), (200, bytes()));
    for (name, value) in [
        ("content-length", "1000"),
        ("content-type", "video/mp4"),
        ("accept-ranges", "bytes"),
        ("etag", "\"v1\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
    ] {
        let all = stage.get(&path).await;
        assert_eq!(all.header(name), Some(value), "{name}");
    }
    for (range, part) in [
        ("0-0", 0..1),
        ("10-19", 10..20),
        ("990-", 990..1000),
        ("-5", 995..1000),
        ("999-99999999999999999999", 999..1000),
    ] {
        let reply = stage.ask("GET", &path, &[&format!("Range: bytes={range}")]).await;
        let said = format!("bytes {}-{}/1000", part.start, part.end - 1);
        assert_eq!((reply.status, reply.header("content-range")), (206, Some(said.as_str())), "{range}");
        assert_eq!(reply.body, bytes()[part], "{range}");
    }
    let beyond = stage.ask("GET", &path, &["Range: bytes=1000-"]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */1000")));
    let head = stage.ask("HEAD", &path, &["Range: bytes=0-5"]).await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("1000"), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_parts_come_in_one_body_of_known_length() {
    let (stage, _origin, path) = stage(VERSIONED).await;
    let reply = stage.ask("GET", &path, &["Range: bytes=0-1,500-501,-2"]).await;
    assert_eq!(reply.status, 206);
    let content_type = reply.header("content-type").unwrap();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
    assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
    let all = bytes();
    let mut expected = Vec::new();
    for part in [0..2, 500..502, 998..1000] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes {}-{}/1000\r\n\r\n",
            part.start,
            part.end - 1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&all[part]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert_eq!(reply.body, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_judged_here() {
    let (stage, _origin, path) = stage(VERSIONED).await;
    let status = |reply: &Reply| (reply.status, reply.body.len());
    let not_modified = stage.ask("GET", &path, &["If-None-Match: W/\"v1\"", "Range: bytes=0-1"]).await;
    assert_eq!(status(&not_modified), (304, 0));
    assert_eq!(not_modified.header("etag"), Some("\"v1\""));
    let failed = stage.ask("GET", &path, &["If-Match: \"v2\""]).await;
    assert_eq!((failed.status, failed.header("content-type")), (412, Some("application/problem+json")));
    let same = stage.ask("GET", &path, &["If-Range: \"v1\"", "Range: bytes=0-1"]).await;
    assert_eq!(status(&same), (206, 2));
    let other = stage.ask("GET", &path, &["If-Range: \"v2\"", "Range: bytes=0-1"]).await;
    assert_eq!(status(&other), (200, 1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_origin_reaches_a_client_by_itself() {
    let (stage, origin, path) = stage(VERSIONED).await;
    let reply =
        stage.ask("GET", &path, &["Cookie: mine=1", "Authorization: Bearer mine", "X-Forwarded-For: 1.2.3.4"]).await;
    let known = [
        "content-type",
        "content-length",
        "accept-ranges",
        "etag",
        "last-modified",
        "cache-control",
        "date",
        "x-cache",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "x-content-type-options",
        "content-security-policy",
        "cross-origin-resource-policy",
        "connection",
    ];
    let unknown: Vec<_> =
        reply.headers.iter().filter(|(name, _)| !known.contains(&name.to_ascii_lowercase().as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let asked = origin.requests.lock().last().unwrap().join("\n");
    assert!(asked.contains("Bearer s3cret"), "{asked}");
    assert!(!asked.contains("mine") && !asked.to_ascii_lowercase().contains("forwarded"), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_in_words_that_reveal_nothing() {
    for (head, status) in [
        ("404 Not Found", 404),
        ("410 Gone", 410),
        ("403 Forbidden", 502),
        ("401 Unauthorized", 502),
        ("500 Oops", 502),
        ("204 No Content", 502),
        ("206 Partial Content\r\nContent-Range: bytes 0-999/2000", 502),
        ("200 OK\r\nContent-Encoding: gzip", 502),
    ] {
        let (stage, _origin, path) = stage(head).await;
        let reply = stage.get(&path).await;
        assert_eq!(reply.status, status, "{head}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let text = reply.text();
        assert!(!["s3cret", "127.0.0.1", "film"].iter().any(|secret| text.contains(secret)), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_nothing_is_403_and_other_methods_are_405() {
    let (stage, origin, path) = stage(VERSIONED).await;
    let asked = origin.requests.lock().len();
    for path in ["/p/", "/p/k/99", "/p/k/x", "/p/../etc/passwd"] {
        let reply = stage.get(path).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, Some("*")), "{path}");
    }
    let post = stage.ask("POST", &path, &["Content-Length: 0"]).await;
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    assert_eq!(origin.requests.lock().len(), asked, "none of it reached the origin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_origin_is_no_page_of_ours() {
    let (stage, _origin, path) = stage("200 OK\r\nContent-Type: text/html; charset=utf-8").await;
    assert_eq!(stage.get(&path).await.header("content-type"), Some("video/mp4"), "it is said to be a film");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_without_a_type_has_that_of_its_format() {
    let origin = Origin::with("200 OK\r\nContent-Type: binary/octet-stream\r\nETag: \"v1\"", bytes());
    let url = |path| json!({"url": origin.url(path), "format": "vtt"});
    let media = json!({"url": origin.url("/film"), "format": "webm", "duration_ms": 9, "subtitles": [url("/s")],
        "thumbnail": {"url": origin.url("/t.png")}});
    let stage = Stage::playing(media).await;
    for (kind, group, told) in [
        (Kind::Media, Group::Media, "video/webm"),
        (Kind::Subtitle, Group::Subtitle, "text/vtt"),
        (Kind::Thumbnail, Group::Thumbnail, "image/png"),
    ] {
        let path = stage.track(kind, group);
        for method in ["GET", "HEAD"] {
            assert_eq!(stage.ask(method, &path, &[]).await.header("content-type"), Some(told), "{method}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_nobody_knows_is_sent_in_chunks() {
    let origin = Origin::start(|_, socket| {
        use std::io::Write;
        write!(
            socket,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
    });
    let stage = Stage::playing(json!({"url": origin.url("/a.mp4"), "duration_ms": 9})).await;
    let path = stage.track(Kind::Media, Group::Media);
    let reply = stage.ask("GET", &path, &["Range: bytes=1-2"]).await;
    assert_eq!((reply.status, reply.text().as_str(), reply.header("content-length")), (200, "abcde", None));
    assert_eq!(reply.header("accept-ranges"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_too_soon_is_seen_to() {
    let origin = Origin::start(|_, socket| {
        use std::io::Write;
        write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc")
    });
    let stage = Stage::playing(json!({"url": origin.url("/a.mp4"), "duration_ms": 9})).await;
    let path = stage.track(Kind::Media, Group::Media);
    let address = stage.address;
    let read = tokio::task::spawn_blocking(move || {
        let mut body = super::stage_tests::wire::open(address, "GET", &path, &[]).unwrap();
        let mut got = Vec::new();
        (std::io::Read::read_to_end(&mut body, &mut got).is_err(), got)
    });
    let (broke, got) = read.await.unwrap();
    assert!(broke && b"abc".starts_with(&got), "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_bytes_are_counted() {
    let (stage, _origin, path) = stage(VERSIONED).await;
    stage.ask("GET", &path, &["Range: bytes=0-9"]).await;
    stage.get("/p/k/99").await;
    let text = stage.plane.metrics();
    assert!(text.contains("synctv_proxy_out_bytes_total{kind=\"media\"} 10\n"), "{text}");
    assert!(text.contains("synctv_proxy_requests_total{kind=\"unknown\",outcome=\"denied\"} 1\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origin_is_let_go_when_the_client_goes() {
    let (ended, over) = std::sync::mpsc::channel();
    let origin = Origin::start(move |_, socket| {
        use std::io::Write;
        write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\nConnection: close\r\n\r\n")?;
        let block = [7; 1 << 16];
        let written = std::iter::repeat_with(|| socket.write_all(&block)).find_map(Result::err);
        let _ = ended.send(written.is_some());
        Ok(())
    });
    let stage = Stage::playing(json!({"url": origin.url("/a.mp4"), "duration_ms": 9})).await;
    let path = stage.track(Kind::Media, Group::Media);
    let address = stage.address;
    let gone = tokio::task::spawn_blocking(move || {
        let mut body = super::stage_tests::wire::open(address, "GET", &path, &[]).unwrap();
        std::io::Read::read_exact(&mut body, &mut [0; 1000]).unwrap();
        drop(body);
        over.recv_timeout(std::time::Duration::from_secs(10))
    });
    assert_eq!(gone.await.unwrap(), Ok(true));
}
