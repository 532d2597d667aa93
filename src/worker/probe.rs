//! Finds durations out, for what is selected in active rooms.
//!
//! A claim is held by one node at a time; it is renewed while the probe runs, and what comes of the probe is written under its fence only. A node that
//! dies leaves a lease that runs out.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use synctv_store::{ProbeClaim, Probed, Source, Store};
use tokio::{
    task::JoinSet,
    time::{Instant, interval_at},
};

use super::schedule::{Rest, Schedule};
use crate::provider::{Found, ProbeFailure, Providers};

/// How long a claim holds without renewal.
pub const LEASE: Duration = Duration::from_secs(15);
/// The wait after the first failure; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// The longest wait between attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// After a failure that will most likely happen again.
const LASTING_RETRY: Duration = Duration::from_secs(15);

/// Finds out how long a source is.
#[async_trait]
pub trait Prober: Send + Sync {
    /// How long, or that it has no end.
    async fn probe(&self, source: &Source) -> Result<Found, ProbeFailure>;
}

#[async_trait]
impl Prober for Providers {
    async fn probe(&self, source: &Source) -> Result<Found, ProbeFailure> {
        Self::probe(self, source).await
    }
}

/// Probes for this node's active rooms until the schedule stops; `concurrency` sources at the same time.
pub async fn run(
    store: Arc<dyn Store>,
    prober: Arc<dyn Prober>,
    mut schedule: Schedule,
    node: String,
    concurrency: usize,
) {
    let mut running = JoinSet::new();
    loop {
        let active = schedule.active();
        let free = concurrency.max(1).saturating_sub(running.len());
        let rest = match claim(store.as_ref(), &active, &node, free).await {
            Ok((claims, rest)) => {
                for claim in claims {
                    running.spawn(carry_out(store.clone(), prober.clone(), claim));
                }
                rest
            }
            Err(error) => {
                tracing::warn!(%error, "cannot tell which durations are to be found out");
                Rest::Failed
            }
        };
        tokio::select! {
            more = schedule.rest(rest) => if !more { return },
            Some(_) = running.join_next() => {}
        }
    }
}

/// Claims up to `free` probes, and says when to look again.
async fn claim(
    store: &dyn Store,
    active: &[String],
    node: &str,
    free: usize,
) -> Result<(Vec<ProbeClaim>, Rest), synctv_store::Error> {
    // With all hands full, the end of a probe is what to wait for.
    if active.is_empty() || free == 0 {
        return Ok((Vec::new(), Rest::UntilNudged));
    }
    let claims = store.claim_probes(active, node, u32::try_from(free).unwrap_or(u32::MAX), LEASE).await?;
    if claims.len() == free {
        return Ok((claims, Rest::UntilNudged));
    }
    let next = store.next_probe(active).await?;
    // Somebody else claimed what is due at this moment.
    Ok((claims, Rest::until(next.map(|wait| wait.max(Duration::from_millis(100))))))
}

/// Probes under a claim that is kept alive, and writes what was found.
async fn carry_out(store: Arc<dyn Store>, prober: Arc<dyn Prober>, claim: ProbeClaim) {
    let found = tokio::select! {
        found = prober.probe(&claim.source) => found,
        () = lost(store.as_ref(), &claim) => {
            tracing::debug!(room = claim.room_id, fence = claim.fence, "another node took the probe over");
            return;
        }
    };
    let found = match found {
        Ok(Found::Finite(duration)) if duration >= Duration::from_millis(1) => Probed::Finite(duration),
        Ok(Found::Finite(_)) => failed(&claim, ProbeFailure { reason: "it has no length".to_owned(), lasting: true }),
        Ok(Found::Live) => Probed::Live,
        Err(failure) => failed(&claim, failure),
    };
    match store.finish_probe(&claim, &found).await {
        Ok(true) => tracing::debug!(room = claim.room_id, ?found, "probed"),
        Ok(false) => {
            tracing::debug!(room = claim.room_id, fence = claim.fence, "the claim was lost: nothing is written")
        }
        Err(error) => tracing::warn!(room = claim.room_id, %error, "what a probe found could not be written"),
    }
}

/// Renews the claim at a third of its lease; returns when it is lost. A store that does not answer loses nothing yet: the fence judges in the end.
async fn lost(store: &dyn Store, claim: &ProbeClaim) {
    let mut renewals = interval_at(Instant::now() + LEASE / 3, LEASE / 3);
    loop {
        renewals.tick().await;
        if let Ok(false) = store.renew_probe(claim, LEASE).await {
            return;
        }
    }
}

fn failed(claim: &ProbeClaim, ProbeFailure { reason, lasting }: ProbeFailure) -> Probed {
    tracing::info!(room = claim.room_id, failures = claim.failures + 1, reason, "the duration could not be found out");
    let mut random = [0; 1];
    // Without random bytes the waits of several rooms fall together; nothing else depends on them.
    let _ = getrandom::fill(&mut random);
    let retry = retry_after(claim.failures, random[0]);
    Probed::Failed { retry: if lasting { retry.max(LASTING_RETRY) } else { retry }, reason }
}

/// The wait after `failures` earlier failures: doubling, with up to a quarter more or less by chance.
fn retry_after(failures: u32, chance: u8) -> Duration {
    let wait = FIRST_RETRY.saturating_mul(1 << failures.min(16)).min(LONGEST_RETRY);
    wait.mul_f64(0.75 + 0.5 * f64::from(chance) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_differ_by_chance() {
        let middle = |failures| retry_after(failures, 127).as_secs_f64();
        assert!((middle(0) - 2.0).abs() < 0.01 && (middle(1) - 4.0).abs() < 0.01 && (middle(3) - 16.0).abs() < 0.1);
        for failures in [10, 31, 32, u32::MAX] {
            assert!((middle(failures) - 300.0).abs() < 1.0, "{failures}");
        }
        assert_eq!(retry_after(0, 0), Duration::from_millis(1500));
        assert_eq!(retry_after(0, 255), Duration::from_millis(2500));
    }
}
