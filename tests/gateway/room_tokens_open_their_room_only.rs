//! Who may do what from another machine.

use crate::harness::*;
use serde_json::json;

#[test]
fn a_rooms_token_commands_its_room_from_afar_and_nothing_else() {
    // Without an operator's token: rooms do not need one.
    let gateway = Gateway::start();
    let owner = gateway.json(&["room", "create", "mine"])["owner_token"].as_str().unwrap().to_owned();
    gateway.json(&["room", "create", "other"]);
    let server = format!("http://{}", gateway.http);
    let remote = |args: &[&str]| run(&[args, &["--server", &server, "--token", &owner]].concat());
    for args in [
        &["room", "show", "mine"][..],
        &["media", "add", "mine", "--url", "http://127.0.0.1:9/a.mp4"],
        &["playback", "get", "mine"],
        &["room", "token", "mine", "--role", "viewer"],
        &["room", "set", "mine", "--mode", "shuffle"],
    ] {
        let output = remote(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for args in [
        &["room", "show", "other"][..],
        &["room", "list"],
        &["room", "create", "third"],
        &["room", "delete", "other"],
        &["status"],
    ] {
        let output = remote(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && !stderr.contains(&owner), "{args:?}: {stderr}");
        assert!(stderr.contains("token is for another room") || stderr.contains("opens its room only"), "{stderr}");
    }
}

#[test]
fn refusals_have_the_status_that_says_why() {
    let gateway = Gateway::start();
    gateway.json(&["room", "create", "mine"]);
    let foreign = gateway.json(&["room", "create", "other"])["owner_token"].as_str().unwrap().to_owned();
    let token = |flags: &[&str]| {
        let made = gateway.json(&[&["room", "token", "mine"], flags].concat());
        made["token"].as_str().unwrap().to_owned()
    };
    let viewer = token(&["--role", "viewer"]);
    let controller = token(&["--role", "controller"]);
    let ask = |token: Option<&str>, method: &str, path: &str, body: Option<&str>| {
        call(gateway.http, token, method, path, body)
    };
    assert_eq!(ask(Some(&foreign), "GET", "/rooms/mine/state", None).status, 403);
    assert_eq!(ask(None, "GET", "/rooms/mine/state", None).status, 401);
    assert_eq!(ask(Some("rt_unknown"), "GET", "/rooms/mine/state", None).status, 401);
    assert_eq!(ask(Some(&viewer), "GET", "/rooms/nowhere/state", None).status, 404);
    let play = json!({"command": "play"}).to_string();
    assert_eq!(ask(Some(&viewer), "POST", "/rooms/mine/playback", Some(&play)).status, 403);
    assert_eq!(ask(Some(&controller), "POST", "/rooms/mine/playback", Some(&play)).status, 409, "nothing is selected");
    assert_eq!(ask(Some(&controller), "DELETE", "/rooms/mine", None).status, 403);

    let short = token(&["--role", "viewer", "--expires", "1s"]);
    eventually("the token expires", s(10), || {
        (ask(Some(&short), "GET", "/rooms/mine/state", None).status == 401).then_some(())
    });
}

#[test]
fn a_version_conflict_carries_the_fresh_state() {
    let gateway = Gateway::start();
    let owner = gateway.json(&["room", "create", "mine"])["owner_token"].as_str().unwrap().to_owned();
    let media = gateway.json(&["media", "add", "mine", "--url", "http://127.0.0.1:9/a.mp4"]);
    let body = json!({"command": "start", "media_id": media["id"], "version": 0}).to_string();
    let post = || call(gateway.http, Some(&owner), "POST", "/rooms/mine/playback", Some(&body));
    assert_eq!(post().body["version"], 1);
    let conflict = post();
    assert_eq!((conflict.status, &conflict.body["state"]["version"]), (409, &json!(1)), "{conflict:?}");
    assert_eq!(conflict.body["state"]["media_id"], media["id"]);
}

#[test]
fn malformed_and_huge_bodies_are_refused_and_change_nothing() {
    let gateway = Gateway::start();
    let owner = gateway.json(&["room", "create", "mine"])["owner_token"].as_str().unwrap().to_owned();
    let post = |path: &str, body: &str| call(gateway.http, Some(&owner), "POST", path, Some(body)).status;
    for body in ["{", "[]", "null", "{\"command\":", "\u{0}", "{\"command\":\"play\",\"version\":1e400}"] {
        assert_eq!(post("/rooms/mine/playback", body), 400, "{body:?}");
    }
    let huge = format!("{{\"command\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(post("/rooms/mine/playback", &huge), 413);
    let huge = format!("{{\"url\":\"http://h/{}\"}}", "x".repeat(5 << 20));
    assert_eq!(post("/rooms/mine/media", &huge), 413);
    assert_eq!(gateway.json(&["playback", "get", "mine"])["version"], 0);
    assert_eq!(gateway.json(&["media", "list", "mine"])["total"], 0);
    gateway.assert_healthy();
}
