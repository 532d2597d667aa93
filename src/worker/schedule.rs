//! When a worker looks, and at which rooms.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::room::runtime::ConnectionRuntime;

/// No worker sleeps longer, should a nudge get lost or the database's clock jump.
const LONGEST: Duration = Duration::from_secs(30);
/// Nudges that come this close together are one.
const TOGETHER: Duration = Duration::from_millis(20);
/// After a failure of the store.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The active rooms, what says that they changed, and the end.
#[derive(Debug, Clone)]
pub struct Schedule {
    runtime: Arc<ConnectionRuntime>,
    nudges: watch::Receiver<u64>,
    stop: CancellationToken,
}

/// How long there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Until then, or a nudge.
    For(Duration),
    /// Until a nudge: there is no active room, or nothing that has a deadline.
    UntilNudged,
    /// The store failed.
    Failed,
}

impl Rest {
    /// Until a deadline, if there is one.
    #[must_use]
    pub fn until(deadline: Option<Duration>) -> Self {
        deadline.map_or(Self::UntilNudged, Self::For)
    }
}

impl Schedule {
    /// Follows this process's connections until `stop`.
    #[must_use]
    pub fn new(runtime: Arc<ConnectionRuntime>, stop: CancellationToken) -> Self {
        Self { nudges: runtime.nudges(), runtime, stop }
    }

    /// The rooms to look at. Whatever happens from here on ends the next [`Schedule::rest`] at once.
    pub fn active(&mut self) -> Arc<[String]> {
        self.nudges.mark_unchanged();
        self.runtime.active_room_ids()
    }

    /// Waits; false when it is time to stop.
    pub async fn rest(&mut self, rest: Rest) -> bool {
        let longest = match rest {
            Rest::For(time) => time.min(LONGEST),
            Rest::UntilNudged => LONGEST,
            Rest::Failed => AFTER_FAILURE,
        };
        let nudged = async {
            if rest == Rest::Failed || self.nudges.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            sleep(TOGETHER).await;
        };
        tokio::select! {
            () = sleep(longest) => true,
            () = nudged => true,
            () = self.stop.cancelled() => false,
        }
    }
}
