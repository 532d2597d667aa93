//! What scripts rely on: the members of `--json` answers, their types, and nothing missing.

use crate::harness::*;
use serde_json::Value;

/// Each member is there with a value of its kind: s(tring), n(umber), b(ool), a(rray), o(bject); `?` may be null.
#[track_caller]
fn assert_members(value: &Value, members: &[(&str, &str)]) {
    for (name, kind) in members {
        let member = value.get(name).unwrap_or_else(|| panic!("no {name:?} in {value:#}"));
        let right = match kind.trim_end_matches('?') {
            "s" => member.is_string(),
            "n" => member.is_number(),
            "b" => member.is_boolean(),
            "a" => member.is_array(),
            _ => member.is_object(),
        };
        assert!(right || (kind.ends_with('?') && member.is_null()), "{name:?} is {member}, expected {kind}");
    }
}

#[test]
fn status_and_key_create_have_their_members() {
    let gateway = Gateway::start();
    let status = gateway.json(&["status"]);
    assert_members(
        &status,
        &[("version", "s"), ("http", "s"), ("rtmp", "s"), ("database", "s"), ("streams", "o"), ("rooms", "o")],
    );
    assert_members(&status["streams"], &[("live", "n"), ("known", "n")]);
    assert_eq!(status["http"], gateway.http.to_string());
    assert_eq!(status["rtmp"], gateway.rtmp.to_string());
    let log = gateway.log();
    assert!(log.contains(&gateway.http.to_string()) && log.contains(&gateway.rtmp.to_string()), "{log}");

    let made = gateway.json(&["key", "create", "demo"]);
    let text = ["key_id", "stream", "secret", "server_url", "stream_key", "publish_url"];
    assert_members(&made, &text.map(|name| (name, "s")));
    assert_members(&made["play"], &["page", "flv", "ws_flv", "hls"].map(|name| (name, "s")));
    let (http, rtmp) = (gateway.http, gateway.rtmp);
    assert_eq!(made["server_url"], format!("rtmp://{rtmp}/live"));
    assert_eq!(made["play"]["page"], format!("http://{http}/watch/demo"));
    assert_eq!(made["play"]["flv"], format!("http://{http}/live/demo.flv"));
    assert_eq!(made["play"]["ws_flv"], format!("ws://{http}/live/demo.flv"));
    assert_eq!(made["play"]["hls"], format!("http://{http}/live/demo/index.m3u8"));

    let keys = gateway.json(&["key", "list"]);
    assert_members(
        &keys["keys"][0],
        &[("key_id", "s"), ("stream", "s"), ("label", "s?"), ("state", "s"), ("created_at", "s"), ("expires_at", "s?")],
    );
    assert_members(&keys["keys"][0], &[("last_used_at", "s?"), ("last_used_peer", "s?"), ("replaced_by", "s?")]);
}

#[test]
fn stream_show_has_its_members_offline_and_live() {
    let members = [
        ("name", "s"),
        ("state", "s"),
        ("epoch", "n"),
        ("tracks", "a"),
        ("bitrate_bps", "n"),
        ("viewers", "n"),
        ("warnings", "a"),
    ];
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let offline = gateway.show("demo");
    assert_members(&offline, &members);
    assert_eq!((&offline["state"], &offline["tracks"]), (&"offline".into(), &serde_json::json!([])));

    let _publisher = Publisher::demo(&key.publish_url);
    let live = gateway.wait_for("demo", "has both tracks and a rate", s(20), |show| {
        show["tracks"].as_array().is_some_and(|tracks| tracks.len() == 2) && show["bitrate_bps"].as_u64() > Some(0)
    });
    assert_members(&live, &members);
    assert_eq!(live["state"], "live");
    let kinds = ["kind", "codec"].map(|name| (name, "s"));
    let numbers = ["width", "height", "fps", "sample_rate", "channels"].map(|name| (name, "n?"));
    for track in live["tracks"].as_array().unwrap() {
        assert_members(track, &kinds);
        assert_members(track, &numbers);
    }
    let [video, audio] = [&live["tracks"][0], &live["tracks"][1]];
    assert_eq!((&video["kind"], &video["codec"]), (&"video".into(), &"h264".into()));
    assert_eq!((&video["width"], &video["height"], &video["fps"]), (&640.into(), &360.into(), &25.0.into()));
    assert_eq!((&audio["kind"], &audio["codec"]), (&"audio".into(), &"aac".into()));
    assert_eq!((&audio["sample_rate"], &audio["channels"]), (&44100.into(), &1.into()));
    let used = gateway.json(&["key", "list", "demo"])["keys"][0].clone();
    assert_members(&used, &[("last_used_at", "s"), ("last_used_peer", "s")]);
}

#[test]
fn rooms_media_and_playback_have_their_members() {
    let gateway = Gateway::start();
    let made = gateway.json(&["room", "create", "Movies"]);
    assert_members(&made, &["id", "name", "owner_token"].map(|name| (name, "s")));
    assert_eq!(made["name"], "Movies");
    for role in ["viewer", "controller", "owner"] {
        let token = gateway.json(&["room", "token", "Movies", "--role", role]);
        assert_members(&token, &["token", "id", "role"].map(|name| (name, "s")));
        assert_eq!(token["role"], role);
    }
    let media = gateway.json(&["media", "add", "Movies", "--url", "http://127.0.0.1:9/a.mp4", "--duration", "90s"]);
    assert_members(&media, &[("id", "s"), ("position", "n")]);
    assert_eq!(media["position"], 1);
    let members = [
        ("version", "n"),
        ("generation", "n"),
        ("media_id", "s?"),
        ("playlist_id", "s?"),
        ("target_hash", "s?"),
        ("playing", "b"),
        ("ended", "b"),
        ("position_ms", "n"),
        ("duration_ms", "n?"),
        ("duration_status", "s?"),
        ("speed", "n"),
        ("at_ms", "n"),
    ];
    assert_members(&gateway.json(&["playback", "get", "Movies"]), &members);
    let started = gateway.json(&["playback", "start", "Movies", media["id"].as_str().unwrap()]);
    assert_members(&started, &members.map(|(name, kind)| (name, kind.trim_end_matches('?'))));
    assert_eq!((&started["duration_ms"], &started["duration_status"]), (&90_000.into(), &"known".into()));
    let rooms = gateway.json(&["room", "list"]);
    let room = &rooms["rooms"][0];
    assert_members(room, &["id", "name", "mode", "control", "created_at"].map(|name| (name, "s")));
    assert_members(room, &[("advance_delay_ms", "n"), ("connections", "n"), ("has_password", "b"), ("playing", "b")]);
    assert_members(
        &gateway.json(&["media", "list", "Movies"]),
        &[("media", "a"), ("total", "n"), ("next_offset", "n?")],
    );
    assert_members(&gateway.json(&["room", "members", "Movies"]), &[("members", "a"), ("connections", "n")]);
    assert_members(&gateway.json(&["room", "history", "Movies"])["history"][0], &[("cause", "s"), ("at_ms", "n")]);
}

#[test]
fn refusals_exit_with_1_and_usage_errors_with_2_each_with_one_line_on_stderr() {
    let gateway = Gateway::start();
    for (args, code) in [
        (&["stream", "show", "nobody"][..], 1),
        (&["stream", "kick", "nobody"], 1),
        (&["stream", "delete", "nobody"], 1),
        (&["key", "create", "../x"], 1),
        (&["key", "revoke", "k_nothing"], 1),
        (&["room", "show", "nowhere"], 1),
        (&["room", "create", "a\nb"], 1),
        (&["playback", "play", "nowhere"], 1),
        (&["media", "add", "nowhere", "--url", "http://h/"], 1),
        (&["room", "watch", "nowhere"], 1),
        (&["room", "token", "nowhere"], 2),
        (&["playback", "seek", "nowhere", "far"], 2),
        (&["key", "create", "demo", "--expires", "soon"], 2),
        (&["key", "create"], 2),
        (&["stream", "set", "demo"], 2),
        (&["frobnicate"], 2),
    ] {
        let output = gateway.cli(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?} prints to stdout");
        assert!(!stderr.trim().is_empty() && !stderr.contains("panicked"), "{args:?}: {stderr}");
        if code == 1 {
            assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
        }
    }
}
