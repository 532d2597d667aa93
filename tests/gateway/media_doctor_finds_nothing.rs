//! A second opinion on HLS: media-doctor lints the playlists and the transport stream.

use crate::harness::*;
use std::{fs, path::Path, process::Command};

/// Its findings on one file; it exits 0 whatever it finds.
#[track_caller]
fn findings(doctor: &Path, check: &str, file: &Path) -> serde_json::Value {
    let output = Command::new(doctor).args([check, "--json", "--input"]).arg(file).output().expect("media-doctor runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    report["findings"].clone()
}

#[test]
fn media_doctor_finds_nothing_in_playlists_and_transport_stream() {
    let Some(doctor) = media_doctor() else {
        eprintln!("media-doctor is not installed (tests/run tries to): nothing is checked");
        return;
    };
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let ts = key.hls.replace("index.m3u8", "ts.m3u8");
    let media = eventually("three segments", s(20), || {
        let started = get(gateway.http, &ts).status == 200;
        let media = started.then(|| node("hls_strict.mjs", &[&ts])["media"][0].clone())?;
        (media["segments"].as_array()?.len() >= 3).then_some(media)
    });

    let dir = TempDir::new();
    for name in ["index.m3u8", "media.m3u8", "ts.m3u8", "media-ts.m3u8"] {
        let file = dir.join(name);
        fs::write(&file, get(gateway.http, &key.hls.replace("index.m3u8", name)).body).unwrap();
        assert_eq!(findings(&doctor, "check-hls", &file), serde_json::json!([]), "{name}");
    }
    // Segments one after another are one transport stream: continuity counters go on across their borders.
    let mut stream = Vec::new();
    for segment in media["segments"].as_array().unwrap() {
        stream.extend(get(gateway.http, segment["url"].as_str().unwrap()).body);
    }
    let file = dir.join("segments.ts");
    fs::write(&file, stream).unwrap();
    assert_eq!(findings(&doctor, "check", &file), serde_json::json!([]), "segments");
}
