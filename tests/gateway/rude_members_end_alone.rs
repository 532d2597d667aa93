//! Members that send too much, too fast or nonsense, and pages that must not connect.

use crate::harness::*;
use serde_json::{Value, json};
use std::io::Write;

/// Still answers.
#[track_caller]
fn assert_alive(member: &mut Member) {
    member.say(&json!({"type": "ping", "t1": 7}));
    assert_eq!(member.hear_type("pong", s(5))["t1"], 7);
}

#[test]
fn a_message_of_a_mebibyte_closes_its_sender_with_1009() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "big");
    let (mut bystander, mut rude) = (room.join("Ann"), room.join("Bob"));
    let text = json!({"type": "chat", "text": "x".repeat(1 << 20)}).to_string();
    // The server may close before everything is sent.
    let _ = rude.say_text(&text);
    assert_eq!(rude.end(s(5)), Ended::Closed(1009));
    assert_alive(&mut bystander);
}

#[test]
fn fragments_that_add_up_to_too_much_close_with_1009() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "fragments");
    let mut rude = room.join("Bob");
    // Two frames of 10 000 bytes each, masked with zeros (RFC 6455 5.2).
    for opcode in [0x01, 0x80] {
        let header = [opcode, 0xfe, 0x27, 0x10, 0, 0, 0, 0];
        rude.tcp().write_all(&[&header[..], &[b'x'; 10_000]].concat()).unwrap();
    }
    assert_eq!(rude.end(s(5)), Ended::Closed(1009));
}

#[test]
fn malformed_json_is_answered_and_in_the_end_closed() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "garbled");
    let mut rude = room.join("Bob");
    rude.say(&json!({"type": "dance", "id": "x"}));
    let error = rude.hear_type("error", s(5));
    assert_eq!((&error["id"], &error["code"]), (&json!("x"), &json!("unknown_type")));
    for _ in 0..9 {
        rude.say_text("{nonsense").unwrap();
        assert_eq!(rude.hear_type("error", s(5))["code"], "malformed");
    }
    assert_alive(&mut rude);
    rude.say_text("{nonsense").unwrap();
    assert_eq!(rude.end(s(5)), Ended::Closed(1007));
}

#[test]
fn who_talks_too_fast_is_told_and_then_closed() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "fast");
    let (mut bystander, mut rude) = (room.join("Ann"), room.join("Bob"));
    for n in 0..60 {
        rude.say(&json!({"type": "ping", "t1": n}));
    }
    assert_eq!(rude.hear_type("error", s(5))["code"], "too_many");
    for n in 0..200 {
        if rude.say_text(&json!({"type": "ping", "t1": n}).to_string()).is_err() {
            break;
        }
    }
    assert_eq!(rude.end(s(5)), Ended::Closed(1008));
    assert_alive(&mut bystander);
}

#[test]
fn viewers_do_not_control() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "roles");
    let tokens = format!("/api/v1/rooms/{}/tokens", room.id);
    let (_, made) = gateway.api("POST", &tokens, Some(&json!({"role": "viewer"})));
    let mut viewer = room.join_with(made["token"].as_str().unwrap(), "Bob");
    viewer.say(&json!({"type": "stop", "id": "1"}));
    assert_eq!(viewer.hear_type("error", s(5))["code"], "forbidden");
}

#[test]
fn foreign_pages_and_strangers_are_refused_before_the_upgrade() {
    let gateway = Gateway::start_with(&[], "[http]\nallowed_origins = 'https://friend.example'\n");
    let (room, other) = (TestRoom::create(&gateway, "door"), TestRoom::create(&gateway, "other"));
    let target = format!("/api/v1/rooms/{}/ws?token={}", room.id, room.owner);
    let origin = |value: &str| Member::open(gateway.http, &target, &[("Origin", value)]).err();
    assert_eq!(origin("https://evil.example"), Some(403));
    assert_eq!(origin("null"), Some(403));
    assert_eq!(origin("https://friend.example"), None);
    assert_eq!(origin(&format!("http://{}", gateway.http)), None);
    let open = |target: &str| Member::open(gateway.http, target, &[]).err();
    assert_eq!(open(&format!("/api/v1/rooms/{}/ws", room.id)), Some(401));
    assert_eq!(open(&format!("/api/v1/rooms/{}/ws?token=rt_wrong", room.id)), Some(401));
    assert_eq!(open(&format!("/api/v1/rooms/{}/ws?token={}", other.id, room.owner)), Some(403));
    assert_eq!(open(&format!("/api/v1/rooms/r_nowhere000/ws?token={}", room.owner)), Some(404));
    assert_eq!(open(&format!("{target}&name={}", "x".repeat(65))), Some(400));
    let plain = get(gateway.http, &target);
    let problem: Value = serde_json::from_slice(&plain.body).unwrap();
    assert_eq!((plain.status, &problem["status"]), (426, &json!(426)));
}

#[test]
fn rooms_and_the_process_hold_so_many_members_and_no_more() {
    let gateway = Gateway::start_with(&[], "[room]\nmax_connections_per_room = 2\nmax_connections = 3\n");
    let (room, other) = (TestRoom::create(&gateway, "full"), TestRoom::create(&gateway, "other"));
    let target = |room: &TestRoom| format!("/api/v1/rooms/{}/ws?token={}", room.id, room.owner);
    let _two = [room.join("Ann"), room.join("Bob")];
    assert_eq!(Member::open(gateway.http, &target(&room), &[]).err(), Some(503));
    let third = other.join("Cid");
    assert_eq!(Member::open(gateway.http, &target(&other), &[]).err(), Some(503));
    drop(third);
    eventually("there is room again", s(5), || Member::open(gateway.http, &target(&other), &[]).ok());
}
