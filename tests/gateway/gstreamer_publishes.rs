//! GStreamer's two RTMP sinks.

use crate::harness::*;
use std::process::Command;

fn publishes(sink: &str) {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let pipeline = format!(
        "flvmux name=mux streamable=true ! {sink} \
         videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=20/1 ! \
         x264enc tune=zerolatency speed-preset=ultrafast key-int-max=20 ! video/x-h264,profile=main ! h264parse ! mux. \
         audiotestsrc is-live=true ! audio/x-raw,rate=44100,channels=2 ! avenc_aac ! aacparse ! mux."
    );
    let mut command = Command::new("gst-launch-1.0");
    command.args(["-q"]).args(pipeline.replace("URL", &key.publish_url).split_whitespace());
    let mut publisher = Publisher::run("gst-launch", &mut command);
    let show = gateway.wait_live("demo");
    assert_eq!((&show["tracks"][0]["codec"], &show["tracks"][0]["width"]), (&"h264".into(), &320.into()), "{show}");

    assert_decodes("ffmpeg", &key.flv, 3, &["Video: h264", "320x180", "Audio: aac"]);
    publisher.assert_running();
}

#[test]
fn rtmp2sink_publishes() {
    publishes("rtmp2sink location=URL");
}

#[test]
fn rtmpsink_publishes() {
    publishes("rtmpsink location=URL");
}
