//! The operator's path: a key, ffmpeg, a player.

use crate::harness::*;

#[test]
fn what_ffmpeg_publishes_decodes_over_http_flv() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut publisher = Publisher::demo(&key.publish_url);
    let show = gateway.wait_live("demo");
    assert_eq!(show["name"], "demo");
    assert_eq!(show["tracks"][0]["codec"], "h264", "{show}");
    assert_eq!((&show["tracks"][0]["width"], &show["tracks"][0]["height"]), (&640.into(), &360.into()));
    assert_eq!((&show["tracks"][1]["codec"], &show["tracks"][1]["sample_rate"]), (&"aac".into(), &44100.into()));

    assert_decodes("ffmpeg", &key.flv, 4, &["Video: h264", "640x360", "Audio: aac"]);
    publisher.assert_running();
    gateway.assert_healthy();
}

#[test]
fn a_viewer_starts_at_a_key_frame_with_headers_first_and_time_zero() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");

    let body = open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap();
    assert_eq!((body.status, body.header("content-type")), (200, Some("video/x-flv")));
    assert_eq!(body.header("content-length"), None);
    let mut flv = FlvReader::new(body);
    assert!(flv.has_audio && flv.has_video);
    assert_eq!(flv.tag().kind, TagKind::Script, "onMetaData first");
    let headers = [flv.tag(), flv.tag()];
    assert!(headers.iter().all(Tag::is_sequence_header), "then the sequence headers");
    let first = flv.until(|tag| tag.kind == TagKind::Video);
    assert!(first.is_video_keyframe(), "media starts with a key frame");
    assert!(first.timestamp < 100, "at time 0, not {}", first.timestamp);
    let mut last = 0;
    for _ in 0..100 {
        let tag = flv.tag();
        assert!(tag.timestamp + 40 >= last, "{} after {last}", tag.timestamp);
        last = last.max(tag.timestamp);
    }
}
