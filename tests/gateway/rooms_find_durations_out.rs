//! An active room finds out how long what it plays is, whatever kind of file it is; what has no end is live and never advanced.

use crate::harness::*;
use serde_json::Value;
use std::{thread, time::Duration};

on_both_databases!(every_kind_of_file_tells_its_duration, what_has_no_end_is_live, what_failed_is_tried_again);

/// What ffprobe 5.1 says, in ms.
const FILES: &[(&str, i64)] = &[
    ("moov_first.mp4", 3000),
    ("moov_last.mp4", 3000),
    ("fragmented_bare.mp4", 3023),
    ("info_first.mkv", 3023),
    ("vp8_opus.webm", 3008),
    ("with_duration.flv", 3023),
    ("vbr_id3.mp3", 3056),
    ("plain_cbr.mp3", 3056),
    ("vod.m3u8", 3000),
    ("static.mpd", 3000),
];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/probe/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a fixture")
}

fn every_kind_of_file_tells_its_duration(database: &Database) {
    let origin = Origin::start();
    let node = database.node();
    for (name, expected) in FILES {
        let room = node.room(name, &[]);
        let media = node.media(&room, &origin.put(name, fixture(name)), &[]);
        let _member = room.join(&node);
        node.playback(&["start", &room.id, &media]);
        let state = node.wait_state(&room, "its duration is known", s(10), |state| state["duration_status"] == "known");
        let told = state["duration_ms"].as_i64().unwrap();
        assert!((told - expected).abs() <= 50, "{name}: {told} ms, ffprobe says {expected}");
    }
}

fn what_has_no_end_is_live(database: &Database) {
    let origin = Origin::start();
    let sliding = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1,\na.ts\n";
    let dynamic = r#"<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic"
        availabilityStartTime="2026-01-01T00:00:00Z" minimumUpdatePeriod="PT2S"><Period id="0" start="PT0S"/></MPD>"#;
    let node = database.node();
    for (name, text) in [("live.m3u8", sliding), ("live.mpd", dynamic)] {
        let room = node.room(name, &[]);
        let media = node.media(&room, &origin.put(name, text.into()), &[]);
        node.timed(&room, "1h");
        let _member = room.join(&node);
        node.playback(&["start", &room.id, &media]);
        let state = node.wait_state(&room, "it is live", s(10), |state| state["duration_status"] == "live");
        assert_eq!(state["duration_ms"], Value::Null);
        thread::sleep(Duration::from_secs(2));
        let state = node.state(&room);
        assert_eq!((&state["media_id"], &state["version"]), (&media.as_str().into(), &1.into()), "never advanced");
    }
}

fn what_failed_is_tried_again(database: &Database) {
    let origin = Origin::start();
    let url = origin.put("broken.mp4", b"this is not a film".repeat(100));
    let node = database.node();
    let broken = node.room("broken", &[]);
    let media = node.media(&broken, &url, &[]);
    let _member = broken.join(&node);
    node.playback(&["start", &broken.id, &media]);
    node.wait_state(&broken, "the attempt failed", s(10), |state| state["duration_status"] == "failed");
    let missing = node.room("missing", &[]);
    let media = node.media(&missing, &url.replace("broken", "missing"), &[]);
    let mut other = missing.join(&node);
    node.playback(&["start", &missing.id, &media]);
    node.wait_state(&missing, "the attempt failed", s(10), |state| state["duration_status"] == "failed");
    // The next attempt finds it.
    origin.put("missing.mp4", fixture("moov_first.mp4"));
    eventually("another attempt", s(60), || {
        // Who says nothing is taken for dead.
        other.ping();
        thread::sleep(s(1));
        (node.state(&missing)["duration_status"] == "known").then_some(())
    });
}
