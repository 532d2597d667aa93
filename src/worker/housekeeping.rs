//! Chores that one node does for all, under a leader lease: removing what is too old, and nodes that died. Playback does not wait for it.

use std::{sync::Arc, time::Duration};

use synctv_store::{Housekept, NODE_TIMEOUT, Retention, Store};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// The lease's name.
const NAME: &str = "housekeeping";
/// A leader that does not renew for so long is followed by another node.
const LEASE: Duration = Duration::from_secs(15);
/// Between two rounds of the leader; what is removed is at most so much too old.
const ROUND: Duration = Duration::from_secs(60);

const HOUR: Duration = Duration::from_secs(3600);

/// How long things are kept.
pub const RETENTION: Retention = Retention {
    events: HOUR.saturating_mul(24),
    history: HOUR.saturating_mul(24 * 90),
    tokens: HOUR.saturating_mul(24 * 30),
    node: NODE_TIMEOUT.saturating_mul(4),
};

/// Does the chores while this node is the leader, until `stop`.
pub async fn run(store: Arc<dyn Store>, node: String, stop: CancellationToken) {
    let hold = || async { store.hold_lease(NAME, &node, LEASE).await.map(|fence| fence.is_some()) };
    let chores = || async {
        match store.housekeep(&RETENTION).await {
            Ok(done) if done != Housekept::default() => tracing::info!(?done, "housekeeping"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "housekeeping failed; the next round tries again"),
        }
    };
    let _ = stop.run_until_cancelled(lead(hold, chores)).await;
}

/// Does the chores in rounds for as long as the lease is held. It is renewed during a round too, which may last longer than the lease:
/// a round ends where it is when another node is the leader.
async fn lead<Held, Done>(hold: impl Fn() -> Held, chores: impl Fn() -> Done)
where
    Held: Future<Output = synctv_store::Result<bool>>,
    Done: Future<Output = ()>,
{
    let renewed = async || {
        hold().await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the housekeeping lease could not be asked for");
            false
        })
    };
    let lost = async || {
        loop {
            sleep(LEASE / 3).await;
            if !renewed().await {
                return;
            }
        }
    };
    loop {
        if !renewed().await {
            sleep(LEASE / 3).await;
            continue;
        }
        tokio::select! {
            () = lost() => {}
            () = async {
                loop {
                    let next_round = Instant::now() + ROUND;
                    chores().await;
                    sleep_until(next_round).await;
                }
            } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// Chores that take two minutes on a paused clock; how often they were begun and ended when 200 s are over. The lease is lost at `lost_at`.
    async fn rounds(lost_at: Duration) -> (u32, u32) {
        let (begun, ended) = (AtomicU32::new(0), AtomicU32::new(0));
        let start = Instant::now();
        let chores = || async {
            begun.fetch_add(1, Relaxed);
            sleep(Duration::from_secs(120)).await;
            ended.fetch_add(1, Relaxed);
        };
        // As the stores do: a lease that is not renewed in time is somebody else's.
        let renewed_at = std::cell::Cell::new(start);
        let hold = || async {
            let held = renewed_at.get().elapsed() < LEASE && start.elapsed() < lost_at;
            if held {
                renewed_at.set(Instant::now());
            }
            Ok(held)
        };
        let _ = tokio::time::timeout(Duration::from_secs(200), lead(hold, chores)).await;
        (begun.load(Relaxed), ended.load(Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn the_lease_is_renewed_during_a_long_round() {
        assert_eq!(rounds(Duration::MAX).await, (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_ends_where_it_is_when_the_lease_is_lost() {
        assert_eq!(rounds(Duration::from_secs(30)).await, (1, 0));
    }
}
