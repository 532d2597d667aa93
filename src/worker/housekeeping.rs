//! Chores that one node does for all, under a leader lease: removing what is too old, and nodes that died. Playback does not wait for it.

use std::{sync::Arc, time::Duration};

use synctv_store::{Housekept, NODE_TIMEOUT, Retention, Store};
use tokio::time::{Instant, sleep};
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
    let mut next_round = Instant::now();
    loop {
        match store.hold_lease(NAME, &node, LEASE).await {
            Ok(Some(_)) if Instant::now() >= next_round => {
                next_round = Instant::now() + ROUND;
                match store.housekeep(&RETENTION).await {
                    Ok(done) if done != Housekept::default() => tracing::info!(?done, "housekeeping"),
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "housekeeping failed; the next round tries again"),
                }
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the housekeeping lease could not be asked for"),
        }
        tokio::select! {
            () = sleep(LEASE / 3) => {}
            () = stop.cancelled() => return,
        }
    }
}
