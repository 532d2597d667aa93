//! Claims on finding out durations. Rows that another node is claiming at this moment are passed over, not waited for.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;
use synctv_store::{EventKind, ProbeClaim, Probed, Probes, Result};

use crate::PostgresStore;
use crate::events::InRoom;
use crate::failure::{ANSWER, classify, within};
use crate::media::source;
use crate::query::{sql, sql_value, wait};
use synctv_store::columns::{hash, millis};

async fn claim(db: &PgPool, active: &[String], node: &str, limit: u32, lease: Duration) -> Result<Vec<ProbeClaim>> {
    let claimed = sql!(
        "WITH picked AS (
             SELECT l.room_id, l.target_hash, m.source FROM lengths l
             JOIN playbacks p ON p.room_id = l.room_id AND p.target_hash = l.target_hash
             JOIN media m ON m.id = p.media_id
             WHERE l.room_id = ANY($1) AND l.status IN ('pending', 'failed') AND l.duration_ms IS NULL
                 AND l.retry_at <= now_ms() AND COALESCE(l.lease_until, 0) <= now_ms()
             ORDER BY l.retry_at LIMIT $3 FOR UPDATE OF l SKIP LOCKED)
         UPDATE lengths l SET node = $2, lease_until = now_ms() + $4, fence = l.fence + 1 FROM picked
         WHERE l.room_id = picked.room_id AND l.target_hash = picked.target_hash
         RETURNING l.room_id, l.target_hash, l.fence, l.failures, picked.source",
        active,
        node,
        i64::from(limit),
        millis(lease)
    );
    let claims = claimed.fetch_all(db).await.map_err(classify)?.into_iter().map(|row| {
        Ok(ProbeClaim {
            room_id: row.room_id,
            target_hash: hash(row.target_hash, "a target")?,
            node: node.to_owned(),
            fence: row.fence,
            failures: u32::try_from(row.failures).unwrap_or(0),
            source: source(&row.source)?,
        })
    });
    claims.collect()
}

async fn renew(db: &PgPool, claim: &ProbeClaim, lease: Duration) -> Result<bool> {
    let renewed = sql!(
        "UPDATE lengths SET lease_until = now_ms() + $5
         WHERE room_id = $1 AND target_hash = $2 AND node = $3 AND fence = $4",
        claim.room_id,
        claim.target_hash.as_slice(),
        claim.node,
        claim.fence,
        millis(lease)
    );
    Ok(renewed.execute(db).await.map_err(classify)?.rows_affected() > 0)
}

async fn finish(store: &PostgresStore, claim: &ProbeClaim, found: &Probed) -> Result<bool> {
    let Some(mut room) = InRoom::begin(store, &claim.room_id).await? else { return Ok(false) };
    let (status, duration, retry, reason) = match found {
        Probed::Finite(duration) => ("known", Some(millis(*duration).max(1)), None, None),
        Probed::Live => ("live", None, None, None),
        Probed::Failed { retry, reason } => ("failed", None, Some(millis(*retry)), Some(reason.as_str())),
    };
    let written = sql!(
        "UPDATE lengths SET node = NULL, lease_until = NULL, reason = $7, duration_ms = COALESCE($6, duration_ms),
             status = CASE WHEN $5 = 'failed' AND duration_ms IS NOT NULL THEN status ELSE $5 END,
             failures = CASE WHEN $5 = 'failed' THEN failures + 1 ELSE 0 END,
             retry_at = COALESCE(now_ms() + $8, 0)
         WHERE room_id = $1 AND target_hash = $2 AND node = $3 AND fence = $4",
        claim.room_id,
        claim.target_hash.as_slice(),
        claim.node,
        claim.fence,
        status,
        duration,
        reason,
        retry
    );
    if written.execute(&mut *room.tx).await.map_err(classify)?.rows_affected() == 0 {
        return Ok(false);
    }
    let selected = sql_value!(
        r#"SELECT 1 AS "one!" FROM playbacks WHERE room_id = $1 AND target_hash = $2"#,
        claim.room_id,
        claim.target_hash.as_slice()
    );
    if selected.fetch_optional(&mut *room.tx).await.map_err(classify)?.is_some() {
        room.post(EventKind::Length, "").await?;
    }
    room.commit(store).await?;
    Ok(true)
}

async fn release(db: &PgPool, node: &str, room_id: &str) -> Result<()> {
    sql!("UPDATE lengths SET node = NULL, lease_until = NULL WHERE node = $1 AND room_id = $2", node, room_id)
        .execute(db)
        .await
        .map(drop)
        .map_err(classify)
}

async fn next(db: &PgPool, active: &[String]) -> Result<Option<Duration>> {
    let left = sql_value!(
        "SELECT MIN(GREATEST(l.retry_at, l.lease_until)) - now_ms() FROM lengths l
         JOIN playbacks p ON p.room_id = l.room_id AND p.target_hash = l.target_hash
         WHERE l.room_id = ANY($1) AND l.status IN ('pending', 'failed') AND l.duration_ms IS NULL",
        active
    );
    Ok(left.fetch_one(db).await.map_err(classify)?.map(wait))
}

#[async_trait]
impl Probes for PostgresStore {
    async fn claim_probes(
        &self,
        active: &[String],
        node: &str,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ProbeClaim>> {
        within(ANSWER, claim(&self.pool, active, node, limit, lease)).await
    }

    async fn renew_probe(&self, claim: &ProbeClaim, lease: Duration) -> Result<bool> {
        within(ANSWER, renew(&self.pool, claim, lease)).await
    }

    async fn finish_probe(&self, claim: &ProbeClaim, found: &Probed) -> Result<bool> {
        within(ANSWER, finish(self, claim, found)).await
    }

    async fn release_probes(&self, node: &str, room_id: &str) -> Result<()> {
        within(ANSWER, release(&self.pool, node, room_id)).await
    }

    async fn next_probe(&self, active: &[String]) -> Result<Option<Duration>> {
        within(ANSWER, next(&self.pool, active)).await
    }
}
