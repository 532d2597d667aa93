//! What is measured: CPU time and memory of the server, and how late things are.

use crate::harness::Gateway;
use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

/// Clock ticks a second in procfs: USER_HZ, which is 100 on every architecture of Linux we build for.
const TICKS_PER_S: f64 = 100.0;

/// Nanoseconds since this process first asked: the clock of publisher and viewers.
pub fn now_ns() -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    u64::try_from(EPOCH.get_or_init(Instant::now).elapsed().as_nanos()).expect("fewer than 584 years")
}

/// The server at one moment, and the process that loads it.
pub struct Sample {
    at: Instant,
    cpu_s: f64,
    load_cpu_s: f64,
    pub resident_bytes: u64,
}

/// Between two samples.
pub struct Spent {
    pub cpu_s: f64,
    load_cpu_s: f64,
    pub wall_s: f64,
}

/// User and system time of a process, its threads included.
fn cpu_s(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("procfs");
    // utime and stime are fields 14 and 15; the name in field 2 may hold anything, so count from its end.
    let (_, rest) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = rest.split_whitespace().skip(11).take(2).map(|n| n.parse::<f64>().expect("ticks")).sum::<f64>();
    ticks / TICKS_PER_S
}

impl Sample {
    pub fn of(server: &Gateway) -> Self {
        Self {
            at: Instant::now(),
            cpu_s: cpu_s(server.pid()),
            load_cpu_s: cpu_s(std::process::id()),
            resident_bytes: server.resident_bytes(),
        }
    }

    pub fn until(&self, end: &Self) -> Spent {
        Spent {
            cpu_s: end.cpu_s - self.cpu_s,
            load_cpu_s: end.load_cpu_s - self.load_cpu_s,
            wall_s: (end.at - self.at).as_secs_f64(),
        }
    }

    /// KiB for each of `count` since then; negative when memory was given back.
    pub fn kib_each_since(&self, earlier: &Self, count: usize) -> f64 {
        (self.resident_bytes as f64 - earlier.resident_bytes as f64) / 1024.0 / count.max(1) as f64
    }
}

impl Spent {
    /// CPU seconds for 10^9 bytes.
    pub fn per_gb(&self, bytes: u64) -> f64 {
        self.cpu_s / (bytes.max(1) as f64 / 1e9)
    }

    /// Percent of one core.
    pub fn cpu_percent(&self) -> f64 {
        100.0 * self.cpu_s / self.wall_s
    }

    /// Percent of one core that the load takes: near 100 the delays are its own.
    pub fn load_percent(&self) -> f64 {
        100.0 * self.load_cpu_s / self.wall_s
    }

    pub fn mbit_per_s(&self, bytes: u64) -> f64 {
        bytes as f64 * 8.0 / 1e6 / self.wall_s
    }
}

/// Durations, for percentiles.
#[derive(Debug, Default)]
pub struct Delays(Vec<Duration>);

impl Delays {
    pub fn add(&mut self, delay: Duration) {
        self.0.push(delay);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In ms, as text; `-` when nothing was measured. A share of 1.0 is the maximum.
    pub fn ms(&mut self, share: f64) -> String {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.0.get(at).map_or_else(|| "-".to_owned(), |delay| format!("{:.2}", delay.as_secs_f64() * 1000.0))
    }
}
