//! What one gateway carries, from end to end: the release binary as server, a synthetic publisher, thousands of viewers over loopback.
//!
//! `cargo bench --bench fanout -- --help` lists the options. Where the machine allows it the server has one core and the
//! load another, so that the numbers are those of one core.

#[allow(dead_code, unused_imports, unused_macros, reason = "the tests' harness has more than a bench needs")]
#[path = "../../tests/gateway/harness/mod.rs"]
mod harness;

mod arguments;
mod body;
mod feed;
mod flv_run;
mod hls_run;
mod meter;
mod pin;
mod publish;
mod publish_run;
mod tls;
mod viewer;

use arguments::Arguments;
use harness::Gateway;
use pin::Cores;
use std::{process::ExitCode, time::Duration};

/// The stream everybody watches.
const STREAM: &str = "bench";
/// From the last viewer's first byte to the window: what a joining viewer is sent at once has been read by then.
const SETTLE: Duration = Duration::from_secs(3);

/// Where each measurement gets its server.
struct Bench {
    arguments: Arguments,
    cores: Cores,
}

impl Bench {
    /// A fresh server on its own core: none is measured with the memory of an earlier crowd.
    fn server(&self, more: &str) -> Gateway {
        self.cores.to_server();
        let gateway = Gateway::start_with(&[], &format!("[live]\nopen_publish = true\n{more}"));
        self.cores.to_load();
        gateway
    }

    /// The runtime of the load: one thread, as it has one core.
    fn runtime(&self) -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("fanout: {wrong}\n\n{}", arguments::HELP);
            return ExitCode::FAILURE;
        }
    };
    // A viewer is a socket here and, in the server that inherits the limit, another.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    meter::now_ns();
    let bench = Bench { cores: Cores::choose(arguments.pin), arguments };
    println!("{}; windows of {:?}", bench.cores, bench.arguments.window);
    flv_run::run(&bench);
    if bench.arguments.publishers > 0 {
        publish_run::run(&bench);
    }
    if bench.arguments.hls > 0 {
        hls_run::run(&bench);
    }
    ExitCode::SUCCESS
}
