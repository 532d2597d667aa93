//! HLS from outside: hls-parser in strict mode for the playlists, ffmpeg for the media.

use crate::harness::*;
use serde_json::Value;

/// What holds for the playlists of both segment formats.
#[track_caller]
fn check(report: &Value) {
    let variant = &report["variants"][0];
    assert_eq!(variant["resolution"], serde_json::json!({"width": 640, "height": 360}), "{report:#}");
    assert!((24.9..=25.1).contains(&variant["frameRate"].as_f64().unwrap()), "{report:#}");
    let codecs = variant["codecs"].as_str().unwrap();
    assert!(codecs.contains("avc1.4d") && codecs.contains("mp4a.40.2"), "{codecs}");
    assert!(variant["bandwidth"].as_u64() >= variant["averageBandwidth"].as_u64(), "{report:#}");
    let media = &report["media"][0];
    let target = media["targetDuration"].as_u64().unwrap();
    assert_eq!(media["endlist"], false);
    for segment in media["segments"].as_array().unwrap() {
        assert!(segment["duration"].as_f64().unwrap().round() <= target as f64, "{segment}");
        assert_eq!(segment["status"], 200, "{segment}");
    }
}

#[test]
fn fmp4_playlists_pass_a_strict_parser_and_decode() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    eventually("a first playlist", s(15), || (get(gateway.http, &key.hls).status == 200).then_some(()));

    assert_decodes("ffmpeg", &key.hls, 5, &["Video: h264", "640x360", "Audio: aac"]);
    let report = node("hls_strict.mjs", &[&key.hls]);
    check(&report);
    let media = &report["media"][0];
    assert!(media["version"].as_u64() >= Some(6) && media["segments"][0]["map"].is_string(), "{report:#}");
}

#[test]
fn ts_playlists_pass_a_strict_parser_and_decode() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let ts = key.hls.replace("index.m3u8", "ts.m3u8");
    eventually("a first playlist", s(15), || (get(gateway.http, &ts).status == 200).then_some(()));

    assert_decodes("ffmpeg", &ts, 5, &["Video: h264", "640x360", "Audio: aac"]);
    let report = node("hls_strict.mjs", &[&ts]);
    check(&report);
    let media = &report["media"][0];
    assert!(media["version"] == 3 && media["segments"][0]["map"].is_null(), "{report:#}");
}

#[test]
fn segments_are_one_to_two_seconds_and_media_sequence_only_grows() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    eventually("a first playlist", s(15), || (get(gateway.http, &key.hls).status == 200).then_some(()));
    let sequence = || {
        let media = node("hls_strict.mjs", &[&key.hls])["media"][0].clone();
        for segment in media["segments"].as_array().unwrap() {
            assert!((0.9..=2.1).contains(&segment["duration"].as_f64().unwrap()), "{segment}");
        }
        media["mediaSequence"].as_u64().unwrap()
    };
    let first = sequence();
    eventually("MEDIA-SEQUENCE grows", s(40), || {
        let next = sequence();
        assert!(next >= first, "{next} after {first}");
        (next > first).then_some(())
    });
}
