//! Audio-only and video-only publishers.

use crate::harness::*;

fn publishes(flags: &[&str], kind: &str, expect: &str) {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::copy("ffmpeg", DEMO_CLIP, flags, &key.publish_url);
    let show = gateway.wait_live("demo");
    assert_eq!(show["tracks"].as_array().map(Vec::len), Some(1), "{show}");
    assert_eq!(show["tracks"][0]["kind"], kind);

    let flv = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    assert_eq!((flv.has_audio, flv.has_video), (kind == "audio", kind == "video"), "the flags tell the truth");
    drop(flv);
    assert_decodes("ffmpeg", &key.flv, 3, &[expect]);
    eventually("a first playlist", s(15), || (get(gateway.http, &key.hls).status == 200).then_some(()));
    assert_decodes("ffmpeg", &key.hls, 3, &[expect]);
}

#[test]
fn audio_alone_plays() {
    publishes(&["-vn"], "audio", "Audio: aac");
}

#[test]
fn video_alone_plays() {
    publishes(&["-an"], "video", "Video: h264");
}
