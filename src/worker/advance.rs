//! Goes on when an item is over.
//!
//! What is due is judged by the database's clock, and written by compare-and-set on what was judged. Who comes second writes nothing and stops; if the room
//! is still due, the next look finds it again.

use std::{sync::Arc, time::Duration};

use synctv_store::{Snapshot, Store};
use tokio::task::JoinSet;

use super::schedule::{Rest, Schedule};
use crate::{error::Error, room::control};

/// Rooms taken up in one look; more are taken up in the next, which follows at once.
const BATCH: u32 = 256;
/// Between two looks at least: items of a ms each, or rooms that somebody else is advancing, do not keep a core busy.
const PACE: Duration = Duration::from_millis(50);

/// Advances this node's active rooms until the schedule stops; `concurrency` rooms at the same time.
pub async fn run(store: Arc<dyn Store>, mut schedule: Schedule, concurrency: usize) {
    loop {
        let active = schedule.active();
        let rest = look(&store, &active, concurrency).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell which rooms are to be advanced");
            Rest::Failed
        });
        if !schedule.rest(rest).await {
            return;
        }
    }
}

/// Advances what is due in these rooms; how long there is nothing to do then.
async fn look(store: &Arc<dyn Store>, active: &[String], concurrency: usize) -> Result<Rest, synctv_store::Error> {
    if active.is_empty() {
        return Ok(Rest::UntilNudged);
    }
    loop {
        let due = store.due(active, BATCH).await?;
        let full = due.len() == BATCH as usize;
        let tally = advance_all(store, due, concurrency).await;
        if full && tally.advanced > 0 {
            continue;
        }
        return Ok(tally.rest(store.next_due(active).await?));
    }
}

/// What became of rooms that were due; of the others somebody else took care.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    advanced: usize,
    /// The store failed.
    failed: usize,
}

impl Tally {
    /// How long there is nothing to do, when the next room is due after `next`.
    fn rest(&self, next: Option<Duration>) -> Rest {
        match self {
            // They stay due: the next look would meet the same failure.
            Self { advanced: 0, failed: 1.. } => Rest::Failed,
            _ => Rest::until(next.map(|wait| wait.max(PACE))),
        }
    }
}

async fn advance_all(store: &Arc<dyn Store>, due: Vec<Snapshot>, concurrency: usize) -> Tally {
    let mut tally = Tally::default();
    let mut due = due.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < concurrency.max(1)
            && let Some(judged) = due.next()
        {
            let store = store.clone();
            running.spawn(async move { advance(store.as_ref(), &judged).await });
        }
        match running.join_next().await {
            Some(Ok(Ok(advanced))) => tally.advanced += usize::from(advanced),
            Some(_) => tally.failed += 1,
            None => return tally,
        }
    }
}

/// Whether this node advanced it.
async fn advance(store: &dyn Store, judged: &Snapshot) -> Result<bool, Error> {
    let room = &judged.room_id;
    match control::advance(store, judged).await {
        Ok(true) => {
            tracing::debug!(room, from_version = judged.playback.version, "advanced");
            Ok(true)
        }
        // It was deleted or stopped since it was judged.
        Ok(false) | Err(Error::NotFound(_) | Error::Conflict(_)) => Ok(false),
        Err(error) => {
            tracing::warn!(room, %error, "the room could not be advanced");
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_failing_store_nor_items_of_a_ms_keep_a_core_busy() {
        let rest = |advanced, failed, next| Tally { advanced, failed }.rest(next);
        let (now, later) = (Some(Duration::ZERO), Some(Duration::from_secs(7)));
        assert_eq!(rest(0, 1, now), Rest::Failed);
        assert_eq!(rest(0, 3, None), Rest::Failed);
        assert_eq!(rest(1, 1, now), Rest::For(PACE), "what did not fail is looked at again soon");
        assert_eq!(rest(1, 0, now), Rest::For(PACE));
        assert_eq!(rest(0, 0, now), Rest::For(PACE), "somebody else is at it");
        assert_eq!(rest(0, 0, later), Rest::For(Duration::from_secs(7)));
        assert_eq!(rest(0, 0, None), Rest::UntilNudged);
    }
}
