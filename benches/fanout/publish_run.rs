//! Many publishers that nobody watches.

use crate::{Bench, feed::Rate, meter::Sample, publish::Publishers};
use std::thread;

const RATE: Rate = Rate { video: 160_000, audio: 40_000 };

pub fn run(bench: &Bench) {
    let count = bench.arguments.publishers;
    // One address may hold all of them here.
    let server = bench.server(&format!("[rtmp]\nmax_connections_per_ip = {}\n", count.max(1)));
    let before = Sample::of(&server);
    let names: Vec<_> = (0..count).map(|i| format!("feed-{i}")).collect();
    let publishers = Publishers::start(&server, &names, RATE);
    thread::sleep(crate::SETTLE);
    let (begin, begin_bytes) = (Sample::of(&server), publishers.sent_bytes());
    thread::sleep(bench.arguments.window);
    let (end, end_bytes) = (Sample::of(&server), publishers.sent_bytes());
    let spent = begin.until(&end);
    println!("\npublishers of 200 kbit/s without viewers");
    println!("{:>10} {:>8} {:>6} {:>9}", "publishers", "Mbit/s", "CPU %", "KiB each");
    println!(
        "{count:>10} {:>8.1} {:>6.1} {:>9.1}",
        spent.mbit_per_s(end_bytes - begin_bytes),
        spent.cpu_percent(),
        end.kib_each_since(&before, count),
    );
}
