//! Stream names to streams.

use super::StreamStatus;

/// All streams that are live or held for a returning publisher.
#[derive(Debug, Default)]
pub struct Hub {}

impl Hub {
    /// The status of a stream this process knows; `None` when nobody published it since the start.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<StreamStatus> {
        let _ = name;
        None
    }

    /// Closes the publisher of a stream; false when there is none.
    pub fn kick(&self, name: &str, reason: &'static str) -> bool {
        let _ = (name, reason);
        false
    }

    /// Closes every publisher that was let in by this key (revoked, expired); says how many.
    pub fn kick_key(&self, key_id: &str, reason: &'static str) -> usize {
        let _ = (key_id, reason);
        0
    }

    /// Closes the publisher and every viewer of a stream and forgets it (deleted).
    pub fn remove(&self, name: &str) {
        let _ = name;
    }

    /// Sets whether viewers need a signature.
    pub fn set_private(&self, name: &str, private: bool) {
        let _ = (name, private);
    }

    /// How many streams are live.
    #[must_use]
    pub fn live_count(&self) -> usize {
        0
    }
}
