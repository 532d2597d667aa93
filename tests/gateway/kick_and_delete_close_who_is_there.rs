//! The operator ends a publication, or a stream.

use crate::harness::*;
use std::{io::Read, time::Instant};

/// Reads on to the end of the body.
#[track_caller]
fn end_of<R: Read>(viewer: &mut FlvReader<R>) -> End {
    loop {
        if let Err(end) = viewer.next_tag().expect("no reset") {
            return end;
        }
    }
}

#[test]
fn kick_closes_the_publisher_and_its_viewers_wait_for_the_next() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let mut viewer = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    let before = viewer.until(Tag::is_video_keyframe);

    assert_eq!(gateway.json(&["stream", "kick", "demo"])["kicked"], true);
    let kicked = Instant::now();
    publisher.wait(s(2));
    gateway.wait_for("demo", "is offline", s(2).saturating_sub(kicked.elapsed()), |show| show["state"] == "offline");
    let refused = gateway.cli(&["stream", "kick", "demo"]);
    assert_eq!(refused.status.code(), Some(1), "there is nobody to kick");

    // The key goes on working, and the viewer's response with it.
    let _again = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    for _ in 0..3 {
        assert!(viewer.until(Tag::is_video_keyframe).timestamp > before.timestamp);
    }
}

#[test]
fn delete_closes_the_publisher_and_every_viewer_and_forgets_the_keys() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let mut over_http = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    let mut over_ws = FlvReader::new(open_websocket(gateway.http, &key.flv));
    over_http.until(Tag::is_video_keyframe);
    over_ws.until(Tag::is_video_keyframe);
    assert_eq!(get(gateway.http, &key.hls).status, 200);

    assert_eq!(gateway.json(&["stream", "delete", "demo"])["deleted"], true);
    let deleted = Instant::now();
    publisher.wait(s(2));
    assert_eq!(end_of(&mut over_http), End::OnTagBoundary);
    assert_eq!(end_of(&mut over_ws), End::OnTagBoundary);
    assert!(deleted.elapsed() < s(3), "it took {:?}", deleted.elapsed());
    for path in ["/live/demo.flv", "/live/demo/index.m3u8", "/live/demo/status"] {
        assert_eq!(get(gateway.http, path).status, 404, "{path}");
    }
    assert_eq!(gateway.cli(&["stream", "show", "demo"]).status.code(), Some(1));
    assert!(!Publisher::demo(&key.publish_url).wait(s(10)).success(), "its keys went with it");
    assert_eq!(gateway.json(&["key", "list"])["keys"], serde_json::json!([]));
    gateway.assert_healthy();
}
