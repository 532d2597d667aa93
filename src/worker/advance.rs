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
/// Between two looks when the first one changed nothing although rooms were due: somebody else is at it.
const OUTRUN: Duration = Duration::from_millis(50);

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
        let any_due = !due.is_empty();
        let advanced = advance_all(store, due, concurrency).await;
        if full && advanced > 0 {
            continue;
        }
        let next = store.next_due(active).await?;
        return Ok(match next {
            Some(wait) if any_due && advanced == 0 => Rest::For(wait.max(OUTRUN)),
            next => Rest::until(next),
        });
    }
}

/// How many of them this node advanced.
async fn advance_all(store: &Arc<dyn Store>, due: Vec<Snapshot>, concurrency: usize) -> usize {
    let mut advanced = 0;
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
            Some(done) => advanced += usize::from(done.unwrap_or(false)),
            None => return advanced,
        }
    }
}

async fn advance(store: &dyn Store, judged: &Snapshot) -> bool {
    let room = &judged.room_id;
    match control::advance(store, judged).await {
        Ok(true) => {
            tracing::debug!(room, from_version = judged.playback.version, "advanced");
            true
        }
        Ok(false) => false,
        // It was deleted or stopped since it was judged.
        Err(Error::NotFound(_) | Error::Conflict(_)) => false,
        Err(error) => {
            tracing::warn!(room, %error, "the room could not be advanced");
            false
        }
    }
}
