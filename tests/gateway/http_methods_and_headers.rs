//! HTTP around the media: methods, CORS, caching.

use crate::harness::*;

#[test]
fn play_urls_answer_head_options_and_refuse_other_methods() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");

    let reply = head(gateway.http, "/live/demo.flv");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("video/x-flv")));
    assert_eq!((reply.header("cache-control"), reply.body.len()), (Some("no-store"), 0));
    assert_eq!(gateway.show("demo")["viewers"], 0, "HEAD does not subscribe");
    let asked = ["Origin: https://example.org", "Access-Control-Request-Method: GET"];
    let reply = request(gateway.http, "OPTIONS", "/live/demo.flv", &asked);
    assert!(matches!(reply.status, 200 | 204), "{reply:?}");
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{reply:?}");
    let reply = request(gateway.http, "POST", "/live/demo.flv", &["Content-Length: 0"]);
    assert_eq!(reply.status, 405);
    assert!(reply.header("allow").is_some_and(|allow| allow.contains("GET")), "{reply:?}");
    assert_eq!(get(gateway.http, "/live/nobody.flv").status, 404);
    assert_eq!(get(gateway.http, "/live/nobody/index.m3u8").status, 404);
    assert_eq!(get(gateway.http, "/live/nobody/status").status, 404);
}

#[test]
fn playlists_expire_soon_and_segments_never() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let playlist = eventually("a first playlist", s(15), || {
        let reply = get(gateway.http, &key.hls);
        (reply.status == 200).then_some(reply)
    });
    assert_eq!(playlist.header("content-type"), Some("application/vnd.apple.mpegurl"));
    assert_eq!(playlist.header("access-control-allow-origin"), Some("*"));
    let media = node("hls_strict.mjs", &[&key.hls])["media"][0].clone();
    let segment = get(gateway.http, media["segments"][0]["url"].as_str().unwrap());
    let cache = segment.header("cache-control").unwrap_or_default();
    assert!(segment.status == 200 && cache.contains("immutable"), "{cache}");
    let zipped = request(gateway.http, "GET", "/live/demo/index.m3u8", &["Accept-Encoding: gzip"]);
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
}

#[test]
fn health_readiness_and_metrics_answer() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    assert_eq!(get(gateway.http, "/healthz").status, 200);
    assert_eq!(get(gateway.http, "/readyz").status, 200);
    let metrics = get(gateway.http, "/metrics").text();
    assert!(metrics.contains("stream=\"demo\"") && metrics.contains("# TYPE synctv_stream_viewers gauge"), "{metrics}");
}
