//! HEVC, AV1, VP9 and Opus over Enhanced RTMP, published and judged by ffmpeg 9.

use crate::harness::*;

/// Publishes a clip made with `codecs` and lets ffmpeg 9 decode both outputs.
fn plays(codecs: &[&str], file: &str, expect: &[&str]) {
    let ffmpeg = ffmpeg9();
    let dir = TempDir::new();
    let clip = dir.join(file);
    encode_clip(&ffmpeg, codecs, &clip);
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut publisher = Publisher::copy(&ffmpeg, &clip, &[], &key.publish_url);
    let show = gateway.wait_live("demo");
    for (index, name) in expect.iter().enumerate() {
        assert_eq!(show["tracks"][index]["codec"], *name, "{show}");
    }

    assert_decodes(&ffmpeg, &key.flv, 3, expect);
    eventually("a first playlist", s(15), || (get(gateway.http, &key.hls).status == 200).then_some(()));
    assert_decodes(&ffmpeg, &key.hls, 3, expect);
    publisher.assert_running();
}

#[test]
fn hevc_and_aac_play() {
    let video = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=20:bframes=0:log-level=error"];
    plays(&[&video[..], &["-c:a", "aac"]].concat(), "clip.mp4", &["hevc", "aac"]);
}

#[test]
fn av1_and_opus_play() {
    let video = ["-c:v", "libsvtav1", "-preset", "12", "-g", "20", "-pix_fmt", "yuv420p"];
    plays(&[&video[..], &["-c:a", "libopus"]].concat(), "clip.mp4", &["av1", "opus"]);
}

#[test]
fn vp9_and_opus_play() {
    let video = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "20", "-pix_fmt", "yuv420p"];
    plays(&[&video[..], &["-c:a", "libopus"]].concat(), "clip.mp4", &["vp9", "opus"]);
}

#[test]
fn h264_and_mp3_play() {
    let video = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"];
    plays(&[&video[..], &["-c:a", "libmp3lame"]].concat(), "clip.mp4", &["h264", "mp3"]);
}
