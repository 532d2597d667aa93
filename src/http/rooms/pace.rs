//! How fast a member may talk. Time is an argument.

use tokio::time::Instant;

/// So many refusals without a pause are abuse.
const ABUSE: u32 = 100;

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Take it.
    Take,
    /// Refuse it; `first` of those without a pause.
    Refuse { first: bool },
    /// Close the connection.
    Abuse,
}

/// A bucket of messages: it fills steadily and holds those of two seconds.
#[derive(Debug)]
pub(super) struct Pace {
    per_s: f32,
    left: f32,
    at: Instant,
    refused: u32,
}

impl Pace {
    pub(super) fn new(per_s: u32, now: Instant) -> Self {
        let per_s = per_s as f32;
        Self { per_s, left: 2.0 * per_s, at: now, refused: 0 }
    }

    /// Judges one more message.
    pub(super) fn judge(&mut self, now: Instant) -> Verdict {
        let most = 2.0 * self.per_s;
        self.left = (self.left + now.saturating_duration_since(self.at).as_secs_f32() * self.per_s).min(most);
        self.at = now;
        if self.left >= most / 2.0 {
            self.refused = 0;
        }
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Verdict::Take;
        }
        self.refused += 1;
        match self.refused {
            ABUSE.. => Verdict::Abuse,
            count => Verdict::Refuse { first: count == 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_of_two_seconds_passes_and_then_the_steady_rate() {
        let begun = Instant::now();
        let mut pace = Pace::new(20, begun);
        let taken = |pace: &mut Pace, at, of: u32| (0..of).filter(|_| pace.judge(at) == Verdict::Take).count();
        assert_eq!(taken(&mut pace, begun, 60), 40);
        let later = begun + Duration::from_millis(500);
        assert_eq!(taken(&mut pace, later, 30), 10);
    }

    #[test]
    fn only_the_first_refusal_is_answered_and_too_many_are_abuse() {
        let now = Instant::now();
        let mut pace = Pace::new(1, now);
        assert_eq!([pace.judge(now), pace.judge(now)], [Verdict::Take; 2]);
        assert_eq!(pace.judge(now), Verdict::Refuse { first: true });
        for _ in 0..ABUSE - 2 {
            assert_eq!(pace.judge(now), Verdict::Refuse { first: false });
        }
        assert_eq!(pace.judge(now), Verdict::Abuse);
    }

    #[test]
    fn a_pause_makes_good() {
        let now = Instant::now();
        let mut pace = Pace::new(10, now);
        for _ in 0..100 {
            pace.judge(now);
        }
        let later = now + Duration::from_secs(3);
        assert_eq!(pace.judge(later), Verdict::Take);
        let refused = (0..60).map(|_| pace.judge(later)).find(|verdict| *verdict != Verdict::Take);
        assert_eq!(refused, Some(Verdict::Refuse { first: true }));
    }
}
