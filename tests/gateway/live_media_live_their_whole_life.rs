//! A live stream as a room's media, from `media add --rtmp` until nothing is left of it, on either database.

use crate::harness::*;
use serde_json::{Value, json};

on_both_databases!(a_private_stream_in_a_room_from_its_making_to_its_end);

const CONFIG: &str = "[live]\ngrace_s = 2\n[hls]\nidle_s = 2\n[worker]\nrelease_grace_s = 1\n";

fn url(result: &Value, mode: &str) -> String {
    result["modes"][mode]["medias"][0]["url"].as_str().unwrap_or_else(|| panic!("no {mode} in {result}")).to_owned()
}

fn a_private_stream_in_a_room_from_its_making_to_its_end(database: &Database) {
    let node = database.node_as(CONFIG);
    let room = node.room("Show", &[]);
    let added = node.json(&["media", "add", &room.id, "--rtmp", "studio"]);
    let media = added["id"].as_str().expect("an id").to_owned();
    node.json(&["stream", "set", "studio", "--private"]);
    node.playback(&["start", &room.id, &media]);

    let mut publisher = Publisher::demo(added["publish_url"].as_str().expect("a key"));
    node.wait_live("studio");
    let result = node.playback(&["get", &room.id, "--urls"]);
    assert_eq!((&result["kind"], &result["duration_ms"]), (&json!("live"), &Value::Null));
    let [flv, hls] = ["flv", "hls"].map(|mode| url(&result, mode));
    let told = &result["modes"]["flv"]["medias"][0];
    assert!(told["codecs"].as_str().is_some_and(|codecs| codecs.starts_with("avc1.")), "{told}");
    assert_eq!((told["width"].as_u64(), told["height"].as_u64()), (Some(640), Some(360)), "{told}");

    assert_decodes("ffmpeg", &flv, 2, &["h264", "aac"]);
    assert_decodes("ffmpeg", &hls, 3, &["h264", "aac"]);
    let report = crate::harness::node("hls_strict.mjs", &[&hls]);
    let segments = report["media"][0]["segments"].as_array().expect("segments");
    assert!(!segments.is_empty() && segments.iter().all(|segment| segment["status"] == 200), "{report:#}");
    for bare in ["/live/studio.flv", "/live/studio/index.m3u8"] {
        assert_eq!(get(node.http, bare).status, 403, "the stream is private");
    }
    // What a room gives out for one stream opens no other.
    let elsewhere = path_of(&flv).replace("/studio.flv", "/other.flv");
    assert!(matches!(get(node.http, &elsewhere).status, 403 | 404), "{elsewhere}");

    let mut viewer = FlvReader::new(open(node.http, "GET", path_of(&flv), &[]).expect("a stream"));
    viewer.until(Tag::is_video_keyframe);
    node.playback(&["stop", &room.id]);
    assert_eq!([&flv, &hls].map(|url| get(node.http, url).status), [403, 403], "the room plays it no more");
    publisher.assert_running();
    drop(viewer);

    publisher.kill();
    node.wait_for("studio", "is offline with nothing left of it", s(20), |show| {
        show["state"] == "offline" && show["viewers"] == 0 && show["tracks"].as_array().is_some_and(Vec::is_empty)
    });
    node.playback(&["start", &room.id, &media]);
    let again = node.playback(&["get", &room.id, "--urls"]);
    assert_eq!(get(node.http, &url(&again, "flv")).status, 404, "nothing is live");
    let metrics = get(node.http, "/metrics").text();
    assert!(!metrics.contains("stream=\"studio\"") || metrics.contains("synctv_stream_live{stream=\"studio\"} 0"));

    // The next publication is the same media's.
    let _publisher = Publisher::demo(added["publish_url"].as_str().expect("a key"));
    node.wait_live("studio");
    assert_decodes("ffmpeg", &url(&node.playback(&["get", &room.id, "--urls"]), "hls"), 2, &["h264"]);
}
