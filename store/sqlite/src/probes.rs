//! Claims on targets whose duration is to be found out.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{SqliteConnection, SqliteExecutor};
use synctv_store::{Error, EventKind, Hint, ProbeClaim, Probed, Probes, Result};

use crate::query::{ids, sql, sql_as, until};
use crate::{SqliteStore, events, failure::classify};
use synctv_store::columns::{hash, millis};

struct Claimable {
    room_id: String,
    target_hash: Vec<u8>,
    failures: i64,
    source: String,
}

/// What of these rooms can be claimed. The join on the current target leaves out what was selected once.
async fn claimable(db: impl SqliteExecutor<'_>, active: &str, limit: u32) -> Result<Vec<Claimable>> {
    sql_as!(
        Claimable,
        "SELECT p.room_id, d.target_hash, d.failures, m.source
         FROM playbacks p JOIN lengths d ON d.room_id = p.room_id AND d.target_hash = p.target_hash
         JOIN media m ON m.id = p.media_id
         WHERE p.room_id IN (SELECT value FROM json_each(?)) AND d.status IN ('pending', 'failed') AND d.duration_ms IS NULL
             AND d.retry_at <= (SELECT ms FROM clock) AND (d.node IS NULL OR d.lease_until <= (SELECT ms FROM clock))
         ORDER BY d.retry_at, p.room_id LIMIT ?",
        active,
        limit
    )
    .fetch_all(db)
    .await
    .map_err(classify)
}

async fn claim(db: &mut SqliteConnection, found: Claimable, node: &str, lease: i64) -> Result<ProbeClaim> {
    let fence = sql!(
        "UPDATE lengths SET node = ?, lease_until = (SELECT ms FROM clock) + ?, fence = fence + 1
         WHERE room_id = ? AND target_hash = ? RETURNING fence",
        node,
        lease,
        found.room_id,
        found.target_hash
    )
    .fetch_one(db)
    .await
    .map_err(classify)?
    .fence;
    let source = serde_json::from_str(&found.source)
        .map_err(|err| Error::Corrupt(format!("a media's source in room `{}` is damaged: {err}", found.room_id)))?;
    Ok(ProbeClaim {
        target_hash: hash(found.target_hash, &found.room_id)?,
        room_id: found.room_id,
        node: node.to_owned(),
        fence,
        failures: u32::try_from(found.failures).unwrap_or(u32::MAX),
        source,
    })
}

/// Writes what was found, if the claim is still held.
async fn write(db: &mut SqliteConnection, claim: &ProbeClaim, found: &Probed) -> Result<bool> {
    let target = claim.target_hash.as_slice();
    let written = match found {
        Probed::Finite(duration) => {
            // What lasts less than 1 ms still has a duration.
            let duration = millis(*duration).max(1);
            sql!(
                "UPDATE lengths SET status = 'known', duration_ms = ?, failures = 0, reason = NULL, node = NULL,
                     lease_until = NULL WHERE room_id = ? AND target_hash = ? AND node = ? AND fence = ?",
                duration,
                claim.room_id,
                target,
                claim.node,
                claim.fence
            )
            .execute(db)
            .await
        }
        Probed::Live => {
            sql!(
                "UPDATE lengths SET status = 'live', failures = 0, reason = NULL, node = NULL, lease_until = NULL
                 WHERE room_id = ? AND target_hash = ? AND node = ? AND fence = ?",
                claim.room_id,
                target,
                claim.node,
                claim.fence
            )
            .execute(db)
            .await
        }
        Probed::Failed { retry, reason } => {
            let retry = millis(*retry);
            sql!(
                "UPDATE lengths SET status = CASE WHEN duration_ms IS NULL THEN 'failed' ELSE status END,
                     failures = failures + 1, reason = ?, retry_at = (SELECT ms FROM clock) + ?, node = NULL,
                     lease_until = NULL WHERE room_id = ? AND target_hash = ? AND node = ? AND fence = ?",
                reason,
                retry,
                claim.room_id,
                target,
                claim.node,
                claim.fence
            )
            .execute(db)
            .await
        }
    };
    written.map(|done| done.rows_affected() > 0).map_err(classify)
}

async fn still_selected(db: &mut SqliteConnection, claim: &ProbeClaim) -> Result<bool> {
    let target = claim.target_hash.as_slice();
    sql!("SELECT version FROM playbacks WHERE room_id = ? AND target_hash = ?", claim.room_id, target)
        .fetch_optional(db)
        .await
        .map(|found| found.is_some())
        .map_err(classify)
}

#[async_trait]
impl Probes for SqliteStore {
    async fn claim_probes(
        &self,
        active: &[String],
        node: &str,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<ProbeClaim>> {
        let (active, lease) = (ids(active), millis(lease));
        // Mostly there is nothing: finding that out does not wait for the writer.
        if claimable(&self.readers, &active, 1).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let mut claims = Vec::new();
        for found in claimable(&mut *tx, &active, limit).await? {
            claims.push(claim(&mut tx, found, node, lease).await?);
        }
        self.commit(tx, []).await?;
        Ok(claims)
    }

    async fn renew_probe(&self, claim: &ProbeClaim, lease: Duration) -> Result<bool> {
        let (target, lease) = (claim.target_hash.as_slice(), millis(lease));
        sql!(
            "UPDATE lengths SET lease_until = (SELECT ms FROM clock) + ?
             WHERE room_id = ? AND target_hash = ? AND node = ? AND fence = ?",
            lease,
            claim.room_id,
            target,
            claim.node,
            claim.fence
        )
        .execute(&self.writer)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(classify)
    }

    async fn finish_probe(&self, claim: &ProbeClaim, found: &Probed) -> Result<bool> {
        let mut tx = self.begin().await?;
        if !write(&mut tx, claim, found).await? {
            return Ok(false);
        }
        let mark = if still_selected(&mut tx, claim).await? {
            Some(events::post(&mut tx, &claim.room_id, EventKind::Length, "").await?)
        } else {
            None
        };
        self.commit(tx, mark.map(Hint::Events)).await?;
        Ok(true)
    }

    async fn release_probes(&self, node: &str, room_id: &str) -> Result<()> {
        sql!("UPDATE lengths SET node = NULL, lease_until = NULL WHERE room_id = ? AND node = ?", room_id, node)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(classify)
    }

    async fn next_probe(&self, active: &[String]) -> Result<Option<Duration>> {
        let active = ids(active);
        let row = sql!(
            r#"SELECT MIN(MAX(d.retry_at, COALESCE(d.lease_until, 0))) - (SELECT ms FROM clock) AS "ms: i64"
               FROM playbacks p JOIN lengths d ON d.room_id = p.room_id AND d.target_hash = p.target_hash
               WHERE p.room_id IN (SELECT value FROM json_each(?)) AND d.status IN ('pending', 'failed')
                   AND d.duration_ms IS NULL"#,
            active
        )
        .fetch_one(&self.readers)
        .await
        .map_err(classify)?;
        Ok(row.ms.map(|ms| until(ms as f64)))
    }
}
