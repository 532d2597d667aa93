//! Active rooms that play, and nothing happens: what the node costs beyond its connections.

use super::{Bench, api::Api, member::Member, meter::Sample};
use std::time::Duration;

const ROOMS: usize = 2000;

pub fn run(bench: &Bench) {
    let rooms = if bench.dry { 20 } else { ROOMS };
    let window = Duration::from_secs(if bench.dry { 3 } else { 60 });
    measure(bench, "SQLite", &[], rooms, window);
    let cluster = super::harness::Cluster::new();
    let url = cluster.database();
    measure(bench, "Postgres", &["--database-url", &url], rooms, window);
}

fn measure(bench: &Bench, database: &str, flags: &[&str], rooms: usize, window: Duration) {
    let (server, _) = bench.server(flags);
    let runtime = bench.runtime();
    for playing in [false, true] {
        // An idle connection is closed by the server.
        let mut api = Api::connect(server.http);
        let made: Vec<_> = (0..rooms).map(|n| api.room(&format!("room {playing} {n}"), &[36_000_000])).collect();
        if playing {
            made.iter().for_each(|room| api.start(room));
        }
        let members = runtime.block_on(async {
            let mut members = Vec::new();
            for room in &made {
                let mut member = Member::join(server.http, room).await;
                members.push(tokio::spawn(async move { while member.next_of(&["none"]).await.is_some() {} }));
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
            members
        });
        let before = Sample::of(&server);
        runtime.block_on(async { tokio::time::sleep(window).await });
        let spent = before.until(&Sample::of(&server));
        println!(
            "idle     {rooms} active rooms, {}, {database}: {:.2} % of a core over {:.0} s",
            if playing { "playing" } else { "nothing selected" },
            spent.cpu_percent(),
            spent.wall_s
        );
        members.iter().for_each(tokio::task::JoinHandle::abort);
        runtime.block_on(async { tokio::time::sleep(Duration::from_secs(2)).await });
    }
}
