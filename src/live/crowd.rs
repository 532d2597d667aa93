//! Connections that are turned away for want of room, in the log.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Refusals of one limit are logged this often at most: a flood is not to fill the log.
const QUIET: Duration = Duration::from_secs(5);

/// Counts the refusals of one limit and says them now and then.
#[derive(Debug)]
pub struct Crowd {
    limit: &'static str,
    refused: u64,
    said: Option<Instant>,
}

impl Crowd {
    /// For the limit with this configuration key.
    #[must_use]
    pub const fn new(limit: &'static str) -> Self {
        Self { limit, refused: 0, said: None }
    }

    /// Notes one more refusal.
    pub fn refuse(&mut self, peer: SocketAddr) {
        self.refused += 1;
        if self.said.is_none_or(|at| at.elapsed() > QUIET) {
            tracing::warn!(%peer, limit = self.limit, refused = self.refused, "connections refused: too many");
            (self.refused, self.said) = (0, Some(Instant::now()));
        }
    }
}
