//! What rooms cost, from end to end: the release binary as server, members over real WebSocket connections on loopback.
//!
//! `cargo bench --bench rooms -- --help` lists the measurements. Where the machine allows it a single server has one core and the load another.

#[allow(dead_code, unused_imports, unused_macros, reason = "the tests' harness has more than a bench needs")]
#[path = "../../tests/gateway/harness/mod.rs"]
mod harness;
#[allow(dead_code, reason = "the other bench uses more of it")]
#[path = "../fanout/meter.rs"]
mod meter;
#[path = "../fanout/pin.rs"]
mod pin;

mod advance;
mod api;
mod fanout;
mod idle;
mod jitter;
mod member;
mod sync;

use api::Api;
use harness::Gateway;
use pin::Cores;
use std::process::ExitCode;

const HELP: &str = "\
cargo bench --bench rooms -- [--dry] [--no-pin] [MEASUREMENT ...]
  fanout    5 000 connections in 50 rooms on one node: how late a change reaches its room, memory per connection
  idle      2 000 active rooms that play: what the workers cost
  advance   4 nodes with 8 advance workers on one Postgres, 500 item ends, people skipping meanwhile: double, missed, late
  sync      two terminal clients through a proxy with 20-200 ms of jitter each way: how far apart their positions are
  --dry     a quick look that everything runs";

/// The operator's token of every server here.
const TOKEN: &str = "bench-operator-token";

/// How it is measured.
struct Bench {
    dry: bool,
    cores: Cores,
}

impl Bench {
    /// A fresh server on its own core, and its API.
    fn server(&self, flags: &[&str]) -> (Gateway, Api) {
        self.cores.to_server();
        let gateway = Gateway::start_with(flags, &format!("[http]\ntoken = \"{TOKEN}\"\n"));
        self.cores.to_load();
        let api = Api::connect(gateway.http);
        (gateway, api)
    }

    /// The runtime of the load: one thread, as it has one core.
    fn runtime(&self) -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    }
}

fn main() -> ExitCode {
    let (mut dry, mut pin, mut wanted) = (false, true, Vec::new());
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--dry" => dry = true,
            "--no-pin" => pin = false,
            "--bench" => {}
            "fanout" | "idle" | "advance" | "sync" => wanted.push(word),
            _ => {
                println!("{HELP}");
                return if word == "--help" { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            }
        }
    }
    // A connection is a socket here and, in the server that inherits the limit, another.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let bench = Bench { dry, cores: Cores::choose(pin) };
    println!("{}", bench.cores);
    let measured = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    if measured("fanout") {
        fanout::run(&bench);
    }
    if measured("idle") {
        idle::run(&bench);
    }
    if measured("sync") {
        sync::run(&bench);
    }
    if measured("advance") {
        advance::run(&bench);
    }
    ExitCode::SUCCESS
}
