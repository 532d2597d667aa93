//! WebSocket-FLV: the same URL, upgraded.

use crate::harness::*;

#[test]
fn an_upgraded_play_url_sends_flv_in_binary_messages() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");

    let mut flv = FlvReader::new(open_websocket(gateway.http, &key.flv));
    assert!(flv.has_audio && flv.has_video);
    let first = flv.until(|tag| tag.kind == TagKind::Video && !tag.is_sequence_header());
    assert!(first.is_video_keyframe());
    // Five GOPs: well past what the GOP cache holds.
    for _ in 0..5 {
        flv.until(Tag::is_video_keyframe);
    }
}
