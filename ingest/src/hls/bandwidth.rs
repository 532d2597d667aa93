//! BANDWIDTH and AVERAGE-BANDWIDTH (RFC 8216bis 4.4.6.2).

use std::collections::VecDeque;

/// Bit rates of one rendition over its life so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Bandwidth {
    recent: VecDeque<(u64, u64)>,
    bytes: u64,
    ms: u64,
    peak: u64,
    peak_of_one: u64,
}

impl Bandwidth {
    /// Counts a finished segment. The peak segment bit rate is that of any run of segments that lasts 0.5 to 1.5 target
    /// durations (4.1); `target` is in ms.
    pub(super) fn add(&mut self, bytes: u64, ms: u64, target: u64) {
        self.bytes += bytes;
        self.ms += ms;
        self.peak_of_one = self.peak_of_one.max(rate(bytes, ms.max(1)));
        self.recent.push_back((bytes, ms));
        let longest = target + target / 2;
        let (mut run_bytes, mut run_ms, mut used) = (0, 0, 0);
        for (bytes, ms) in self.recent.iter().rev() {
            if run_ms + ms > longest {
                break;
            }
            (run_bytes, run_ms, used) = (run_bytes + bytes, run_ms + ms, used + 1);
            if run_ms >= target.div_ceil(2) {
                self.peak = self.peak.max(rate(run_bytes, run_ms));
            }
        }
        self.recent.drain(..self.recent.len() - used);
    }

    /// The peak segment bit rate in bits a second; that of a single segment while no run is long enough.
    pub(super) fn peak(&self) -> u64 {
        if self.peak == 0 { self.peak_of_one } else { self.peak.max(self.average()) }
    }

    /// Bits a second over everything.
    pub(super) fn average(&self) -> u64 {
        rate(self.bytes, self.ms.max(1))
    }
}

/// Bits a second, rounded up: a client that provides for it must not fall short.
fn rate(bytes: u64, ms: u64) -> u64 {
    (bytes.saturating_mul(8_000)).div_ceil(ms)
}

#[cfg(test)]
mod tests {
    use super::Bandwidth;

    #[test]
    fn the_peak_is_that_of_any_run_of_half_to_one_and_a_half_target_durations() {
        let mut b = Bandwidth::default();
        b.add(1_000_000, 500, 2_000);
        assert_eq!(b.peak(), 16_000_000, "nothing better is known yet");
        b.add(500_000, 1_500, 2_000);
        assert_eq!((b.peak(), b.average()), (6_000_000, 6_000_000), "2 s of both; the short one alone does not count");
        b.add(1_000_000, 2_000, 2_000);
        assert_eq!((b.peak(), b.average()), (6_000_000, 5_000_000));
    }
}
