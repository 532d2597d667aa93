//! A publisher that keeps its connection and says nothing.

use crate::harness::*;
use std::time::Instant;

#[test]
fn a_silent_publisher_is_offline_within_ten_seconds() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    publisher.freeze();
    let silent = Instant::now();
    // One second for the poll and a busy machine.
    gateway.wait_for("demo", "is offline", s(11), |show| show["state"] == "offline");
    assert!(silent.elapsed() > s(2), "a short silence is no reason to give up");
}
