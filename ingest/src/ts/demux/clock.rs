//! PTS and DTS on a clock that does not wrap.

/// Timestamps have 33 bits (ISO 13818-1 2.4.3.7): they wrap every 26.5 hours.
const WRAP: i64 = 1 << 33;

/// Counts 90 kHz ticks on from the first timestamp, over wraps.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    last: Option<i64>,
}

impl Clock {
    /// The tick nearest to the last one that this timestamp can stand for.
    pub(super) fn ticks(&mut self, timestamp: u64) -> i64 {
        let timestamp = (timestamp & 0x1_ffff_ffff).cast_signed();
        let ticks = match self.last {
            None => timestamp,
            Some(last) => {
                let step = (timestamp - last).rem_euclid(WRAP);
                last + if step >= WRAP / 2 { step - WRAP } else { step }
            }
        };
        self.last = Some(ticks);
        ticks
    }
}

/// 90 kHz ticks as ms, rounded.
pub(super) const fn milliseconds(ticks: i64) -> i64 {
    (ticks + 45).div_euclid(90)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_runs_on_over_a_wrap_and_back() {
        let mut clock = Clock::default();
        assert_eq!(clock.ticks(0x1_ffff_ff00), WRAP - 256);
        assert_eq!(clock.ticks(100), WRAP + 100);
        assert_eq!(clock.ticks(0x1_ffff_ffff), WRAP - 1, "a stream that is a little behind the other");
        assert_eq!(clock.ticks(90_000), WRAP + 90_000);
    }
}
