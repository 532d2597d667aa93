//! Viewers that take nothing at all.

use crate::harness::*;
use std::time::Instant;

#[test]
fn a_viewer_that_never_reads_is_closed_and_the_others_watch_on() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let key = gateway.key("heavy");
    let mut publisher = RtmpClient::publish(gateway.rtmp, &key.stream_key, 65536);
    let clip = tags_of(DEMO_CLIP);
    for header in clip.iter().filter(|tag| tag.is_sequence_header()) {
        publisher.send_tag(header).unwrap();
    }
    let upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    let nonce = [&upgrade[..], &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]].concat();
    let deaf = [&[][..], &nonce].map(|head| open(gateway.http, "GET", "/live/heavy.flv", head).unwrap());
    let before = gateway.resident_bytes();
    let key_frame = clip.iter().find(|tag| tag.is_video_keyframe()).unwrap();
    let sound = clip.iter().find(|tag| tag.kind == TagKind::Audio && !tag.is_sequence_header()).unwrap();
    let begun = Instant::now();
    for n in 0.. {
        // 100 KB a frame: what the kernel buffers is full at once.
        let mut body = key_frame.body.clone();
        let filler = 100_000_u32;
        body.extend((filler - 4).to_be_bytes());
        body.resize(body.len() + filler as usize - 4, 12);
        publisher.send_tag(&Tag { timestamp: n * 40, body, ..*key_frame }).unwrap();
        publisher.send_tag(&Tag { timestamp: n * 40, ..sound.clone() }).unwrap();
        bystander.await_frames(1);
        if n % 10 == 9 && gateway.show("heavy")["viewers"] == 0 {
            break;
        }
        assert!(begun.elapsed() < s(15), "still counted: {}", gateway.show("heavy"));
    }
    assert!(begun.elapsed() > s(5), "a short stall is no reason to close a viewer");
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
    drop(deaf);
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}
