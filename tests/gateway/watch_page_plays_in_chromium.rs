//! The watch page in a real browser, with each of its players.

use crate::harness::*;
use serde_json::Value;
use std::thread;

#[track_caller]
fn assert_plays(report: &Value, player: &str) {
    let (first, second) = (&report["first"], &report["second"]);
    assert_eq!(second["player"], player, "{report:#}");
    assert_eq!((&second["width"], &second["height"]), (&640.into(), &360.into()), "{report:#}");
    let moved = second["time"].as_f64().unwrap() - first["time"].as_f64().unwrap();
    assert!(moved > 2.5, "currentTime moved {moved} s in 4 s: {report:#}");
    assert!(second["frames"].as_u64() > first["frames"].as_u64(), "frames are decoded: {report:#}");
    assert_eq!(second["picture"], "H.264, 640×360, 25 fps", "{report:#}");
    assert!(second["bitrate"].as_str().unwrap().ends_with("Mbit/s"), "{report:#}");
    assert!(second["latency"].as_str().unwrap().ends_with(" s"), "{report:#}");
    assert_eq!(report["problems"], serde_json::json!([]), "script errors or policy violations");
    assert_eq!(report["elsewhere"], serde_json::json!([]), "requests to other hosts");
}

/// Plays the demo clip on the watch page with a query.
fn plays(query: &str, player: &str) {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    assert_plays(&node("plays.mjs", &[&format!("{}{query}", key.page)]), player);
}

#[test]
fn the_page_plays_flv_by_itself() {
    plays("", "flv");
}

#[test]
fn the_page_plays_flv_over_websocket() {
    plays("?player=ws", "ws");
}

#[test]
fn the_page_plays_hls() {
    plays("?player=hls", "hls");
}

#[test]
fn the_page_of_a_private_stream_passes_its_signature_on() {
    let gateway = Gateway::start();
    gateway.json(&["stream", "create", "inner", "--private"]);
    let key = gateway.key("inner");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("inner");
    let signed = gateway.json(&["stream", "url", "inner", "--expires", "1h"]);
    let page = signed["play"]["page"].as_str().unwrap();
    assert_plays(&node("plays.mjs", &[page]), "flv");
    assert_plays(&node("plays.mjs", &[&format!("{page}&player=hls")]), "hls");
    let bare = node("shows.mjs", &[&key.page, "refused"]);
    assert!(bare["look"]["title"].as_str().unwrap().contains("not valid"), "{bare:#}");
}

#[test]
fn the_page_waits_for_the_publisher_and_starts_by_itself() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let dir = TempDir::new();
    let marker = dir.join("waiting");
    let browser = thread::spawn({
        let (page, marker) = (key.page.clone(), marker.display().to_string());
        move || node("returns.mjs", &[&page, &marker])
    });
    eventually("the page waits", s(40), || marker.exists().then_some(()));
    let _publisher = Publisher::demo(&key.publish_url);
    let report = browser.join().expect("the page plays");
    assert!(report["waiting"]["title"].as_str().unwrap().starts_with("Waiting for the publisher"), "{report:#}");
    assert_eq!(report["playing"]["player"], "flv", "{report:#}");
}

#[test]
fn the_page_starts_an_idle_pull_stream() {
    let gateway = Gateway::start_with(&[], "[proxy]\nallow_private = [\"127.0.0.0/8\"]\n");
    let nginx = NginxRtmp::start();
    let _publisher = Publisher::demo(&nginx.url("/live/camera"));
    let room = gateway.room("Pulled", &[]);
    let added = gateway.json(&["media", "add", &room.id, "--live-proxy", &nginx.url("/live/camera")]);
    let stream = added["stream"].as_str().unwrap();
    let signed = gateway.json(&["stream", "url", stream]);
    assert_eq!(gateway.show(stream)["pull"]["state"], "idle");
    assert_plays(&node("plays.mjs", &[signed["play"]["page"].as_str().unwrap()]), "flv");
}

#[test]
fn the_page_follows_when_a_track_is_added() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _sound = Publisher::copy("ffmpeg", DEMO_CLIP, &["-vn"], &key.publish_url);
    gateway.wait_live("demo");
    let dir = TempDir::new();
    let marker = dir.join("playing");
    let browser = thread::spawn({
        let (page, marker) = (key.page.clone(), marker.display().to_string());
        move || node("follows.mjs", &[&page, &marker])
    });
    eventually("the page plays sound alone", s(40), || marker.exists().then_some(()));
    let _both = Publisher::demo(&key.publish_url);
    let report = browser.join().expect("the page shows the picture");
    assert_eq!((&report["before"]["width"], &report["after"]["width"]), (&0.into(), &640.into()), "{report:#}");
}

#[test]
fn the_page_names_a_codec_that_the_browser_cannot_decode() {
    let ffmpeg = ffmpeg9();
    let dir = TempDir::new();
    let clip = dir.join("hevc.mp4");
    let video = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=20:bframes=0:log-level=error"];
    encode_clip(&ffmpeg, &[&video[..], &["-c:a", "aac"]].concat(), &clip);
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::copy(&ffmpeg, &clip, &[], &key.publish_url);
    gateway.wait_live("demo");
    let report = node("shows.mjs", &[&key.page, "unsupported"]);
    let look = &report["look"];
    assert_eq!(look["title"], "This browser cannot decode HEVC (H.265) video.", "{report:#}");
    assert!(look["detail"].as_str().unwrap().contains("hvc1."), "{report:#}");
}

#[test]
fn the_page_plays_av1_and_opus_over_hls_by_itself() {
    let ffmpeg = ffmpeg9();
    let dir = TempDir::new();
    let clip = dir.join("av1.mp4");
    let video = ["-c:v", "libsvtav1", "-preset", "12", "-g", "20", "-pix_fmt", "yuv420p", "-c:a", "libopus"];
    encode_clip(&ffmpeg, &video, &clip);
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::copy(&ffmpeg, &clip, &[], &key.publish_url);
    gateway.wait_live("demo");
    let report = node("plays.mjs", &[&key.page]);
    let (first, second) = (&report["first"], &report["second"]);
    assert_eq!((&second["player"], &second["width"]), (&"hls".into(), &320.into()), "{report:#}");
    assert!(second["time"].as_f64().unwrap() > first["time"].as_f64().unwrap() + 2.5, "{report:#}");
}
