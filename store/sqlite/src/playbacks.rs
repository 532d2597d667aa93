//! Writing where rooms are: compare, set, and everything that goes with it, in one transaction.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use synctv_store::{Cause, Change, Error, EventKind, Hint, Item, Playbacks, Result, Snapshot, Target, Turn};

use crate::query::{sql, sql_as};
use crate::{SqliteStore, events, failure::classify, rooms, snapshots};
use synctv_store::rows::{LeftRow, TurnRow};

async fn left(db: &mut SqliteConnection, room_id: &str, seen: i64) -> Result<Option<LeftRow>> {
    sqlx::query_as!(
        LeftRow,
        "/*sqlite*/ SELECT media_id, target_hash FROM playbacks WHERE room_id = ? AND version = ?",
        room_id,
        seen
    )
    .fetch_optional(db)
    .await
    .map_err(classify)
}

/// Whether what was judged is still so, and the item has come to its end by the database's clock.
async fn still_due(db: &mut SqliteConnection, judged: &Snapshot) -> Result<bool> {
    let (Some(target), Some(place)) = (&judged.playback.target, judged.place) else { return Ok(false) };
    let hash = target.hash.as_slice();
    let found = sql!(
        "SELECT p.version FROM playbacks p JOIN rooms r ON r.id = p.room_id
         JOIN playlists l ON l.id = p.playlist_id AND l.revision = ?1
         JOIN lengths d ON d.room_id = p.room_id AND d.target_hash = p.target_hash
         WHERE p.room_id = ?2 AND p.version = ?3 AND p.target_hash = ?4 AND p.playing
             AND d.status <> 'live' AND d.duration_ms IS NOT NULL
             AND p.anchored_at + MAX(d.duration_ms - p.anchor_ms, 0) / p.speed + r.advance_delay_ms <= (SELECT ms FROM clock)",
        place.revision,
        judged.room_id,
        judged.playback.version,
        hash
    );
    Ok(found.fetch_optional(db).await.map_err(classify)?.is_some())
}

/// Sets the state if the version is still the one seen and the new target exists.
async fn set(db: &mut SqliteConnection, room_id: &str, seen: i64, change: &Change) -> Result<bool> {
    let next = &change.next;
    let playlist_id = next.target.as_ref().map(|target| &target.playlist_id);
    let media_id = next.target.as_ref().map(|target| &target.media_id);
    let hash = next.target.as_ref().map(|target| target.hash.as_slice());
    let written = sql!(
        "UPDATE playbacks SET version = version + 1, generation = ?1, playlist_id = ?2, media_id = ?3, target_hash = ?4,
             playing = ?5, ended = ?6, anchor_ms = ?7, anchored_at = ?8, speed = ?9
         WHERE room_id = ?10 AND version = ?11 AND (?3 IS NULL OR EXISTS (
             SELECT 1 FROM media m JOIN playlists l ON l.id = m.playlist_id
             WHERE m.id = ?3 AND m.playlist_id = ?2 AND l.room_id = ?10))",
        next.generation,
        playlist_id,
        media_id,
        hash,
        next.playing,
        next.ended,
        next.anchor_ms,
        next.anchored_at_ms,
        next.speed,
        room_id,
        seen
    )
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(written.rows_affected() > 0)
}

async fn record(db: &mut SqliteConnection, room_id: &str, seen: i64, left: &LeftRow, change: &Change) -> Result<()> {
    let to_media = change.next.target.as_ref().map(|target| &target.media_id);
    let cause = change.cause.as_str();
    sql!(
        "INSERT INTO history (room_id, from_version, from_media, to_media, cause) VALUES (?, ?, ?, ?, ?)",
        room_id,
        seen,
        left.media_id,
        to_media,
        cause
    )
    .execute(db)
    .await
    .map(drop)
    .map_err(classify)
}

/// Makes sure that what is selected has a row for its duration. `anew`: a person selected it, so what was not found out, or found
/// to have no end, is looked at again; a known duration stays.
async fn await_length(db: &mut SqliteConnection, room_id: &str, target: &Target, anew: bool) -> Result<()> {
    let hash = target.hash.as_slice();
    sql!(
        "INSERT INTO lengths (room_id, target_hash, status, duration_ms)
         SELECT ?, ?, CASE WHEN given_ms IS NULL THEN 'pending' ELSE 'known' END, given_ms FROM media WHERE id = ?
         ON CONFLICT DO NOTHING",
        room_id,
        hash,
        target.media_id
    )
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    if anew {
        sql!(
            "UPDATE lengths SET status = CASE WHEN duration_ms IS NULL THEN 'pending' ELSE 'known' END, retry_at = 0, failures = 0,
                 reason = NULL WHERE room_id = ? AND target_hash = ? AND status IN ('live', 'failed')",
            room_id,
            hash
        )
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    }
    Ok(())
}

impl SqliteStore {
    /// Writes a state in the place of the one seen; with `judged` only if that is still so and due.
    async fn replace(&self, room_id: &str, seen: i64, judged: Option<&Snapshot>, change: &Change) -> Result<bool> {
        if change.next.version != seen + 1 {
            return Err(Error::Invalid(format!("version {} does not follow version {seen}", change.next.version)));
        }
        let mut tx = self.begin().await?;
        let Some(left) = left(&mut tx, room_id, seen).await? else {
            // An advance in a room that is gone is one more that there is nothing left to do for.
            if judged.is_none() {
                rooms::exists(&mut *tx, room_id).await?;
            }
            return Ok(false);
        };
        // The transaction holds the write lock since its start: what is compared here is what is set.
        if let Some(judged) = judged
            && !still_due(&mut tx, judged).await?
        {
            return Ok(false);
        }
        if !set(&mut tx, room_id, seen, change).await? {
            return Ok(false);
        }
        let hash = change.next.target.as_ref().map(|target| target.hash.as_slice());
        let another = hash != left.target_hash.as_deref();
        if another || change.cause != Cause::Command {
            record(&mut tx, room_id, seen, &left, change).await?;
        }
        if let Some(target) = &change.next.target {
            await_length(&mut tx, room_id, target, another && change.cause == Cause::Command).await?;
        }
        let mark = events::post(&mut tx, room_id, EventKind::Playback, &change.event).await?;
        self.commit(tx, [Hint::Events(mark)]).await?;
        Ok(true)
    }
}

#[async_trait]
impl Playbacks for SqliteStore {
    async fn snapshot(&self, room_id: &str) -> Result<Snapshot> {
        snapshots::one(&self.readers, room_id).await
    }

    async fn item(&self, room_id: &str, media_id: &str) -> Result<Item> {
        snapshots::item(&self.readers, room_id, media_id).await
    }

    async fn item_at(&self, room_id: &str, playlist_id: &str, index: u64) -> Result<Option<Item>> {
        snapshots::item_at(&self.readers, room_id, playlist_id, index).await
    }

    async fn swap(&self, room_id: &str, seen: i64, change: &Change) -> Result<bool> {
        self.replace(room_id, seen, None, change).await
    }

    async fn due(&self, active: &[String], limit: u32) -> Result<Vec<Snapshot>> {
        snapshots::due(&self.readers, active, limit).await
    }

    async fn next_due(&self, active: &[String]) -> Result<Option<Duration>> {
        snapshots::next_due(&self.readers, active).await
    }

    async fn advance(&self, judged: &Snapshot, change: &Change) -> Result<bool> {
        self.replace(&judged.room_id, judged.playback.version, Some(judged), change).await
    }

    async fn history(&self, room_id: &str, limit: u32) -> Result<Vec<Turn>> {
        let rows = sql_as!(
            TurnRow,
            "SELECT from_version, from_media, to_media, cause, at FROM history WHERE room_id = ?
             ORDER BY from_version DESC LIMIT ?",
            room_id,
            limit
        )
        .fetch_all(&self.readers)
        .await
        .map_err(classify)?;
        rows.into_iter().map(Turn::try_from).collect()
    }
}
