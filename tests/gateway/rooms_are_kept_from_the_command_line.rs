//! A room's life at a terminal: made, set up, filled, played, emptied, deleted.

use crate::harness::*;
use serde_json::json;

fn text(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_room_is_made_set_shown_listed_and_deleted() {
    let gateway = Gateway::start();
    let made = gateway.json(&["room", "create", "Movie night", "--mode", "repeat_all", "--advance-delay", "5s"]);
    let id = made["id"].as_str().unwrap();
    let shown = gateway.json(&["room", "show", "Movie night"]);
    assert_eq!((&shown["id"], &shown["mode"]), (&made["id"], &json!("repeat_all")));
    assert_eq!((&shown["advance_delay_ms"], &shown["control"]), (&json!(5000), &json!("controller")));
    let set =
        ["room", "set", id, "--name", "Films", "--mode", "shuffle", "--advance-delay", "0", "--control", "viewer"];
    let set = gateway.json(&set);
    assert_eq!((&set["name"], &set["mode"], &set["control"]), (&json!("Films"), &json!("shuffle"), &json!("viewer")));
    assert_eq!(set["advance_delay_ms"], 0);
    let list = text(&gateway.cli(&["room", "list"]));
    assert!(list.contains(id) && list.contains("Films") && list.contains("shuffle"), "{list}");
    assert!(text(&gateway.cli(&["room", "show", "Films"])).contains("viewer and above"));
    assert_eq!(gateway.cli(&["room", "create", "Films"]).status.code(), Some(1), "the name is taken");
    assert_eq!(gateway.cli(&["room", "set", "Films"]).status.code(), Some(2), "nothing to change");
    gateway.json(&["room", "delete", "Films"]);
    assert_eq!(gateway.json(&["room", "list"])["rooms"], json!([]));
    let gone = text(&gateway.cli(&["room", "show", id]));
    assert!(gone.contains("there is no room") && gone.contains("synctv room list"), "it says what to do next: {gone}");
}

#[test]
fn a_password_comes_from_a_file_or_stdin_and_lets_viewers_in() {
    let gateway = Gateway::start();
    let file = gateway.data_dir().join("password");
    std::fs::write(&file, "open sesame\n").unwrap();
    let file = file.to_str().unwrap();
    gateway.json(&["room", "create", "Films", "--password-file", file]);
    assert_eq!(gateway.json(&["room", "show", "Films"])["has_password"], true);
    let join = |password: &str| {
        call(gateway.http, None, "POST", "/rooms/Films/join", Some(&json!({"password": password}).to_string()))
    };
    assert_eq!(join("wrong").status, 403);
    let joined = join("open sesame");
    assert_eq!((joined.status, &joined.body["role"]), (200, &json!("viewer")), "{joined:?}");
    let token = joined.body["token"].as_str();
    assert_eq!(call(gateway.http, token, "GET", "/rooms/Films/state", None).status, 200);
    gateway.json(&["room", "set", "Films", "--no-password"]);
    let refused = join("open sesame");
    assert!(refused.status == 403 || refused.status == 429, "{refused:?}");
    assert!(!gateway.log().contains("open sesame"));
    let empty = text(&gateway.cli(&["room", "create", "x", "--password"]));
    assert!(empty.contains("password"), "an empty stdin is no password: {empty}");
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let gateway = Gateway::start();
    gateway.json(&["room", "create", "Films"]);
    let made = gateway.json(&["room", "token", "Films", "--role", "viewer", "--label", "guest", "--expires", "2h"]);
    let (id, secret) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let list = text(&gateway.cli(&["room", "tokens", "Films"]));
    assert!(list.contains(id) && list.contains("guest") && !list.contains(secret), "{list}");
    assert_eq!(call(gateway.http, Some(secret), "GET", "/rooms/Films", None).status, 200);
    assert_eq!(gateway.json(&["room", "revoke", "Films", id])["state"], "revoked");
    assert_eq!(call(gateway.http, Some(secret), "GET", "/rooms/Films", None).status, 401);
    assert!(!gateway.log().contains(secret));
}

#[test]
fn several_media_are_named_when_they_are_added() {
    let gateway = Gateway::start();
    gateway.json(&["room", "create", "Films"]);
    assert!(text(&gateway.cli(&["media", "list", "Films"])).contains("synctv media add"));
    let added = text(&gateway.cli(&["media", "add", "Films", "--url", "http://h/a.mp4", "--url", "http://h/b.mp4"]));
    let listed = gateway.json(&["media", "list", "Films"]);
    for media in listed["media"].as_array().unwrap() {
        let id = media["id"].as_str().unwrap();
        assert!(added.contains(id), "{id} is what `playback start` takes: {added}");
    }
    let refused = text(&gateway.cli(&["media", "add", "Films", "--url", "http://h/c.mp4", "--url", "ftp://h/d.mp4"]));
    assert!(refused.contains("item 2 (`ftp://h/d.mp4`)"), "{refused}");
}

#[test]
fn playlists_are_filled_sorted_and_played() {
    let gateway = Gateway::start();
    gateway.json(&["room", "create", "Films"]);
    gateway.json(&["playlist", "create", "Films", "evening"]);
    let list = gateway.data_dir().join("urls");
    let urls: String = (0..1200).map(|n| format!("http://127.0.0.1:9/{n:04}.mp4\n")).collect();
    std::fs::write(&list, format!("# a list\n\n{urls}")).unwrap();
    let added = gateway.json(&["media", "add", "Films", "--playlist", "evening", "--file", list.to_str().unwrap()]);
    let added = added["added"].as_array().unwrap();
    assert_eq!((added.len(), &added[1199]["position"]), (1200, &json!(1200)));
    let all = gateway.json(&["media", "list", "Films", "--playlist", "evening", "--all"]);
    assert_eq!((all["media"].as_array().unwrap().len(), &all["next_offset"]), (1200, &json!(null)));
    let last = added[1199]["id"].as_str().unwrap();
    assert_eq!(gateway.json(&["media", "move", "Films", last, "1"])["position"], 1);
    let table = text(&gateway.cli(&["media", "list", "Films", "--playlist", "evening", "--limit", "2"]));
    assert!(table.contains("1199.mp4") && table.contains("0000.mp4") && table.contains("--offset 2"), "{table}");

    let state = gateway.json(&["playback", "start", "Films", last]);
    assert_eq!((&state["media_id"], &state["playing"]), (&json!(last), &json!(true)));
    let stale = gateway.cli(&["playback", "pause", "Films", "--version", "0"]);
    assert!(stale.status.code() == Some(1) && text(&stale).contains("version 1"), "{stale:?}");
    assert_eq!(gateway.json(&["playback", "pause", "Films", "--version", "1"])["playing"], false);
    assert_eq!(gateway.json(&["playback", "seek", "Films", "1:30"])["position_ms"], 90_000);
    assert_eq!(gateway.json(&["playback", "speed", "Films", "1.5"])["speed"], 1.5);
    assert_eq!(gateway.json(&["playback", "next", "Films"])["media_id"], added[0]["id"]);
    assert_eq!(gateway.json(&["playback", "prev", "Films"])["media_id"], json!(last));
    assert!(text(&gateway.cli(&["playback", "get", "Films"])).contains("playing"));
    gateway.json(&["media", "remove", "Films", last]);
    assert_eq!(gateway.json(&["playback", "get", "Films"])["media_id"], json!(null));
    gateway.json(&["playlist", "rename", "Films", "evening", "late"]);
    gateway.json(&["playlist", "delete", "Films", "late"]);
    assert_eq!(gateway.json(&["playlist", "list", "Films"])["playlists"].as_array().unwrap().len(), 1);
    assert!(text(&gateway.cli(&["room", "history", "Films"])).contains("command"));
}
