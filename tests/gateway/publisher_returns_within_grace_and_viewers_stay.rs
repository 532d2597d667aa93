//! A publisher that dies and comes back: one HTTP response, one playlist, one discontinuity.

use crate::harness::*;

#[test]
fn the_same_flv_response_continues_when_the_publisher_returns() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut first = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let mut viewer = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    viewer.until(Tag::is_video_keyframe);
    let before = viewer.until(Tag::is_video_keyframe);

    first.kill();
    gateway.wait_for("demo", "is offline", s(12), |show| show["state"] == "offline");
    let mut second = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let mut last = before.timestamp;
    for _ in 0..4 {
        let next = viewer.until(Tag::is_video_keyframe);
        assert!(next.timestamp > last, "time goes on: {} after {last}", next.timestamp);
        last = next.timestamp;
    }
    second.assert_running();
}

#[test]
fn hls_writes_one_discontinuity_and_media_sequence_goes_on() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut first = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    eventually("a first playlist", s(15), || (get(gateway.http, &key.hls).status == 200).then_some(()));
    let before = node("hls_strict.mjs", &[&key.hls])["media"][0].clone();
    first.kill();
    gateway.wait_for("demo", "is offline", s(12), |show| show["state"] == "offline");
    let held = node("hls_strict.mjs", &[&key.hls])["media"][0].clone();
    assert_eq!(held["endlist"], false, "within the grace the playlist is not ended");

    let _second = Publisher::demo(&key.publish_url);
    let count = |media: &serde_json::Value| {
        let segments = media["segments"].as_array().unwrap();
        segments.iter().filter(|segment| segment["discontinuity"] == true).count()
    };
    let after = eventually("a DISCONTINUITY", s(15), || {
        let media = node("hls_strict.mjs", &[&key.hls])["media"][0].clone();
        (count(&media) > 0).then_some(media)
    });
    assert_eq!(count(&after), 1, "{after:#}");
    assert!(after["mediaSequence"].as_u64() >= before["mediaSequence"].as_u64(), "{before:#}\n{after:#}");
}
