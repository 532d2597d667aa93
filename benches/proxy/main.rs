//! What remote media cost through the proxy, side by side with nginx (`proxy_cache` and `slice`) in the same run: real processes, loopback.
//!
//! `cargo bench --bench proxy -- --help` lists the measurements. Where the machine allows it the proxy has one core, origin and load another.

#[allow(dead_code, unused_imports, unused_macros, reason = "the tests' harness has more than a bench needs")]
#[path = "../../tests/gateway/harness/mod.rs"]
mod harness;
#[path = "../fanout/pin.rs"]
mod pin;

#[allow(dead_code, reason = "the other bench uses more of it")]
#[path = "../rooms/api.rs"]
mod api;
mod cold;
mod load;
mod manifest;
mod nginx;
mod rig;
mod warm;

use pin::Cores;
use std::process::ExitCode;

const HELP: &str = "\
cargo bench --bench proxy -- [--dry] [--no-pin] [MEASUREMENT ...]
  warm      random ranges of a file whose slices are cached: throughput and CPU, this gateway and nginx in turn
  cold      the first byte of slices nobody has: how long after the origin's own
  manifest  a playlist of 100 000 segments: how long its rewriting takes, and what memory
  --dry     a quick look that everything runs";

/// The operator's token of the gateway here.
const TOKEN: &str = "bench-operator-token";

fn main() -> ExitCode {
    let (mut dry, mut pin, mut wanted) = (false, true, Vec::new());
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--dry" => dry = true,
            "--no-pin" => pin = false,
            "--bench" => {}
            "warm" | "cold" | "manifest" => wanted.push(word),
            _ => {
                println!("{HELP}");
                return if word == "--help" { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            }
        }
    }
    let cores = Cores::choose(pin);
    println!("{cores}");
    let rig = rig::Rig::start(&cores, dry);
    let measured = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    // First, so that no memory is in use yet that could be used again.
    if measured("manifest") {
        manifest::run(&rig);
    }
    if measured("cold") {
        cold::run(&rig);
    }
    if measured("warm") {
        warm::run(&rig);
    }
    ExitCode::SUCCESS
}
