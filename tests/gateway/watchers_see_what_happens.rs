//! `room watch`: a member at a terminal.

use crate::harness::*;
use serde_json::{Value, json};
use std::process::Command;

/// A running `room watch`, its JSON lines in the log.
fn watch(gateway: &Gateway, room: &str, flags: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synctv"));
    command.args(["room", "watch", room, "--json", "--data-dir"]).arg(gateway.data_dir()).args(flags);
    Process::start("watch", &mut command)
}

/// The JSON lines of this type so far.
fn lines(watcher: &Process, kind: &str) -> Vec<Value> {
    let log = watcher.log();
    let all = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    all.filter(|line| line["type"] == kind).collect()
}

#[track_caller]
fn wait_for(watcher: &Process, kind: &str, test: impl Fn(&Value) -> bool) -> Value {
    eventually(&format!("the watcher sees {kind}"), s(10), || lines(watcher, kind).into_iter().find(|line| test(line)))
}

fn room_with_media(gateway: &Gateway) -> String {
    gateway.json(&["room", "create", "Films"]);
    let url = ["--url", "http://127.0.0.1:9/a.mp4", "--duration", "1h"];
    gateway.json(&[&["media", "add", "Films"], &url[..]].concat())["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_watcher_is_told_the_state_and_every_change() {
    let gateway = Gateway::start();
    let media = room_with_media(&gateway);
    let watcher = watch(&gateway, "Films", &["--name", "<i>דוד</i>"]);
    assert_eq!(wait_for(&watcher, "state", |_| true)["version"], 0);
    gateway.json(&["playback", "start", "Films", &media]);
    let change = wait_for(&watcher, "playback", |line| line["version"] == 1);
    assert_eq!((&change["media_id"], &change["playing"]), (&json!(media), &json!(true)));
    let member = eventually("the member is listed", s(10), || {
        gateway.json(&["room", "members", "Films"])["members"].get(0).cloned()
    });
    assert_eq!(member["name"], "<i>דוד</i>");
    eventually("the connection is counted", s(10), || {
        (gateway.json(&["room", "list"])["rooms"][0]["connections"] == 1).then_some(())
    });
}

#[test]
fn two_watchers_compute_the_same_position() {
    let gateway = Gateway::start();
    let media = room_with_media(&gateway);
    gateway.json(&["playback", "start", "Films", &media]);
    let watchers = [(); 2].map(|()| watch(&gateway, "Films", &["--positions", "0.1"]));
    // Where the item began by the server's clock: the same for all who agree.
    let began = |watcher: &Process| {
        let positions = eventually("ten positions", s(15), || {
            let positions = lines(watcher, "position");
            (positions.len() >= 10).then_some(positions)
        });
        let last = positions.last().unwrap().clone();
        let field = |name: &str| last[name].as_i64().unwrap();
        assert_eq!(field("at_ms"), field("local_ms") + field("offset_ms"), "{last}");
        assert!(field("rtt_ms") < 1000, "{last}");
        field("at_ms") - field("position_ms")
    };
    let [a, b] = [began(&watchers[0]), began(&watchers[1])];
    assert!((a - b).abs() <= 50, "{a} and {b}");
    // This machine's clock is the server's.
    let offset = lines(&watchers[0], "position").last().unwrap()["offset_ms"].as_i64().unwrap();
    assert!(offset.abs() <= 50, "{offset}");
}

#[test]
fn who_is_thrown_out_does_not_come_back() {
    let gateway = Gateway::start();
    room_with_media(&gateway);
    let mut kicked = watch(&gateway, "Films", &[]);
    let id = wait_for(&kicked, "state", |_| true)["you"]["id"].as_str().unwrap().to_owned();
    gateway.json(&["room", "kick", "Films", &id]);
    assert_eq!(kicked.wait(s(10)).code(), Some(1));
    assert!(kicked.log().contains("kicked"), "{}", kicked.log());

    let made = gateway.json(&["room", "token", "Films", "--role", "viewer"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_synctv"));
    command.args(["room", "watch", "Films", "--json", "--server", &format!("http://{}", gateway.http)]);
    // Not an argument: every process on the machine could read it.
    command.env("SYNCTV_TOKEN", made["token"].as_str().unwrap());
    let mut revoked = Process::start("revoked", &mut command);
    wait_for(&revoked, "state", |_| true);
    gateway.json(&["room", "revoke", "Films", made["id"].as_str().unwrap()]);
    assert_eq!(revoked.wait(s(10)).code(), Some(1));
    assert!(revoked.log().contains("revoked"), "{}", revoked.log());

    let mut there = watch(&gateway, "Films", &[]);
    wait_for(&there, "state", |_| true);
    gateway.json(&["room", "delete", "Films"]);
    assert_eq!(there.wait(s(10)).code(), Some(1));
    assert!(there.log().contains("deleted"), "{}", there.log());
}

#[test]
fn a_watcher_ends_well_on_an_interrupt() {
    let gateway = Gateway::start();
    room_with_media(&gateway);
    let mut watcher = watch(&gateway, "Films", &[]);
    wait_for(&watcher, "state", |_| true);
    watcher.signal("INT");
    assert_eq!(watcher.wait(s(5)).code(), Some(0));
}

#[test]
fn a_watcher_comes_back_after_a_restart() {
    let mut gateway = Gateway::start();
    let data = gateway.data_dir();
    room_with_media(&gateway);
    let watcher = watch(&gateway, "Films", &[]);
    wait_for(&watcher, "state", |_| true);
    gateway.terminate();
    gateway.wait_stopped(s(25));
    let _again = Gateway::start_in(data);
    eventually("the watcher is greeted again", s(20), || (lines(&watcher, "state").len() >= 2).then_some(()));
}
