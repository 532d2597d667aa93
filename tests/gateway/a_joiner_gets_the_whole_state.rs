//! Joining a room, and hearing what happens in it.

use crate::harness::*;
use serde_json::json;

#[test]
fn the_first_message_is_the_state_and_later_ones_are_changes() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "cinema");
    let (status, media) = gateway.api(
        "POST",
        &format!("/api/v1/rooms/{}/media", room.id),
        Some(&json!({"url": "http://127.0.0.1:9/a.mp4"})),
    );
    assert_eq!(status, 201, "{media}");
    let mut first = room.join("Ann%20%3Cb%3E");
    assert_eq!(first.state["room"], json!({"id": room.id, "name": "cinema"}));
    assert_eq!(first.state["you"]["name"], "Ann <b>");
    assert_eq!(first.state["you"]["role"], "owner");
    assert_eq!((&first.state["version"], &first.state["playing"]), (&json!(0), &json!(false)));
    let mut second = room.join("Bob");

    first.say(&json!({"type": "start", "media_id": media["id"], "id": "one"}));
    assert_eq!(first.hear_type("ok", s(5)), json!({"type": "ok", "id": "one", "version": 1}));
    let heard = second.hear_type("playback", s(5));
    assert_eq!((&heard["version"], &heard["playing"]), (&json!(1), &json!(true)));
    assert_eq!(heard["media_id"], media["id"]);
    assert_eq!(room.join("Cid").state["version"], 1);

    second.say(&json!({"type": "pause", "version": 0, "id": "two"}));
    let conflict = second.hear_type("conflict", s(5));
    assert_eq!((&conflict["id"], &conflict["state"]["version"]), (&json!("two"), &json!(1)));
    second.say(&json!({"type": "chat", "text": "hello"}));
    let chat = first.hear_type("chat", s(5));
    assert_eq!((&chat["from"]["name"], &chat["text"]), (&json!("Bob"), &json!("hello")));
    let mut late = room.join("Dan");
    assert_eq!(late.hear_type("chat", s(5)), chat, "a joiner is shown what was said");
}

#[test]
fn a_ping_tells_the_servers_time() {
    let gateway = Gateway::start();
    let mut member = TestRoom::create(&gateway, "clock").join("Ann");
    member.say(&json!({"type": "ping", "t1": 12.5}));
    let pong = member.hear_type("pong", s(5));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0;
    let (t2, t3) = (pong["t2"].as_f64().unwrap(), pong["t3"].as_f64().unwrap());
    assert_eq!(pong["t1"], 12.5);
    assert!(t2 <= t3 && (now - t2).abs() < 2000.0, "{pong} at {now}");
}

#[test]
fn who_is_there_is_told_to_all() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "crowd");
    let mut first = room.join("Ann");
    let second = room.join("Bob");
    let both = eventually("two members", s(10), || {
        let told = first.hear_type("members", s(10));
        (told["count"] == 2).then_some(told)
    });
    let names: Vec<_> = both["members"].as_array().unwrap().iter().map(|member| member["name"].clone()).collect();
    assert_eq!(names, ["Ann", "Bob"]);
    drop(second);
    eventually("one member", s(10), || (first.hear_type("members", s(10))["count"] == 1).then_some(()));
}

#[test]
fn the_operator_joins_over_the_unix_socket_without_a_token() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "local");
    let socket = std::os::unix::net::UnixStream::connect(gateway.data_dir().join("synctv.sock")).unwrap();
    socket.set_read_timeout(Some(s(5))).unwrap();
    let (mut member, _) = tungstenite::client(format!("ws://x/api/v1/rooms/{}/ws", room.id), socket).unwrap();
    let state: serde_json::Value = serde_json::from_str(member.read().unwrap().to_text().unwrap()).unwrap();
    assert_eq!((&state["type"], &state["you"]["role"]), (&json!("state"), &json!("owner")));
}

#[test]
fn members_are_counted_in_the_metrics() {
    let gateway = Gateway::start();
    let room = TestRoom::create(&gateway, "counted");
    let _members = [room.join("Ann"), room.join("Bob")];
    let scrape = || parse_exposition(&get(gateway.http, "/metrics").text()).unwrap();
    let by_room = eventually("the room is among the hottest", s(10), || {
        let family = &scrape().0["synctv_room_connections"];
        family.samples.iter().find(|(labels, _)| labels.get("room") == Some(&room.id)).map(|(_, value)| *value)
    });
    assert!(by_room >= 1.0);
    let text = scrape();
    assert_eq!(text.0["synctv_rooms_active"].samples[0].1, 1.0);
    assert_eq!(text.0["synctv_members_connected"].samples[0].1, 2.0);
    let by_room = &text.0["synctv_room_connections"];
    assert!(by_room.samples.iter().all(|(labels, _)| labels.contains_key("room")), "their sum counts nobody twice");
    assert_eq!(gateway.json(&["status"])["rooms"]["active"], 1);
}
