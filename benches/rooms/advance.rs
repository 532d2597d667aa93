//! Four nodes on one Postgres, all of them connected to all rooms: 500 items come to their end while people skip.

use super::{
    Bench, TOKEN,
    api::{Api, Room},
    harness::{Cluster, Gateway},
    member::Member,
    meter::Delays,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::mpsc;

const NODES: usize = 4;
const ROOMS: usize = 100;
/// Ends in each room.
const ENDS: u64 = 5;

/// What one member saw of one version.
type Seen = (usize, Value);

pub fn run(bench: &Bench) {
    let (rooms, ends) = if bench.dry { (5, 2) } else { (ROOMS, ENDS) };
    let cluster = Cluster::new();
    let url = cluster.database();
    let config = format!("[http]\ntoken = \"{TOKEN}\"\n[worker]\nadvance_concurrency = 8\n");
    // The ticks of the nodes are shifted by when they start.
    let nodes: Vec<_> = (0..NODES).map(|_| Gateway::start_with(&["--database-url", &url], &config)).collect();
    let mut api = Api::connect(nodes[0].http);
    // Items of 2.0 to 4.5 s, so that ends fall together now and then; two more than end, so that nothing ends for good.
    let lengths =
        |room: usize| -> Vec<u64> { (0..ends + 4).map(|n| 2000 + (room as u64 * 397 + n * 811) % 2500).collect() };
    let made: Vec<_> = (0..rooms).map(|n| api.room(&format!("room {n}"), &lengths(n))).collect();
    let runtime = bench.runtime();
    let (seen, mut arrivals) = mpsc::unbounded_channel::<Seen>();
    runtime.block_on(async {
        for (n, room) in made.iter().enumerate() {
            for node in &nodes {
                let mut member = Member::join(node.http, room).await;
                let seen = seen.clone();
                tokio::spawn(async move {
                    while let Some(change) = member.next_of(&["playback"]).await {
                        let _ = seen.send((n, change));
                    }
                });
            }
        }
    });
    made.iter().for_each(|room| api.start(room));
    let mut skips = 0;
    let longest = 4500 * (ends + 2);
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(longest) {
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(150)).await });
        // One room in ten is skipped by hand, once, at a time of its own.
        let room = skips * 10 + 3;
        if room < rooms {
            api.playback(&made[room], &json!({ "command": "next" }));
            skips += 1;
        }
    }
    let mut states: Vec<BTreeMap<i64, Value>> = vec![BTreeMap::new(); rooms];
    while let Ok((room, state)) = arrivals.try_recv() {
        states[room].insert(state["version"].as_i64().expect("a version"), state);
    }
    report(&mut Api::connect(nodes[0].http), &made, &states, skips);
}

/// Reads the history of each room beside what members saw.
fn report(api: &mut Api, made: &[Room], states: &[BTreeMap<i64, Value>], skips: usize) {
    let (mut ends, mut double, mut missed, mut late) = (0, 0, 0, Delays::default());
    for (room, states) in made.iter().zip(states) {
        let history = api.call("GET", &format!("/rooms/{}/history?limit=100", room.id), &Value::Null);
        let mut advanced: BTreeMap<i64, usize> = BTreeMap::new();
        for turn in history["history"].as_array().expect("a history").iter().filter(|turn| turn["cause"] != "command") {
            *advanced.entry(turn["from_version"].as_i64().expect("a version")).or_default() += 1;
        }
        double += advanced.values().filter(|n| **n > 1).count();
        ends += advanced.len();
        for (version, state) in states.iter().filter(|(_, s)| s["playing"] == true && s["duration_ms"].is_i64()) {
            let number = |s: &Value, name: &str| s[name].as_f64().expect("a number");
            let over = number(state, "at_ms") + (number(state, "duration_ms") - number(state, "position_ms"));
            match states.get(&(version + 1)) {
                Some(next) if advanced.contains_key(version) => {
                    let lateness = number(next, "at_ms") - over;
                    // Left before its time: as wrong as twice.
                    double += usize::from(lateness < -1.0);
                    late.add(Duration::from_secs_f64(lateness.max(0.0) / 1000.0));
                }
                _ => {}
            }
        }
        missed += usize::from(is_stuck(states));
        let media: Vec<_> = states.values().filter_map(|s| s["media_id"].as_str()).collect();
        let positions = media.iter().map(|id| room.media.iter().position(|m| m == id).expect("its media"));
        let positions: Vec<_> = positions.collect();
        double += positions.windows(2).filter(|pair| pair[1] > pair[0] + 1).count();
    }
    println!(
        "advance  {NODES} nodes x 8 workers, {} rooms, {ends} item ends, {skips} skips: double {double}, missed {missed}, \
         late p50 {} p99 {} max {} ms ({} measured)",
        made.len(),
        late.ms(0.5),
        late.ms(0.99),
        late.ms(1.0),
        late.len()
    );
}

/// Whether the newest state is over for more than 2 s by the wall clock and nothing followed.
fn is_stuck(states: &BTreeMap<i64, Value>) -> bool {
    let Some((_, last)) = states.last_key_value() else { return true };
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis() as f64;
    let (Some(at), Some(length), Some(position)) =
        (last["at_ms"].as_f64(), last["duration_ms"].as_f64(), last["position_ms"].as_f64())
    else {
        return true;
    };
    last["playing"] == true && at + length - position + 2000.0 < now
}
