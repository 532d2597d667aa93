//! The leader's chores. Each portion is a transaction of its own, so that nobody waits long for one.

use std::time::Duration;

use synctv_store::{Housekept, Result, Retention};

use crate::PostgresStore;
use crate::failure::classify;
use crate::nodes::{bury, tell};
use crate::query::{sql, sql_value};
use synctv_store::columns::{count, millis};

/// How long one round may take.
pub(crate) const ROUND: Duration = Duration::from_secs(90);
/// Rows removed at once.
const PORTION: i64 = 1000;
/// Portions of one kind in a round; what is left, the next round removes.
const PORTIONS: u32 = 50;
/// How many days after today have their partition of history.
const DAYS_AHEAD: i64 = 3;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Removes in portions until one is not full; how many rows.
macro_rules! in_portions {
    ($store:expr, $text:literal, $keep:expr) => {{
        let mut removed = 0;
        for _ in 0..PORTIONS {
            let portion = sql!($text, millis($keep), PORTION).execute(&$store.pool).await.map_err(classify)?;
            removed += portion.rows_affected();
            if portion.rows_affected() < PORTION.unsigned_abs() {
                break;
            }
        }
        removed
    }};
}

pub(crate) async fn round(store: &PostgresStore, keep: &Retention) -> Result<Housekept> {
    let partitions = partitions(store, keep.history).await?;
    let events = in_portions!(
        store,
        "DELETE FROM room_events e USING (
             SELECT o.room_id, o.seq FROM room_events o JOIN rooms r ON r.id = o.room_id
             WHERE o.at <= now_ms() - $1 AND o.seq < r.head ORDER BY o.at LIMIT $2) AS old
         WHERE e.room_id = old.room_id AND e.seq = old.seq",
        keep.events
    );
    let tokens = in_portions!(
        store,
        "DELETE FROM room_tokens WHERE id IN (
             SELECT id FROM room_tokens WHERE LEAST(expires_at, revoked_at) <= now_ms() - $1 LIMIT $2)",
        keep.tokens
    );
    // Days that got no partition in time; the others go as a whole.
    let history = in_portions!(
        store,
        "DELETE FROM history_default h USING (
             SELECT o.room_id, o.from_version, o.at FROM history_default o
             WHERE o.at <= now_ms() - $1 ORDER BY o.at LIMIT $2) AS old
         WHERE h.room_id = old.room_id AND h.from_version = old.from_version AND h.at = old.at",
        keep.history
    );
    in_portions!(
        store,
        "DELETE FROM turns t USING (
             SELECT o.room_id, o.from_version FROM turns o WHERE o.at <= now_ms() - $1 ORDER BY o.at LIMIT $2) AS old
         WHERE t.room_id = old.room_id AND t.from_version = old.from_version",
        keep.history
    );
    let nodes = dead_nodes(store, keep.node).await?;
    Ok(Housekept { events, history, tokens, nodes, partitions })
}

/// Makes the partitions of today and the days after it, drops those that are wholly too old; how many.
async fn partitions(store: &PostgresStore, keep: Duration) -> Result<u64> {
    let now = sql_value!(r#"SELECT now_ms() AS "now!""#).fetch_one(&store.pool).await.map_err(classify)?;
    let mut changed = 0;
    for day in 0..=DAYS_AHEAD {
        let begins = (now.div_euclid(DAY_MS) + day) * DAY_MS;
        let mut tx = patient(store).await?;
        let made = sql_value!(r#"SELECT make_history_day($1) AS "made!""#, begins)
            .fetch_one(&mut *tx)
            .await
            .map_err(classify)?;
        tx.commit().await.map_err(classify)?;
        changed += u64::from(made);
    }
    let mut tx = patient(store).await?;
    let dropped = sql_value!(r#"SELECT drop_history_before($1) AS "dropped!""#, now - millis(keep))
        .fetch_one(&mut *tx)
        .await
        .map_err(classify)?;
    tx.commit().await.map_err(classify)?;
    Ok(changed + count(dropped))
}

/// A transaction that may move many rows, but holds others up for a moment only while it waits for its locks.
async fn patient(store: &PostgresStore) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    sql!(
        r#"SELECT set_config('statement_timeout', '60000', TRUE) AS "statement!",
               set_config('lock_timeout', '500', TRUE) AS "lock!""#
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(classify)?;
    Ok(tx)
}

async fn dead_nodes(store: &PostgresStore, keep: Duration) -> Result<u64> {
    let dead = sql_value!("SELECT id FROM nodes WHERE heartbeat_at <= now_ms() - $1 LIMIT $2", millis(keep), PORTION);
    let dead = dead.fetch_all(&store.pool).await.map_err(classify)?;
    let mut buried = 0;
    for node in dead {
        let mut tx = store.pool.begin().await.map_err(classify)?;
        // It may have come back meanwhile.
        let still = sql_value!(
            "SELECT id FROM nodes WHERE id = $1 AND heartbeat_at <= now_ms() - $2 FOR UPDATE",
            node,
            millis(keep)
        );
        if still.fetch_optional(&mut *tx).await.map_err(classify)?.is_none() {
            continue;
        }
        let rooms = bury(&mut tx, &node).await?;
        let hints = tell(&mut tx, rooms).await?;
        tx.commit().await.map_err(classify)?;
        hints.into_iter().for_each(|hint| drop(store.hints.send(hint)));
        buried += 1;
    }
    Ok(buried)
}
