//! Connections that wait for their next request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use url::Url;

use super::connection::Connection;

/// Idle connections to all origins.
pub(super) const IDLE_MAX: usize = 128;
/// Idle connections to one origin.
pub(super) const IDLE_PER_ORIGIN_MAX: usize = 16;
/// An idle connection is closed after so long; most origins do it later.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The idle connections of one client, the longest idle one first.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    connections: VecDeque<(Instant, Connection)>,
    /// A task waits for the first one to grow old.
    swept: bool,
}

impl Pool {
    /// The connection to this URL's scheme, host and port that was used last.
    pub(super) fn take(&self, url: &Url) -> Option<Connection> {
        let mut idle = self.lock();
        idle.drop_old(Instant::now());
        let nth = idle.connections.iter().rposition(|(_, connection)| connection.serves(url))?;
        idle.connections.remove(nth).map(|(_, connection)| connection)
    }

    /// Keeps a connection whose last answer was read to its end; the longest idle one makes room for it.
    pub(super) fn put(self: &Arc<Self>, connection: Connection) {
        if connection.is_closed() {
            return;
        }
        let mut idle = self.lock();
        let to_same = |(_, other): &(Instant, Connection)| other.origin() == connection.origin();
        if idle.connections.iter().filter(|other| to_same(other)).count() >= IDLE_PER_ORIGIN_MAX {
            let oldest = idle.connections.iter().position(to_same);
            oldest.and_then(|nth| idle.connections.remove(nth));
        } else if idle.connections.len() >= IDLE_MAX {
            idle.connections.pop_front();
        }
        idle.connections.push_back((Instant::now(), connection));
        if !idle.swept {
            idle.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().connections.len()
    }
}

impl Idle {
    fn drop_old(&mut self, now: Instant) {
        self.connections.retain(|(since, connection)| now < *since + IDLE_TIMEOUT && !connection.is_closed());
    }
}

/// Closes what grows old, until nothing is idle or the client is gone.
async fn sweep(pool: Weak<Pool>) {
    loop {
        let next = {
            let Some(pool) = pool.upgrade() else { return };
            let mut idle = pool.lock();
            idle.drop_old(Instant::now());
            let next = idle.connections.front().map(|(since, _)| *since + IDLE_TIMEOUT);
            idle.swept = next.is_some();
            next
        };
        let Some(next) = next else { return };
        sleep_until(next).await;
    }
}
