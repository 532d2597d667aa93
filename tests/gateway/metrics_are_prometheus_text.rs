//! `/metrics`: what a Prometheus server would take, with what an operator asks for.

use crate::harness::*;

#[track_caller]
fn scrape(gateway: &Gateway) -> Exposition {
    let reply = get(gateway.http, "/metrics");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = reply.text();
    parse_exposition(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

#[test]
fn a_live_stream_has_every_family_with_a_sane_value() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let before = scrape(&gateway);
    assert!(before.0["synctv_stream_live"].samples.is_empty(), "nothing is live yet");

    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let mut viewer = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    assert_eq!(get(gateway.http, &key.hls).status, 200);
    for _ in 0..4 {
        viewer.until(Tag::is_video_keyframe);
    }
    let first = scrape(&gateway);
    let between = |family: &str, range: std::ops::RangeInclusive<f64>| {
        let value = first.of(family, "demo");
        assert!(range.contains(&value), "{family} is {value}, expected {range:?}");
    };
    between("synctv_stream_live", 1.0..=1.0);
    between("synctv_stream_publisher_epoch", 1.0..=1.0);
    // The clip has about 270 kbit/s, 25 frames a second, a key frame a second.
    between("synctv_stream_in_bits_per_second", 100e3..=1e6);
    between("synctv_stream_in_bytes_total", 50e3..=50e6);
    between("synctv_stream_out_bytes_total", 50e3..=50e6);
    between("synctv_stream_video_frames_total", 50.0..=5000.0);
    between("synctv_stream_audio_frames_total", 80.0..=8000.0);
    between("synctv_stream_keyframe_interval_seconds", 0.96..=1.04);
    between("synctv_stream_ingest_jitter_seconds", 0.0..=1.0);
    between("synctv_stream_viewers", 1.0..=1.0);
    between("synctv_stream_hls_viewers", 1.0..=1.0);
    between("synctv_stream_dropped_to_keyframe_total", 0.0..=0.0);
    between("synctv_stream_slow_viewers_closed_total", 0.0..=0.0);
    assert_eq!(first.0["synctv_streams_live"].samples[0].1, 1.0);

    viewer.until(Tag::is_video_keyframe);
    viewer.until(Tag::is_video_keyframe);
    let second = scrape(&gateway);
    for (name, family) in second.0.iter().filter(|(_, family)| family.kind == "counter") {
        for (labels, value) in &family.samples {
            // Some have no stream, and some no sample before something has happened.
            let before = first.0.get(name).and_then(|family| family.samples.iter().find(|(known, _)| known == labels));
            let earlier = before.map_or(0.0, |(_, earlier)| *earlier);
            assert!(*value >= earlier, "{name}{labels:?} fell from {earlier} to {value}");
        }
    }
    let grew = |family: &str| second.of(family, "demo") > first.of(family, "demo");
    assert!(grew("synctv_stream_in_bytes_total") && grew("synctv_stream_out_bytes_total"));
    assert!(grew("synctv_stream_video_frames_total") && grew("synctv_stream_audio_frames_total"));
}

/// The control: the reader refuses what Prometheus refuses.
#[test]
fn the_reader_finds_what_is_wrong() {
    let good = "# HELP a_total b\n# TYPE a_total counter\na_total{s=\"x\\\"y\",t=\"\"} 1\na_total 2.5e3\n";
    assert!(parse_exposition(good).is_ok());
    for (what, with) in [
        ("counter\n", "counters\n"),
        ("a_total 2", "a_totals 2"),
        ("a_total 2.5e3", "a_total  2"),
        ("a_total 2.5e3", "a_total 0x2"),
        ("a_total 2.5e3", "a_total inf"),
        ("a_total 2.5e3", "a_total -1"),
        ("a_total 2.5e3", "a_total{s=\"x\\\"y\",t=\"\"} 3"),
        ("t=\"\"", "s=\"\""),
        ("t=\"\"", "t=\"\\q\""),
        ("t=\"\"", "t=\""),
        ("t=\"\"", "9=\"\""),
        ("2.5e3\n", "2.5e3"),
        ("# HELP a_total b\n", ""),
        ("# TYPE a_total counter\n", ""),
        ("2.5e3\n", "2\n# HELP a_total b\n"),
    ] {
        let bad = good.replacen(what, with, 1);
        assert_ne!(bad, good);
        assert!(parse_exposition(&bad).is_err(), "{bad}");
    }
}
