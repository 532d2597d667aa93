//! An orderly end.

use crate::harness::*;

#[test]
fn sigterm_ends_flv_on_a_tag_boundary_and_exits_0() {
    let mut gateway = Gateway::start();
    let key = gateway.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    let mut over_http = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    let mut over_ws = FlvReader::new(open_websocket(gateway.http, &key.flv));
    over_http.until(Tag::is_video_keyframe);
    over_ws.until(Tag::is_video_keyframe);

    gateway.terminate();
    let end = loop {
        if let Err(end) = over_http.next_tag().expect("no reset") {
            break end;
        }
    };
    assert_eq!(end, End::OnTagBoundary, "HTTP-FLV");
    let end = loop {
        if let Err(end) = over_ws.next_tag().expect("no reset") {
            break end;
        }
    };
    assert_eq!(end, End::OnTagBoundary, "WebSocket-FLV");
    assert_eq!(gateway.wait_stopped(s(30)).code(), Some(0));
}

#[test]
fn a_server_without_work_stops_at_once() {
    let mut gateway = Gateway::start();
    gateway.terminate();
    assert_eq!(gateway.wait_stopped(s(5)).code(), Some(0));
}
