//! What is counted of proxied answers.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::proxy::cache::Outcome;
use crate::proxy::resource::Kind;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With bytes of a resource, or that the client has them.
    Served(Outcome),
    /// Its URL opens nothing.
    Denied,
    /// With any other problem.
    Failed,
}

const ENDINGS: [(Ending, &str); 8] = [
    (Ending::Served(Outcome::Hit), "hit"),
    (Ending::Served(Outcome::Miss), "miss"),
    (Ending::Served(Outcome::Stale), "stale"),
    (Ending::Served(Outcome::Revalidated), "revalidated"),
    (Ending::Served(Outcome::Bypass), "bypass"),
    (Ending::Served(Outcome::Negative), "negative"),
    (Ending::Denied, "denied"),
    (Ending::Failed, "failed"),
];
const KINDS: usize = Kind::ALL.len();

/// Counters of all requests under `/p/`.
#[derive(Debug, Default)]
pub struct Meter {
    /// The last row is for those whose kind is not known.
    requests: [[AtomicU64; ENDINGS.len()]; KINDS + 1],
    bytes: [AtomicU64; KINDS],
}

impl Meter {
    /// Counts a request by what it was for, when that is known, and how it ended.
    pub fn note(&self, kind: Option<Kind>, ending: Ending) {
        let row = kind.map_or(KINDS, row);
        if let Some(at) = ENDINGS.iter().position(|(known, _)| *known == ending) {
            self.requests[row][at].fetch_add(1, Relaxed);
        }
    }

    /// Counts bytes of bodies.
    pub fn sent(&self, kind: Kind, bytes: usize) {
        self.bytes[row(kind)].fetch_add(bytes as u64, Relaxed);
    }

    /// All of it. What never happened has no line.
    pub fn render(&self, held: usize) -> String {
        let mut out = String::with_capacity(2048);
        let _ = writeln!(
            out,
            "# HELP synctv_proxy_requests_total Requests under /p/ by what they were for and how they ended"
        );
        let _ = writeln!(out, "# TYPE synctv_proxy_requests_total counter");
        let names = Kind::ALL.map(name).into_iter().chain(["unknown"]);
        for (row, kind) in self.requests.iter().zip(names) {
            for (count, (_, outcome)) in row.iter().zip(ENDINGS) {
                let count = count.load(Relaxed);
                if count > 0 {
                    let _ =
                        writeln!(out, "synctv_proxy_requests_total{{kind=\"{kind}\",outcome=\"{outcome}\"}} {count}");
                }
            }
        }
        let _ = writeln!(out, "# HELP synctv_proxy_out_bytes_total Bytes of bodies sent under /p/");
        let _ = writeln!(out, "# TYPE synctv_proxy_out_bytes_total counter");
        for (bytes, kind) in self.bytes.iter().zip(Kind::ALL) {
            let _ = writeln!(out, "synctv_proxy_out_bytes_total{{kind=\"{}\"}} {}", name(kind), bytes.load(Relaxed));
        }
        let _ = writeln!(
            out,
            "# HELP synctv_proxy_manifest_bytes Manifests and converted captions that are held in memory"
        );
        let _ = writeln!(out, "# TYPE synctv_proxy_manifest_bytes gauge\nsynctv_proxy_manifest_bytes {held}");
        out
    }
}

fn row(kind: Kind) -> usize {
    Kind::ALL.iter().position(|known| *known == kind).unwrap_or(KINDS - 1)
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Media => "media",
        Kind::Hls => "hls",
        Kind::Dash => "dash",
        Kind::Segment => "segment",
        Kind::Key => "key",
        Kind::Subtitle => "subtitle",
        Kind::Danmaku => "danmaku",
        Kind::Thumbnail => "thumbnail",
        Kind::Other => "other",
        Kind::Json => "json",
        Kind::Remote => "remote",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_kind_and_outcome() {
        let meter = Meter::default();
        meter.note(Some(Kind::Segment), Ending::Served(Outcome::Hit));
        meter.note(Some(Kind::Segment), Ending::Served(Outcome::Hit));
        meter.note(None, Ending::Denied);
        meter.sent(Kind::Other, 7);
        let text = meter.render(3);
        for line in [
            "synctv_proxy_requests_total{kind=\"segment\",outcome=\"hit\"} 2",
            "synctv_proxy_requests_total{kind=\"unknown\",outcome=\"denied\"} 1",
            "synctv_proxy_out_bytes_total{kind=\"other\"} 7",
            "synctv_proxy_manifest_bytes 3",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
    }
}
