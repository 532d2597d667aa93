//! Publish keys: which are refused, and what revoking does.

use crate::harness::*;
use std::time::{Duration, Instant};

#[track_caller]
fn assert_refused(url: &str) {
    let mut publisher = Publisher::demo(url);
    let status = publisher.wait(s(10));
    assert!(!status.success(), "a publisher that is refused fails");
    assert!(publisher.log().contains("Server error"), "and is told why: {}", publisher.log());
}

#[test]
fn a_wrong_a_missing_and_an_unknown_key_are_refused() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let base = format!("{}/demo", key.server_url.trim_end_matches('/'));
    assert_refused(&base);
    assert_refused(&format!("{base}?key=wrong"));
    assert_refused(&format!("{base}?key={}", key.secret.chars().rev().collect::<String>()));
    assert_refused(&format!("{}/other?key={}", key.server_url, key.secret));
    assert_eq!(gateway.show("demo")["state"], "offline");
    assert!(!gateway.log().contains(&key.secret), "the log holds a secret");
}

#[test]
fn an_expired_key_is_refused() {
    let gateway = Gateway::start();
    let key = gateway.key_with("demo", &["--expires", "1s"]);
    std::thread::sleep(Duration::from_millis(1500));
    assert_refused(&key.publish_url);
}

#[test]
fn a_revoked_key_is_refused() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    gateway.json(&["key", "revoke", &key.id]);
    assert_refused(&key.publish_url);
}

#[test]
fn revoking_a_key_closes_its_publisher_within_a_second() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    gateway.json(&["key", "revoke", &key.id]);
    let revoked = Instant::now();
    // The server closes at once; ffmpeg notices with its next write, one frame later.
    publisher.wait(s(5));
    assert!(revoked.elapsed() < Duration::from_millis(1100), "it took {:?}", revoked.elapsed());
}

#[test]
fn a_key_list_names_keys_but_never_secrets() {
    let gateway = Gateway::start();
    let key = gateway.key_with("demo", &["--label", "studio"]);
    let list = gateway.json(&["key", "list", "demo"]).to_string();
    assert!(list.contains(&key.id) && list.contains("studio"), "{list}");
    assert!(!list.contains(&key.secret), "{list}");
}

#[test]
fn the_urls_a_key_prints_are_whole() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    assert_eq!(key.stream, "demo");
    assert_eq!(key.stream_key, format!("demo?key={}", key.secret), "what OBS calls the stream key");
    assert_eq!(key.publish_url, format!("{}/{}", key.server_url, key.stream_key));
    assert!(key.server_url.ends_with(&format!(":{}/live", gateway.rtmp.port())), "{}", key.server_url);
    assert!(key.flv.ends_with("/live/demo.flv") && key.hls.ends_with("/live/demo/index.m3u8"));
    assert!(key.page.ends_with(&format!(":{}/watch/demo", gateway.http.port())), "{}", key.page);
}
