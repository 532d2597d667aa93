//! A playlist of very many segments: how long its rewriting takes, and what memory.

use crate::rig::{Rig, SEGMENTS};
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

const ROUNDS: usize = 3;

pub fn run(rig: &Rig) {
    println!("\nmanifest: a playlist of {SEGMENTS} segments, from the request to the last byte");
    println!("| round | s | MiB of answer | peak memory above that at rest, MiB |\n|---|---|---|---|");
    let process = rig.gateway.pid();
    let at_rest = resident_mib(process, "VmRSS:");
    for round in 1..=ROUNDS {
        let begun = Instant::now();
        let answer = whole(rig);
        let span = begun.elapsed().as_secs_f64();
        assert_eq!(answer.lines().filter(|line| line.starts_with("../../")).count(), SEGMENTS, "every segment");
        let peak = resident_mib(process, "VmHWM:") - at_rest;
        println!("| {round} | {span:.2} | {:.1} | {peak:.1} |", answer.len() as f64 / f64::from(1 << 20));
    }
}

fn whole(rig: &Rig) -> String {
    let mut socket = TcpStream::connect(rig.playlist.address).expect("the server accepts");
    let request = format!("GET {} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n", rig.playlist.path);
    socket.write_all(request.as_bytes()).expect("a request is written");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{}", answer.lines().next().unwrap_or_default());
    answer
}

/// A line of the process's status that is in KiB.
fn resident_mib(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("procfs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the line is there");
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1024.0
}
