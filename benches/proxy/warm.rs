//! Throughput and CPU of cached slices, ours and nginx's in turn.

use crate::{
    load::{Client, Dice, Place},
    rig::Rig,
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Connections that ask at the same time.
const CONNECTIONS: u64 = 8;
/// The longest range; the shortest is 64 KiB.
const LONGEST: u64 = 8 << 20;
const ROUNDS: usize = 3;

struct Measured {
    gb_per_s: f64,
    cpu_s_per_gb: f64,
}

pub fn run(rig: &Rig) {
    println!("\nwarm: {CONNECTIONS} connections, random ranges of 64 KiB to {} MiB", LONGEST >> 20);
    for place in [&rig.ours, &rig.theirs] {
        // Twice: what read-ahead or a background write still does is over then.
        for _ in 0..2 {
            let mut client = Client::connect(place);
            client.take(0, rig.size - 1, false);
        }
    }
    same_bytes(rig);
    let span = Duration::from_secs(if rig.dry { 1 } else { 8 });
    println!("| round | server | GB/s | CPU s/GB |\n|---|---|---|---|");
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let ours = measure(&rig.ours, rig.gateway.pid(), rig.size, span);
        let theirs = measure(&rig.theirs, rig.nginx.process.id(), rig.size, span);
        for (name, one) in [("synctv", &ours), ("nginx", &theirs)] {
            println!("| {round} | {name} | {:.2} | {:.3} |", one.gb_per_s, one.cpu_s_per_gb);
        }
        ratios.push((ours.gb_per_s / theirs.gb_per_s, ours.cpu_s_per_gb / theirs.cpu_s_per_gb));
    }
    for (throughput, cpu) in ratios {
        println!("ours to nginx: throughput {throughput:.2}, CPU per GB {cpu:.2}");
    }
}

/// The proxies and the origin agree on some ranges, byte for byte.
fn same_bytes(rig: &Rig) {
    let mut dice = Dice(99);
    let mut clients: Vec<_> = [&rig.origin, &rig.ours, &rig.theirs].map(Client::connect).into();
    for _ in 0..50 {
        let (first, last) = range(&mut dice, rig.size);
        let sums: Vec<_> = clients.iter_mut().map(|client| client.take(first, last, true).sum).collect();
        assert!(sums.iter().all(|sum| *sum == sums[0]), "bytes {first}-{last} differ");
    }
}

fn range(dice: &mut Dice, size: u64) -> (u64, u64) {
    let length = (64 << 10) + dice.roll(LONGEST - (64 << 10));
    let first = dice.roll(size - length);
    (first, first + length - 1)
}

fn measure(place: &Place, process: u32, size: u64, span: Duration) -> Measured {
    let before = cpu_s(process);
    let begun = Instant::now();
    let readers: Vec<_> = (0..CONNECTIONS)
        .map(|seed| {
            let place = place.clone();
            thread::spawn(move || {
                let (mut client, mut dice, mut bytes) = (Client::connect(&place), Dice(seed + 1), 0);
                while begun.elapsed() < span {
                    let (first, last) = range(&mut dice, size);
                    bytes += client.take(first, last, false).bytes;
                }
                bytes
            })
        })
        .collect();
    let bytes: u64 = readers.into_iter().map(|reader| reader.join().expect("a reader")).sum();
    let gb = bytes as f64 / 1e9;
    Measured { gb_per_s: gb / begun.elapsed().as_secs_f64(), cpu_s_per_gb: (cpu_s(process) - before) / gb }
}

/// User and system time of a process, its threads included; clock ticks are 10 ms on Linux.
fn cpu_s(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("procfs");
    let (_, rest) = stat.rsplit_once(')').expect("a name in parentheses");
    rest.split_whitespace().skip(11).take(2).map(|n| n.parse::<f64>().expect("ticks")).sum::<f64>() / 100.0
}
