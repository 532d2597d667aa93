//! Acknowledgements (RTMP 1.0, 5.4.3).

use super::reply::WINDOW_BYTES;

const WINDOW_BYTES_MIN: u32 = 4096;

/// Counts received bytes and tells when the peer wants to hear of them (5.4.3). Both counters wrap at 2^32.
#[derive(Debug)]
pub(super) struct Acknowledgement {
    received: u32,
    acknowledged: u32,
    window: u32,
}

impl Acknowledgement {
    pub const fn new() -> Self {
        Self { received: 0, acknowledged: 0, window: WINDOW_BYTES }
    }

    /// Takes a Window Acknowledgement Size message (5.4.4).
    pub fn set_window(&mut self, body: &[u8]) {
        let window = body.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        // A tiny window would be answered with more than it took to ask.
        self.window = if window == 0 { WINDOW_BYTES } else { window.max(WINDOW_BYTES_MIN) };
    }

    /// The sequence number to send, once half a window has come since the last: a peer that stops at a full window
    /// without hearing from us never has to.
    pub fn count(&mut self, bytes: usize) -> Option<u32> {
        self.received = self.received.wrapping_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        let due = self.received.wrapping_sub(self.acknowledged) >= self.window / 2;
        due.then(|| {
            self.acknowledged = self.received;
            self.received
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_come_every_half_window_and_survive_the_wrap() {
        let mut counter = Acknowledgement { received: u32::MAX - 10, acknowledged: u32::MAX - 10, window: 4096 };
        assert_eq!(counter.count(2047), None);
        assert_eq!(counter.count(1), Some(2048 - 11));
        assert_eq!(counter.count(2047), None);
        assert_eq!(counter.count(5), Some(2048 - 11 + 2052));
    }

    #[test]
    fn window_of_zero_or_one_does_not_make_a_storm() {
        let mut counter = Acknowledgement::new();
        counter.set_window(&[0, 0, 0, 1]);
        assert_eq!(counter.count(100), None);
        counter.set_window(&[0, 0, 0, 0]);
        assert_eq!(counter.count(100_000), None);
        counter.set_window(&[0]);
        assert_eq!(counter.count(100_000), None);
    }
}
