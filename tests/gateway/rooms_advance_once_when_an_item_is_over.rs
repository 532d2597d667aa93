//! What is over is followed by the next, once; in rooms with a connection only.

use crate::harness::*;
use std::{thread, time::Duration};

on_both_databases!(
    a_room_without_connections_stays_as_it_is,
    an_active_room_probes_plays_and_advances_once,
    repeat_one_repeats,
    the_end_of_the_list_is_stored_once,
    pause_near_the_end_is_not_the_end,
    the_advance_delay_is_honoured,
);

/// A clip of six seconds.
fn clip() -> Vec<u8> {
    let dir = TempDir::new();
    let file = dir.join("clip.mp4");
    encode_clip("ffmpeg", &["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"], &file);
    std::fs::read(file).expect("the clip is there")
}

fn a_room_without_connections_stays_as_it_is(database: &Database) {
    let origin = Origin::start();
    let url = origin.put("clip.mp4", clip());
    let node = database.node();
    let room = node.room("empty", &[]);
    let media = node.media(&room, &url, &[]);
    let short = node.timed(&room, "1s");
    node.playback(&["start", &room.id, &media]);
    // Another room is active meanwhile: the workers do run.
    let other = node.room("busy", &[]);
    let theirs = node.media(&other, &url, &[]);
    node.playback(&["start", &other.id, &theirs]);
    let _member = other.join(&node);
    node.wait_state(&other, "the active room's duration is known", s(10), |state| state["duration_status"] == "known");
    let state = node.state(&room);
    assert_eq!((&state["duration_status"], &state["duration_ms"]), (&"pending".into(), &serde_json::Value::Null));
    node.playback(&["start", &room.id, &short]);
    thread::sleep(Duration::from_secs(3));
    let state = node.state(&room);
    assert_eq!((&state["media_id"], &state["playing"]), (&short.as_str().into(), &true.into()), "nobody watches it");
    assert_eq!(state["position_ms"], 1000);
}

fn an_active_room_probes_plays_and_advances_once(database: &Database) {
    let origin = Origin::start();
    let url = origin.put("clip.mp4", clip());
    let node = database.node();
    let room = node.room("film", &[]);
    let (first, second) = (node.media(&room, &url, &[]), node.timed(&room, "1h"));
    let mut member = room.join(&node);
    assert_eq!(member.state["media_id"], serde_json::Value::Null);
    node.playback(&["start", &room.id, &first]);
    let known = member.await_playback("its duration", |m| m["duration_ms"].is_i64());
    assert!((5_950..=6_100).contains(&known["duration_ms"].as_i64().unwrap()), "{known}");
    assert_eq!((&known["version"], &known["generation"]), (&1.into(), &1.into()));
    // From here on to the end of the item nothing is written.
    node.playback(&["seek", &room.id, "4500ms"]);
    let sought = member.await_playback("the seek", |m| m["version"] == 2);
    let next = member.await_playback("the next item", |m| m["version"] == 3);
    assert_eq!((&next["media_id"], &next["playing"]), (&second.as_str().into(), &true.into()));
    assert_eq!((&next["generation"], &next["position_ms"]), (&2.into(), &0.into()));
    let late = next["at_ms"].as_i64().unwrap()
        - (sought["at_ms"].as_i64().unwrap() + known["duration_ms"].as_i64().unwrap() - 4500);
    assert!((0..1500).contains(&late), "{late} ms after the end");
    let turns = node.turns(&room);
    assert_eq!(turns.len(), 2, "{turns:?}");
    assert_eq!((&turns[1]["cause"], &turns[1]["from_version"]), (&"advance".into(), &2.into()));
}

fn repeat_one_repeats(database: &Database) {
    let node = database.node();
    let room = node.room("again", &["--mode", "repeat_one"]);
    let media = node.timed(&room, "400ms");
    node.timed(&room, "1h");
    let mut member = room.join(&node);
    node.playback(&["start", &room.id, &media]);
    for version in 2..5 {
        let again = member.await_playback("another round", |m| m["version"] == version);
        assert_eq!((&again["media_id"], &again["generation"]), (&media.as_str().into(), &1.into()));
    }
}

fn the_end_of_the_list_is_stored_once(database: &Database) {
    let node = database.node();
    let room = node.room("end", &[]);
    let media = node.timed(&room, "300ms");
    let mut member = room.join(&node);
    node.playback(&["start", &room.id, &media]);
    let ended = member.await_playback("the end", |m| m["ended"] == true);
    assert_eq!((&ended["playing"], &ended["version"], &ended["position_ms"]), (&false.into(), &2.into(), &300.into()));
    thread::sleep(Duration::from_secs(2));
    assert_eq!(node.state(&room)["version"], 2, "later looks find nothing");
    assert_eq!(node.turns(&room).iter().filter(|turn| turn["cause"] == "end").count(), 1);
    // Whoever plays again begins anew.
    let again = node.playback(&["play", &room.id]);
    assert_eq!((&again["playing"], &again["ended"], &again["position_ms"]), (&true.into(), &false.into(), &0.into()));
}

fn pause_near_the_end_is_not_the_end(database: &Database) {
    let node = database.node();
    let room = node.room("pause", &[]);
    let media = node.timed(&room, "10s");
    node.timed(&room, "1h");
    let mut member = room.join(&node);
    node.playback(&["start", &room.id, &media]);
    node.playback(&["pause", &room.id]);
    node.playback(&["seek", &room.id, "9990ms"]);
    member.await_playback("the seek", |m| m["version"] == 3);
    thread::sleep(Duration::from_secs(2));
    let state = node.state(&room);
    assert_eq!((&state["version"], &state["position_ms"]), (&3.into(), &9990.into()));
    assert_eq!((&state["playing"], &state["ended"]), (&false.into(), &false.into()));
    node.playback(&["play", &room.id]);
    member.await_playback("the next item", |m| m["version"] == 5 && m["media_id"] != media.as_str());
}

fn the_advance_delay_is_honoured(database: &Database) {
    let node = database.node();
    let room = node.room("delay", &["--advance-delay", "2s"]);
    let media = node.timed(&room, "500ms");
    node.timed(&room, "1h");
    let mut member = room.join(&node);
    node.playback(&["start", &room.id, &media]);
    let started = member.await_playback("the start", |m| m["version"] == 1)["at_ms"].as_i64().unwrap();
    let next = member.await_playback("the next item", |m| m["version"] == 2)["at_ms"].as_i64().unwrap();
    assert!((2500..4000).contains(&(next - started)), "{} ms", next - started);
}
