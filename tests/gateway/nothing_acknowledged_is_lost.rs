//! SIGKILL during writes, and a database that goes away under them: what was answered is there, and the rest of the server hardly notices.

use crate::harness::*;
use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// Adds media from four threads until it is told to stop; the ids that were answered.
fn write_until(node: &Gateway, room: &Room, stop: &Arc<AtomicBool>) -> Vec<thread::JoinHandle<Vec<String>>> {
    let data = node.data_dir();
    (0..4)
        .map(|n| {
            let (data, room, stop) = (data.clone(), room.id.clone(), stop.clone());
            thread::spawn(move || {
                let mut answered = Vec::new();
                while !stop.load(Relaxed) {
                    let url = format!("http://192.0.2.1/{n}/{}.mp4", answered.len());
                    let args = ["media", "add", &room, "--url", &url, "--duration", "60s", "--json"];
                    let output =
                        Command::new(env!("CARGO_BIN_EXE_synctv")).args(args).arg("--data-dir").arg(&data).output();
                    let output = output.expect("the built binary runs");
                    if output.status.success() {
                        let made: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
                        answered.push(made["id"].as_str().expect("an id").to_owned());
                    }
                }
                answered
            })
        })
        .collect()
}

/// Ids of all media of a room, in order; positions count from 1 without gaps.
fn listed(node: &Gateway, room: &Room) -> Vec<String> {
    let list = node.json(&["media", "list", &room.id, "--all"]);
    let media = list["media"].as_array().expect("media");
    for (n, one) in media.iter().enumerate() {
        assert_eq!(one["position"], n as u64 + 1);
    }
    media.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn sigkill_during_writes_loses_nothing_on_sqlite() {
    let dir = TempDir::new();
    let data = dir.join("data");
    let mut node = Gateway::start_in(data.clone());
    let room = node.room("kept", &[]);
    let stop = Arc::new(AtomicBool::new(false));
    let writers = write_until(&node, &room, &stop);
    eventually("writes are under way", s(20), || (listed(&node, &room).len() > 20).then_some(()));
    node.kill();
    stop.store(true, Relaxed);
    let answered: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect();
    let check =
        "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])";
    let output = Command::new("python3").args(["-c", check]).arg(data.join("synctv.db")).output().expect("python3");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ok");
    let node = Gateway::start_in(data);
    let kept = listed(&node, &room);
    let lost: Vec<_> = answered.iter().filter(|id| !kept.contains(id)).collect();
    assert!(lost.is_empty() && answered.len() > 20, "{} of {} lost", lost.len(), answered.len());
}

#[test]
fn an_immediate_stop_of_postgres_loses_nothing() {
    let cluster = Cluster::new();
    let database = Database::At(cluster.database());
    let node = database.node();
    let room = node.room("kept", &[]);
    let stop = Arc::new(AtomicBool::new(false));
    let writers = write_until(&node, &room, &stop);
    eventually("writes are under way", s(20), || (listed(&node, &room).len() > 20).then_some(()));
    cluster.stop_immediate();
    stop.store(true, Relaxed);
    let answered: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect();
    cluster.start();
    eventually("the server works again", s(10), || node.cli(&["room", "list"]).status.success().then_some(()));
    let kept = listed(&node, &room);
    let lost: Vec<_> = answered.iter().filter(|id| !kept.contains(id)).collect();
    assert!(lost.is_empty() && answered.len() > 20, "{} of {} lost", lost.len(), answered.len());
}

#[test]
fn without_its_database_the_server_streams_on_and_says_no() {
    let cluster = Cluster::new();
    let database = Database::At(cluster.database());
    let node = database.node_with("[http]\ntoken = \"operator-token\"\n");
    let mut bystander = Bystander::start(&node);
    let room = node.room("away", &[]);
    let media = node.timed(&room, "1h");
    let mut member = room.join(&node);
    node.playback(&["start", &room.id, &media]);
    member.await_playback("the start", |m| m["version"] == 1);

    cluster.stop_immediate();
    let away = Instant::now();
    let token = ["Authorization: Bearer operator-token"];
    while away.elapsed() < s(8) {
        let asked = Instant::now();
        let reply = request(node.http, "GET", "/api/v1/rooms", &token);
        assert_eq!(reply.status, 503, "{reply:?}");
        assert!(reply.header("retry-after").is_some(), "{reply:?}");
        assert!(asked.elapsed() < s(3), "{:?}", asked.elapsed());
        assert_eq!(get(node.http, "/readyz").status, 503);
        assert_eq!(get(node.http, "/healthz").status, 200);
        thread::sleep(Duration::from_millis(500));
    }
    member.ping();
    bystander.await_frames(20);

    cluster.start();
    let back = Instant::now();
    eventually("the server is ready again", s(5), || (get(node.http, "/readyz").status == 200).then_some(()));
    eventually("commands work again", s(5), || {
        node.cli(&["playback", "pause", &room.id]).status.success().then_some(())
    });
    member.await_playback("the change", |m| m["playing"] == false);
    assert!(back.elapsed() < s(5), "{:?}", back.elapsed());
    bystander.assert_undisturbed();
    node.assert_healthy();
}
