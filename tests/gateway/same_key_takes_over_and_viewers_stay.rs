//! Takeover: the newer publisher with the same key wins, viewers keep their sockets.

use crate::harness::*;

#[test]
fn the_same_key_takes_over_at_once_and_the_viewer_goes_on() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut old = Publisher::demo(&key.publish_url);
    let epoch = gateway.wait_live("demo")["epoch"].as_u64().unwrap();
    let mut viewer = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    let before = viewer.until(Tag::is_video_keyframe);

    let mut new = Publisher::demo(&key.publish_url);
    old.wait(s(5));
    gateway.wait_for("demo", "has a higher epoch", s(5), |show| show["epoch"].as_u64() > Some(epoch));
    // More key frames than the old publisher can have left in any buffer.
    let mut last = before.timestamp;
    for _ in 0..6 {
        let next = viewer.until(Tag::is_video_keyframe);
        assert!(next.timestamp > last, "time goes on: {} after {last}", next.timestamp);
        last = next.timestamp;
    }
    new.assert_running();
    assert_eq!(gateway.show("demo")["state"], "live");
}
