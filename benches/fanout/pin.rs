//! One core for the server, another for the load, where taskset(1) and two cores are there.

use std::{
    fmt,
    process::{Command, Stdio},
    thread::available_parallelism,
};

const SERVER: &str = "0";
const LOAD: &str = "1";

/// Whether the two are kept apart.
pub struct Cores {
    pinned: bool,
}

impl Cores {
    pub fn choose(wanted: bool) -> Self {
        let two = available_parallelism().is_ok_and(|n| n.get() >= 2);
        Self { pinned: wanted && two && taskset(&["-p", "-c", LOAD]) && taskset(&["-p", "-c", SERVER]) }
    }

    /// What this thread starts next inherits the server's core.
    pub fn to_server(&self) {
        assert!(!self.pinned || taskset(&["-p", "-c", SERVER]), "taskset worked before");
    }

    /// All threads of this process go to the load's core; the server stays where it was started.
    pub fn to_load(&self) {
        assert!(!self.pinned || taskset(&["-a", "-p", "-c", LOAD]), "taskset worked before");
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pinned {
            true => write!(f, "server on core {SERVER}, load on core {LOAD}"),
            false => f.write_str("server and load share all cores"),
        }
    }
}

/// Places this process; false when that is not possible.
fn taskset(flags: &[&str]) -> bool {
    let process = std::process::id().to_string();
    let mut command = Command::new("taskset");
    command.args(flags).arg(process).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
