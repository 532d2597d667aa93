//! A member that reads nothing fills its own socket and nobody else's.

use crate::harness::*;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn others_hear_at_once_while_one_reads_nothing() {
    let gateway = Gateway::start_with(&[], "[room]\nmessages_per_s = 10000\n");
    let room = TestRoom::create(&gateway, "stuck");
    let (mut talker, mut listener) = (room.join("Ann"), room.join("Bob"));
    let _stuck = room.join("Cid");
    // More than its kernel buffers take on both sides.
    let long = "x".repeat(2000);
    let mut slowest = Duration::ZERO;
    for n in 0..6000 {
        let sent = Instant::now();
        talker.say(&json!({"type": "chat", "text": format!("{n} {}", &long[..1990])}));
        talker.hear_type("chat", s(5));
        listener.hear_type("chat", s(5));
        slowest = slowest.max(sent.elapsed());
    }
    assert!(slowest < s(2), "somebody waited {slowest:?}");
    listener.say(&json!({"type": "ping", "t1": 1}));
    listener.hear_type("pong", s(5));
}
