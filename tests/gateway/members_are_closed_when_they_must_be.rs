//! Kick, revoke, delete, expiry and the end of the server close the sockets they must, and no others.

use crate::harness::*;
use serde_json::json;

fn token(gateway: &Gateway, room: &TestRoom, body: &serde_json::Value) -> (String, String) {
    let (status, made) = gateway.api("POST", &format!("/api/v1/rooms/{}/tokens", room.id), Some(body));
    assert_eq!(status, 201, "{made}");
    let text = |field: &str| made[field].as_str().unwrap_or_else(|| panic!("no {field}: {made}")).to_owned();
    (text("id"), text("token"))
}

#[test]
fn a_kicked_member_is_closed_alone() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "kick");
    let (mut stays, mut goes) = (room.join("Ann"), room.join("Bob"));
    let kick = format!("/api/v1/rooms/{}/kick", room.id);
    assert_eq!(gateway.api("POST", &kick, Some(&json!({"member": goes.id()}))).0, 204);
    assert_eq!(goes.end(s(5)), Ended::Closed(4003));
    stays.say(&json!({"type": "ping", "t1": 1}));
    stays.hear_type("pong", s(5));
}

#[test]
fn a_revoked_token_closes_who_came_with_it() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "revoke");
    let (id, secret) = token(&gateway, &room, &json!({"role": "viewer"}));
    let mut stays = room.join("Ann");
    let mut guests = [room.join_with(&secret, "Bob"), room.join_with(&secret, "Cid")];
    assert!(gateway.api("DELETE", &format!("/api/v1/rooms/{}/tokens/{id}", room.id), None).0 < 300);
    for guest in &mut guests {
        assert_eq!(guest.end(s(5)), Ended::Closed(4001));
    }
    let target = format!("/api/v1/rooms/{}/ws?token={secret}", room.id);
    assert_eq!(Member::open(gateway.http, &target, &[]).err(), Some(401), "it opens nothing any more");
    stays.say(&json!({"type": "ping", "t1": 1}));
    stays.hear_type("pong", s(5));
}

#[test]
fn a_token_that_expires_closes_its_members_then() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "expire");
    let (_, secret) = token(&gateway, &room, &json!({"role": "viewer", "expires_in_s": 2}));
    let mut guest = room.join_with(&secret, "Bob");
    assert_eq!(guest.end(s(6)), Ended::Closed(4001));
}

#[test]
fn a_deleted_room_closes_all_of_its_members() {
    let gateway = Gateway::start();
    let (room, other) = (TestRoom::create(&gateway, "delete"), TestRoom::create(&gateway, "other"));
    let mut members = [room.join("Ann"), room.join("Bob")];
    let mut bystander = other.join("Cid");
    assert!(gateway.api("DELETE", &format!("/api/v1/rooms/{}", room.id), None).0 < 300);
    for member in &mut members {
        assert_eq!(member.end(s(5)), Ended::Closed(4004));
    }
    bystander.say(&json!({"type": "ping", "t1": 1}));
    bystander.hear_type("pong", s(5));
}

#[test]
fn a_server_that_stops_says_so() {
    let mut gateway = Gateway::start();
    let mut member = TestRoom::create(&gateway, "stop").join("Ann");
    gateway.terminate();
    assert_eq!(member.end(s(5)), Ended::Closed(1001));
    drop(member);
    assert!(gateway.wait_stopped(s(10)).success());
}
