//! How far the server's clock is from the local one, judged from pings. Pure: times are arguments, in ms.

use std::collections::VecDeque;

/// Samples older than this say nothing any more: clocks drift.
const WINDOW_MS: i64 = 60_000;
/// No more samples are kept than this.
const SAMPLES_MAX: usize = 256;
/// What rounding to ms and drift within the window may do to a bound.
const SLACK_MS: i64 = 3;

/// One ping and its pong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// When the ping left, by the local clock.
    pub t1: i64,
    /// When the server received it, by its clock.
    pub t2: i64,
    /// When the server answered, by its clock.
    pub t3: i64,
    /// When the pong came, by the local clock.
    pub t4: i64,
}

impl Sample {
    /// Time on the way, both directions.
    const fn rtt(self) -> i64 {
        self.t4.saturating_sub(self.t1).saturating_sub(self.t3.saturating_sub(self.t2))
    }
}

/// What the samples say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Estimate {
    /// To be added to the local clock to get the server's.
    pub offset_ms: i64,
    /// The least round trip.
    pub rtt_ms: i64,
}

/// The samples of the last minute.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    samples: VecDeque<Sample>,
}

impl Offsets {
    /// Adds a sample; one that contradicts causality is passed over.
    pub(super) fn add(&mut self, sample: Sample) {
        if sample.t4 < sample.t1 || sample.t3 < sample.t2 {
            return;
        }
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        while self.samples.front().is_some_and(|oldest| sample.t4.saturating_sub(oldest.t4) > WINDOW_MS) {
            self.samples.pop_front();
        }
    }

    /// The best guess. No message arrives before it left, so each ping is an upper bound of the offset (`t2 - t1`) and each pong a
    /// lower one (`t3 - t4`); the quickest of each direction are the tightest, and the truth is between them. Judging the
    /// directions apart keeps the error small when both jitter: a quick ping needs no quick pong to count. Going back from
    /// the newest sample, the first one that fits no longer (a clock was set) ends the search.
    pub(super) fn estimate(&self) -> Option<Estimate> {
        let (mut lower, mut upper, mut rtt_ms) = (i64::MIN, i64::MAX, i64::MAX);
        for sample in self.samples.iter().rev() {
            let low = lower.max(sample.t3.saturating_sub(sample.t4));
            let high = upper.min(sample.t2.saturating_sub(sample.t1));
            if low > high.saturating_add(SLACK_MS) {
                break;
            }
            (lower, upper) = (low, high);
            rtt_ms = rtt_ms.min(sample.rtt());
        }
        (rtt_ms != i64::MAX).then(|| Estimate { offset_ms: lower.midpoint(upper), rtt_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random (SplitMix64).
    struct Dice(u64);

    impl Dice {
        fn delay(&mut self) -> i64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            20 + i64::try_from((z ^ (z >> 31)) % 181).unwrap()
        }

        /// A ping through a proxy that holds each direction for 20 to 200 ms.
        fn ping(&mut self, t1: i64, offset: i64) -> Sample {
            let t2 = t1 + self.delay() + offset;
            Sample { t1, t2, t3: t2, t4: t2 - offset + self.delay() }
        }
    }

    /// The error of a client after so many pings.
    fn error(seed: u64, offset: i64, quick: i64, slow: i64) -> i64 {
        let mut dice = Dice(seed);
        let mut offsets = Offsets::default();
        let mut at = 1_000_000;
        for n in 0..quick + slow {
            let sample = dice.ping(at, offset);
            offsets.add(sample);
            at = if n < quick { sample.t4 } else { at + 1000 };
        }
        offsets.estimate().unwrap().offset_ms - offset
    }

    #[test]
    fn two_clients_behind_a_jittering_proxy_agree_within_50_ms() {
        for seed in 0..500 {
            let (a, b) = (error(seed, 5_000, 16, 0), error(seed + 10_000, -86_400_000, 16, 0));
            assert!((a - b).abs() < 50, "seed {seed}: {a} and {b}");
        }
    }

    #[test]
    fn a_minute_of_pings_makes_it_better() {
        for seed in 0..200 {
            let error = error(seed, 123_456, 16, 60);
            assert!(error.abs() <= 12, "seed {seed}: {error}");
        }
    }

    #[test]
    fn a_clock_that_was_set_is_noticed_at_once() {
        let mut offsets = Offsets::default();
        let mut dice = Dice(7);
        (0..30).for_each(|n| offsets.add(dice.ping(n * 1000, 0)));
        (30..33).for_each(|n| offsets.add(dice.ping(n * 1000, 10_000)));
        let found = offsets.estimate().unwrap().offset_ms;
        assert!((found - 10_000).abs() <= 90, "{found}");
    }

    #[test]
    fn old_samples_are_forgotten_and_absurd_ones_passed_over() {
        let mut offsets = Offsets::default();
        assert_eq!(offsets.estimate(), None);
        offsets.add(Sample { t1: 10, t2: 5, t3: 5, t4: 9 });
        assert_eq!(offsets.estimate(), None);
        offsets.add(Sample { t1: 0, t2: 100, t3: 100, t4: 2 });
        offsets.add(Sample { t1: 70_000, t2: 70_200, t3: 70_200, t4: 70_200 });
        assert_eq!(offsets.estimate(), Some(Estimate { offset_ms: 100, rtt_ms: 200 }));
        assert_eq!(offsets.samples.len(), 1);
    }
}
