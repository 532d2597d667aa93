//! Exact audio positions out of timestamps rounded to ms.

/// Drift between counted samples and timestamps, in ms, above which the timestamps win.
pub const MAX_DRIFT_MS: i64 = 100;

/// Where an audio frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioPosition {
    /// In samples of the track's own rate since the timeline's zero; strictly increasing.
    pub samples: i64,
    /// The count was given up for the timestamp: sound is missing before this frame, or there was too much of it.
    pub resynchronised: bool,
}

/// Counts samples from frame to frame, so that 21.333 ms frames do not jitter between 21 and 22 ms.
#[derive(Debug, Clone)]
pub struct AudioClock {
    sample_rate: i64,
    next: Option<i64>,
    last: Option<i64>,
}

impl AudioClock {
    /// A clock for `sample_rate` Hz; 0 is taken as 1.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate: i64::from(sample_rate.max(1)), next: None, last: None }
    }

    /// Samples a second.
    #[must_use]
    pub const fn sample_rate(&self) -> i64 {
        self.sample_rate
    }

    /// Places a frame of `samples` samples that claims to begin at `dts` ms.
    pub fn place(&mut self, dts: i64, samples: u32) -> AudioPosition {
        let claimed = self.samples_at(dts);
        let limit = MAX_DRIFT_MS * self.sample_rate / 1000;
        let (position, resynchronised) = match self.next {
            Some(next) if claimed.abs_diff(next) <= limit.unsigned_abs() => (next, false),
            Some(_) => (claimed, true),
            None => (claimed, false),
        };
        let position = self.last.map_or(position, |last| position.max(last.saturating_add(1)));
        self.last = Some(position);
        self.next = Some(position.saturating_add(i64::from(samples)));
        AudioPosition { samples: position, resynchronised }
    }

    /// Where the next frame begins if nothing is missing, in samples.
    #[must_use]
    pub const fn next(&self) -> Option<i64> {
        self.next
    }

    /// ms on the timeline as samples, rounded.
    fn samples_at(&self, ms: i64) -> i64 {
        ms.saturating_mul(self.sample_rate).saturating_add(500).div_euclid(1000)
    }
}
