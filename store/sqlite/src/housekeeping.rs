//! Removing what is too old. Each statement takes a portion, so that other writers come between.

use std::time::Duration;

use synctv_store::{Housekept, Result, Retention};

use crate::query::sql;
use crate::{SqliteStore, failure::classify, nodes};
use synctv_store::columns::millis;

/// Rows that one statement removes at most; the statements name it too.
const PORTION: u64 = 1000;

pub(crate) async fn round(store: &SqliteStore, keep: &Retention) -> Result<Housekept> {
    Ok(Housekept {
        nodes: dead_nodes(store, keep.node).await?,
        tokens: tokens(store, keep.tokens).await?,
        events: events(store, keep.events).await?,
        history: history(store, keep.history).await?,
        partitions: 0,
    })
}

/// Old events, but not the newest of a room.
async fn events(store: &SqliteStore, keep: Duration) -> Result<u64> {
    let (keep, mut removed) = (millis(keep), 0);
    loop {
        let portion = sql!(
            "DELETE FROM room_events WHERE (room_id, seq) IN (
                 SELECT e.room_id, e.seq FROM room_events e JOIN rooms r ON r.id = e.room_id
                 WHERE e.at <= (SELECT ms FROM clock) - ? AND e.seq < r.head LIMIT 1000)",
            keep
        );
        let portion = portion.execute(&store.writer).await.map_err(classify)?.rows_affected();
        removed += portion;
        if portion < PORTION {
            return Ok(removed);
        }
    }
}

async fn history(store: &SqliteStore, keep: Duration) -> Result<u64> {
    let (keep, mut removed) = (millis(keep), 0);
    loop {
        let portion = sql!(
            "DELETE FROM history WHERE (room_id, from_version) IN (
                 SELECT room_id, from_version FROM history WHERE at <= (SELECT ms FROM clock) - ? LIMIT 1000)",
            keep
        );
        let portion = portion.execute(&store.writer).await.map_err(classify)?.rows_affected();
        removed += portion;
        if portion < PORTION {
            return Ok(removed);
        }
    }
}

async fn tokens(store: &SqliteStore, keep: Duration) -> Result<u64> {
    let (keep, mut removed) = (millis(keep), 0);
    loop {
        let portion = sql!(
            "DELETE FROM room_tokens WHERE rowid IN (
                 SELECT rowid FROM room_tokens
                 WHERE expires_at <= (SELECT ms FROM clock) - ?1 OR revoked_at <= (SELECT ms FROM clock) - ?1 LIMIT 1000)",
            keep
        );
        let portion = portion.execute(&store.writer).await.map_err(classify)?.rows_affected();
        removed += portion;
        if portion < PORTION {
            return Ok(removed);
        }
    }
}

async fn dead_nodes(store: &SqliteStore, timeout: Duration) -> Result<u64> {
    let timeout = millis(timeout);
    let mut tx = store.begin().await?;
    let dead = sql!("SELECT id FROM nodes WHERE heartbeat_at <= (SELECT ms FROM clock) - ? LIMIT 1000", timeout)
        .fetch_all(&mut *tx)
        .await
        .map_err(classify)?;
    let mut hints = Vec::new();
    for node in &dead {
        hints.extend(nodes::remove(&mut tx, &node.id).await?);
    }
    store.commit(tx, hints).await?;
    Ok(dead.len() as u64)
}
