//! Keys that end by time: rotation with an overlap, and expiry.

use crate::harness::*;
use std::time::{Duration, Instant};

/// The watcher looks once a second; ffmpeg notices with its next frame.
const LATE: Duration = Duration::from_millis(2200);

#[test]
fn both_keys_work_within_the_overlap_and_the_old_ones_publisher_is_closed_after_it() {
    const OVERLAP: Duration = s(12);
    let gateway = Gateway::start();
    let old = gateway.key("demo");
    let begun = Instant::now();
    let rotated = gateway.json(&["key", "rotate", &old.id, "--overlap", "12s"]);
    assert_eq!(rotated["replaces"], old.id.as_str());
    let new_url = rotated["publish_url"].as_str().unwrap();

    let mut by_new = Publisher::demo(new_url);
    gateway.wait_live("demo");
    by_new.kill();
    gateway.wait_for("demo", "is offline", s(5), |show| show["state"] == "offline");
    let mut by_old = Publisher::demo(&old.publish_url);
    gateway.wait_live("demo");
    assert!(begun.elapsed() < OVERLAP - s(1), "too slow a machine to see the overlap");
    by_old.wait((OVERLAP + LATE).saturating_sub(begun.elapsed()));
    assert!(begun.elapsed() >= OVERLAP, "closed {:?} early", OVERLAP - begun.elapsed());

    let mut late = Publisher::demo(&old.publish_url);
    assert!(!late.wait(s(10)).success(), "the old key no longer works");
    let mut by_new = Publisher::demo(new_url);
    gateway.wait_live("demo");
    by_new.assert_running();
}

#[test]
fn rotation_without_overlap_closes_the_old_ones_publisher_at_once() {
    let gateway = Gateway::start();
    let old = gateway.key("demo");
    let mut publisher = Publisher::demo(&old.publish_url);
    gateway.wait_live("demo");
    gateway.json(&["key", "rotate", &old.id, "--overlap", "0s"]);
    publisher.wait(Duration::from_millis(1100));
}

#[test]
fn expiry_closes_the_running_publisher() {
    let gateway = Gateway::start();
    let begun = Instant::now();
    let key = gateway.key_with("demo", &["--expires", "6s"]);
    let mut publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    publisher.assert_running();
    publisher.wait((s(6) + LATE).saturating_sub(begun.elapsed()));
    assert!(begun.elapsed() >= s(6), "closed after {:?}", begun.elapsed());
    gateway.wait_for("demo", "is offline", s(2), |show| show["state"] == "offline");
}
