//! How long to wait before the next attempt.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
/// The longest wait, before chance is added.
pub const LONGEST: Duration = Duration::from_secs(30);
/// A pull that brought frames for so long was a success: the next wait is a short one.
const SUCCESS: Duration = Duration::from_secs(2);

/// Waits that double from one failure to the next.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after an attempt that brought frames for `lived`; `chance` moves it by up to a quarter, so that many pulls of an upstream
    /// that comes back do not come at once.
    pub fn after(&mut self, lived: Duration, chance: u8) -> Duration {
        if lived >= SUCCESS {
            self.failures = 0;
        }
        let wait = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        wait.mul_f64(0.75 + 0.5 * f64::from(chance) / 255.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_begin_anew_after_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.after(Duration::ZERO, 0).as_millis()).collect();
        assert_eq!(waits, [375, 750, 1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500]);
        assert_eq!(backoff.after(Duration::from_millis(1900), 255).as_millis(), 37_500);
        assert_eq!(backoff.after(SUCCESS, 255).as_millis(), 625);
        backoff.failures = u32::MAX;
        assert_eq!(backoff.after(Duration::ZERO, 0).as_millis(), 22_500);
    }
}
