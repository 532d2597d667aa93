//! The database's clock as this node knows it: an offset to the monotonic clock, from questions whose travelling time is known.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// The best of so many last samples counts: with one each 5 s, drift has 40 s to add up.
const SAMPLES: usize = 8;
/// How far two steady clocks drift apart while a sample counts, generously, in ms.
const DRIFT: f64 = 50.0;

/// One question to the database. Times of this node are in ms on its monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// What the database said, in whole ms since 1970.
    pub db_ms: i64,
    /// When it was asked.
    pub sent: f64,
    /// When the answer was here.
    pub received: f64,
}

impl Sample {
    fn round_trip(&self) -> f64 {
        (self.received - self.sent).max(0.0)
    }

    /// What to add to the monotonic clock; right to half the round trip. The database cuts its time to whole ms: half of one is
    /// given back.
    fn offset(&self) -> f64 {
        self.db_ms as f64 + 0.5 - (self.sent + self.received) / 2.0
    }
}

/// The offset that the last samples show best. Pure: time is in the samples.
#[derive(Debug, Clone, Default)]
pub struct Estimate {
    samples: VecDeque<Sample>,
}

impl Estimate {
    /// Takes one more sample in; the oldest one is forgotten. All are, when the new one shows that a clock was set, another database took
    /// over, or this machine slept.
    pub fn add(&mut self, sample: Sample) {
        let contradicts = |best: &Sample| {
            let unsure = f64::midpoint(sample.round_trip(), best.round_trip()) + DRIFT;
            (sample.offset() - best.offset()).abs() > unsure
        };
        if self.best().is_some_and(contradicts) {
            self.samples.clear();
        }
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The offset of the sample with the shortest round trip, in ms.
    #[must_use]
    pub fn offset(&self) -> Option<f64> {
        self.best().map(Sample::offset)
    }

    fn best(&self) -> Option<&Sample> {
        self.samples.iter().min_by(|a, b| a.round_trip().total_cmp(&b.round_trip()))
    }
}

/// The database's clock.
#[derive(Debug)]
pub struct DbClock {
    begun: Instant,
    /// What holds until the database was asked: this machine's clock.
    assumed: f64,
    estimate: Mutex<Estimate>,
}

impl Default for DbClock {
    fn default() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { begun: Instant::now(), assumed: wall.as_secs_f64() * 1000.0, estimate: Mutex::default() }
    }
}

impl DbClock {
    /// Learns from an answer of the database.
    pub fn learn(&self, db_ms: i64, sent: Instant, received: Instant) {
        let sample = Sample { db_ms, sent: self.ms(sent), received: self.ms(received) };
        self.estimate.lock().add(sample);
    }

    /// Its time in ms since 1970.
    #[must_use]
    pub fn now_ms(&self) -> f64 {
        let offset = self.estimate.lock().offset().unwrap_or(self.assumed);
        self.ms(Instant::now()) + offset
    }

    fn ms(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.begun).as_secs_f64() * 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A question asked at `sent`, with these travelling times there and back, to a database whose clock is ahead by `ahead`.
    fn asked(sent: f64, there: f64, back: f64, ahead: f64) -> Sample {
        Sample { db_ms: (sent + there + ahead).floor() as i64, sent, received: sent + there + back }
    }

    #[test]
    fn the_shortest_round_trip_counts() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.offset(), None);
        for (there, back) in [(200.0, 1.0), (2.0, 2.0), (1.0, 180.0)] {
            estimate.add(asked(1000.0, there, back, 1_700_000_000_000.0));
        }
        let error = estimate.offset().unwrap() - 1_700_000_000_000.0;
        assert!(error.abs() <= 0.5, "{error}");
    }

    #[test]
    fn an_old_sample_is_forgotten() {
        let mut estimate = Estimate::default();
        estimate.add(asked(0.0, 0.1, 0.1, 5000.0));
        for n in 0..SAMPLES {
            estimate.add(asked(5000.0 * n as f64, 3.0, 3.0, 9000.0));
        }
        let error = estimate.offset().unwrap() - 9000.0;
        assert!(error.abs() <= 1.0, "the clock was set: {error}");
    }

    #[test]
    fn a_clock_that_was_set_is_believed_at_once() {
        let mut estimate = Estimate::default();
        for n in 0..SAMPLES {
            estimate.add(asked(5000.0 * n as f64, 0.1, 0.1, 5000.0));
        }
        estimate.add(asked(40_000.0, 30.0, 30.0, 7000.0));
        let error = estimate.offset().unwrap() - 7000.0;
        assert!(error.abs() <= 31.0, "{error}");
        estimate.add(asked(45_000.0, 200.0, 0.1, 7000.0));
        let error = estimate.offset().unwrap() - 7000.0;
        assert!(error.abs() <= 31.0, "a slow answer contradicts nothing: {error}");
    }

    #[test]
    fn before_the_first_sample_it_is_this_machines_clock() {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0;
        assert!((DbClock::default().now_ms() - wall).abs() < 1000.0);
    }

    proptest! {
        #[test]
        fn the_error_is_at_most_half_of_the_shortest_round_trip(
            trips in proptest::collection::vec((0.0..200.0f64, 0.0..200.0f64), 1..SAMPLES),
            ahead in 0.0..2e12f64,
        ) {
            let mut estimate = Estimate::default();
            for (n, (there, back)) in trips.iter().enumerate() {
                estimate.add(asked(5000.0 * n as f64, *there, *back, ahead));
            }
            let shortest = trips.iter().map(|(there, back)| there + back).fold(f64::MAX, f64::min);
            let error = (estimate.offset().unwrap() - ahead).abs();
            prop_assert!(error <= shortest / 2.0 + 0.51, "{error} with {shortest}");
        }
    }
}
