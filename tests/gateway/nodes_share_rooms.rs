//! Two servers on one Postgres: one state, one advance, and work that is taken over.

use crate::harness::*;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

#[test]
fn a_change_on_one_node_reaches_members_on_both() {
    let database = Database::postgres();
    let (one, two) = (database.node(), database.node());
    let room = one.room("shared", &[]);
    let media = two.timed(&room, "1h");
    let mut here = room.join(&one);
    let mut there = room.join(&two);
    one.playback(&["start", &room.id, &media]);
    two.playback(&["seek", &room.id, "60s"]);
    one.playback(&["pause", &room.id]);
    for member in [&mut here, &mut there] {
        for version in 1..=3 {
            let change = member.hear_type("playback", s(20));
            assert_eq!(change["version"], version, "every change, in order");
        }
    }
    assert_eq!(one.state(&room)["position_ms"], two.state(&room)["position_ms"]);
    let listed = one.json(&["room", "list"]);
    eventually("both connections are counted", s(10), || {
        (one.json(&["room", "list"])["rooms"][0]["connections"] == 2).then_some(())
    });
    assert_eq!(listed["rooms"][0]["id"], room.id.as_str());
}

#[test]
fn both_nodes_hold_the_room_and_each_end_is_one_advance() {
    let database = Database::postgres();
    let (one, two) = (database.node(), database.node());
    let room = one.room("film night", &[]);
    let media: Vec<_> = (0..6).map(|_| one.timed(&room, "700ms")).collect();
    let mut here = room.join(&one);
    let mut there = room.join(&two);
    one.playback(&["start", &room.id, &media[0]]);
    let ended = here.await_playback("the end", |m| m["ended"] == true);
    there.await_playback("the end", |m| m["ended"] == true);
    assert_eq!((&ended["version"], &ended["media_id"]), (&7.into(), &media[5].as_str().into()));
    let turns = one.turns(&room);
    let causes: Vec<_> = turns.iter().map(|turn| turn["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["command", "advance", "advance", "advance", "advance", "advance", "end"]);
    let played: Vec<_> = turns[..6].iter().map(|turn| turn["to_media"].as_str().unwrap()).collect();
    assert_eq!(played, media);
}

#[test]
fn shuffle_agrees_on_both_nodes() {
    let database = Database::postgres();
    let (one, two) = (database.node(), database.node());
    let room = one.room("dance", &["--mode", "shuffle"]);
    let media: Vec<_> = (0..8).map(|_| one.timed(&room, "300ms")).collect();
    let mut here = room.join(&one);
    let mut there = room.join(&two);
    one.playback(&["start", &room.id, &media[0]]);
    let order = |member: &mut Member| -> BTreeMap<i64, Value> {
        let mut seen = BTreeMap::new();
        while seen.len() < 10 {
            let change = member.hear_type("playback", s(20));
            seen.insert(change["version"].as_i64().unwrap(), change["media_id"].clone());
        }
        seen
    };
    let (a, b) = (order(&mut here), order(&mut there));
    for version in 2..8 {
        assert_eq!(a[&version], b[&version]);
        assert_ne!(a[&version], a[&(version - 1)], "another one each time");
    }
}

#[test]
fn a_killed_listener_costs_seconds_and_no_change() {
    let cluster = Cluster::new();
    let url = cluster.database();
    let database = Database::At(url.clone());
    let (one, two) = (database.node(), database.node());
    let room = one.room("shared", &[]);
    let media = one.timed(&room, "1h");
    let mut there = room.join(&two);
    one.playback(&["start", &room.id, &media]);
    there.await_playback("the start", |m| m["version"] == 1);
    cluster.psql(&url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    let cut = Instant::now();
    one.playback(&["pause", &room.id]);
    one.playback(&["seek", &room.id, "5s"]);
    for version in [2, 3] {
        assert_eq!(there.hear_type("playback", s(20))["version"], version);
    }
    assert!(cut.elapsed() < s(5), "{:?}", cut.elapsed());
    // The new connection listens: no poll is needed for what comes next.
    thread::sleep(Duration::from_secs(3));
    one.playback(&["play", &room.id]);
    there.await_playback("the next change", |m| m["version"] == 4);
}

#[test]
fn claims_of_a_killed_node_are_taken_over() {
    let origin = Origin::start();
    let dir = TempDir::new();
    encode_clip("ffmpeg", &["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"], &dir.join("clip.mp4"));
    let url = origin.put("clip.mp4", std::fs::read(dir.join("clip.mp4")).expect("the clip"));
    let database = Database::postgres();
    let mut one = database.node();
    let room = one.room("orphan", &[]);
    let media = one.media(&room, &url, &[]);
    // The first node claims, and hangs on an origin that does not answer.
    origin.answer_after(s(3600));
    let _member = room.join(&one);
    one.playback(&["start", &room.id, &media]);
    eventually("the first node asks the origin", s(10), || (origin.requests() > 0).then_some(()));
    let two = database.node();
    let _other = room.join(&two);
    one.kill();
    origin.answer_after(Duration::ZERO);
    two.wait_state(&room, "the other node finds the duration out", s(20), |state| state["duration_status"] == "known");
    eventually("the dead node's connection is no longer counted", s(30), || {
        (two.json(&["room", "list"])["rooms"][0]["connections"] == 1).then_some(())
    });
}

#[test]
fn who_is_thrown_out_on_one_node_is_closed_on_the_other() {
    let database = Database::postgres();
    let (one, two) = (database.node(), database.node());
    let room = one.room("doors", &[]);
    let mut kicked = room.join(&two);
    let mut stays = room.join(&two);
    let id = kicked.id().to_owned();
    eventually("the member is listed on the other node", s(10), || {
        let members = one.json(&["room", "members", &room.id]);
        members["members"].as_array().is_some_and(|all| all.iter().any(|m| m["id"] == id.as_str())).then_some(())
    });
    assert!(one.cli(&["room", "kick", &room.id, &id]).status.success());
    assert_eq!(kicked.end(s(5)), Ended::Closed(4003));
    stays.ping();

    let token = one.json(&["room", "token", &room.id, "--role", "viewer"]);
    let (secret, token_id) = (token["token"].as_str().unwrap(), token["id"].as_str().unwrap());
    let target = format!("/api/v1/rooms/{}/ws?token={secret}", room.id);
    let mut guest = Member::join(two.http, &target);
    assert!(one.cli(&["room", "revoke", &room.id, token_id]).status.success());
    assert_eq!(guest.end(s(5)), Ended::Closed(4001));
    assert_eq!(Member::open(two.http, &target, &[]).err(), Some(401));

    assert!(one.cli(&["room", "delete", &room.id]).status.success());
    assert_eq!(stays.end(s(5)), Ended::Closed(4004));
}
