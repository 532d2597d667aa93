//! Two terminal clients behind lines with jitter: how far apart are the positions they compute?

use super::{Bench, TOKEN, harness::Process, jitter, meter::Delays};
use serde_json::Value;
use std::{process::Command, time::Duration};

pub fn run(bench: &Bench) {
    let (server, mut api) = bench.server(&[]);
    let room = api.room("sync", &[3_600_000]);
    api.start(&room);
    let seconds = if bench.dry { 10 } else { 60 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let mut far_apart = Delays::default();
    let watchers: Vec<_> = (0..2)
        .map(|n| {
            let line = runtime.block_on(jitter::proxy(server.http));
            let mut command = Command::new(env!("CARGO_BIN_EXE_synctv"));
            command.args(["room", "watch", &room.id, "--json", "--positions", "1", "--server"]);
            command.arg(format!("http://{line}")).env("SYNCTV_TOKEN", TOKEN);
            Process::start(&format!("watch {n}"), &mut command)
        })
        .collect();
    std::thread::sleep(Duration::from_secs(seconds));
    let [a, b] = [0, 1].map(|n: usize| positions(&watchers[n].log()));
    for (local, position) in &a {
        // Both print on the same machine's clock: brought to the same moment, playing at speed 1.
        let Some((other, theirs)) = b.iter().min_by_key(|(other, _)| (other - local).abs()) else { continue };
        let apart = (position - local) - (theirs - other);
        far_apart.add(Duration::from_millis(apart.unsigned_abs()));
    }
    assert!(far_apart.len() > 0, "the clients print positions:\n{}", watchers[0].log());
    println!(
        "sync     two clients, 20-200 ms of jitter each way: apart p50 {} p99 {} max {} ms ({} positions each)",
        far_apart.ms(0.5),
        far_apart.ms(0.99),
        far_apart.ms(1.0),
        far_apart.len()
    );
}

/// Local ms and position of each line.
fn positions(log: &str) -> Vec<(i64, i64)> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["type"] == "position")
        .filter_map(|line| Some((line["local_ms"].as_f64()? as i64, line["position_ms"].as_f64()? as i64)))
        .collect()
}
