//! One viewer reads a byte a second among a hundred that keep up.

use crate::harness::*;
use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

const VIEWERS: usize = 100;
const WATCHED: Duration = s(12);

/// The largest step between video timestamps, in ms, and how far the media got.
fn watch(mut flv: FlvReader<Body>) -> (u32, u32) {
    let first = flv.until(Tag::is_video_keyframe).timestamp;
    let (mut last, mut widest) = (first, 0);
    let begun = Instant::now();
    while begun.elapsed() < WATCHED {
        let tag = flv.tag();
        if tag.kind == TagKind::Video && !tag.is_sequence_header() {
            widest = widest.max(tag.timestamp.saturating_sub(last));
            last = tag.timestamp;
        }
    }
    (widest, last - first)
}

#[test]
fn a_viewer_that_reads_a_byte_a_second_disturbs_nobody() {
    let dir = TempDir::new();
    let clip = dir.join("heavy.flv");
    // Noise, so that the bit rate is reached; enough to overrun what the kernel buffers for the slow one.
    let video =
        ["-vf", "noise=alls=60:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"];
    encode_clip(
        "ffmpeg",
        &[&video[..], &["-b:v", "3M", "-maxrate", "3M", "-bufsize", "3M", "-c:a", "aac"]].concat(),
        &clip,
    );
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut publisher = Publisher::copy("ffmpeg", &clip, &[], &key.publish_url);
    gateway.wait_live("demo");

    let over = Arc::new(AtomicBool::new(false));
    let mut slow = open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap();
    let dripping = thread::spawn({
        let over = Arc::clone(&over);
        move || {
            while !over.load(Relaxed) {
                // Closed below the minimum rate: that is the server's right.
                if slow.read(&mut [0]).is_err() {
                    break;
                }
                thread::sleep(s(1));
            }
        }
    });
    let before = gateway.resident_bytes();
    let open_one = |_| FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    let viewers: Vec<_> = (0..VIEWERS).map(open_one).map(|flv| thread::spawn(move || watch(flv))).collect();
    for viewer in viewers {
        let (widest, length) = viewer.join().expect("no viewer is cut off");
        assert!(widest <= 120, "a gap of {widest} ms: frames were lost");
        assert!(length >= 10_000, "only {length} ms of media arrived in {WATCHED:?}");
    }
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
    over.store(true, Relaxed);
    dripping.join().unwrap();
    publisher.assert_running();
    gateway.assert_healthy();
}
