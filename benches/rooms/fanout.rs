//! One node with 50 rooms of 100 connections each: a change reaches its whole room.

use super::{
    Bench,
    member::Member,
    meter::{Delays, Sample, now_ns},
};
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};

const ROOMS: usize = 50;
const CONNECTIONS: usize = 5000;
/// Changes that are measured, each in another room.
const CHANGES: usize = 200;

pub fn run(bench: &Bench) {
    let (rooms, connections, changes) = if bench.dry { (5, 50, 10) } else { (ROOMS, CONNECTIONS, CHANGES) };
    let (server, mut api) = bench.server(&[]);
    let made: Vec<_> = (0..rooms).map(|n| api.room(&format!("room {n}"), &[3_600_000])).collect();
    made.iter().for_each(|room| api.start(room));
    std::thread::sleep(Duration::from_secs(2));
    let empty = Sample::of(&server);
    let runtime = bench.runtime();
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    runtime.block_on(async {
        for n in 0..connections {
            let mut member = Member::join(server.http, &made[n % rooms]).await;
            let seen = seen.clone();
            tokio::spawn(async move {
                while let Some(change) = member.next_of(&["playback"]).await {
                    let _ = seen.send((now_ns(), n % rooms, change["version"].as_i64()));
                }
            });
        }
        // The members' list of the last joiner goes round.
        tokio::time::sleep(Duration::from_secs(3)).await;
    });
    let full = Sample::of(&server);
    println!(
        "fanout   {connections} connections in {rooms} rooms: {:.1} KiB each",
        full.kib_each_since(&empty, connections)
    );
    let mut delays = Delays::default();
    let mut last = Delays::default();
    for n in 0..changes {
        let room = &made[n % rooms];
        let asked = now_ns();
        let state = api.playback(room, &serde_json::json!({ "command": "seek", "position_ms": n * 1000 }));
        let version = state["version"].as_i64();
        let latest = runtime.block_on(async {
            let mut latest = 0;
            for _ in 0..connections / rooms {
                loop {
                    let arrived = timeout(Duration::from_secs(10), arrivals.recv()).await;
                    let (at, which, its) = arrived.expect("every member hears of it").expect("members are there");
                    if which == n % rooms && its == version {
                        delays.add(Duration::from_nanos(at - asked));
                        latest = latest.max(at - asked);
                        break;
                    }
                }
            }
            latest
        });
        last.add(Duration::from_nanos(latest));
    }
    println!(
        "         from the command to a member: p50 {} p99 {} max {} ms; to the last of its room: p50 {} p99 {} ms ({} arrivals)",
        delays.ms(0.5),
        delays.ms(0.99),
        delays.ms(1.0),
        last.ms(0.5),
        last.ms(0.99),
        delays.len()
    );
    let spent = full.until(&Sample::of(&server));
    println!("         server {:.1} % of a core meanwhile, load {:.1} %", spent.cpu_percent(), spent.load_percent());
}
