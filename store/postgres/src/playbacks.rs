//! Playback states, as they are read.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;
use synctv_store::{Change, Error, Item, Length, Playbacks, Result, Snapshot, Target, Turn};

use crate::failure::{ANSWER, classify, within};
use crate::query::{sql_as, sql_value, wait};
use crate::{PostgresStore, turns};
use synctv_store::columns::{hash, number};
use synctv_store::rows::{SnapshotRow, TurnRow};

/// Reads everything about rooms that a decision needs; the literal is the rest of the statement. The counts come after its LIMIT.
macro_rules! select_snapshots {
    ($rest:literal $(, $arg:expr)*) => {
        ::sqlx::query_as!(
            SnapshotRow,
            "/*pg*/ SELECT r.id AS room_id, r.mode, r.advance_delay_ms, r.control, r.head, p.version, p.generation, p.playlist_id, "
                + "p.media_id, p.target_hash, p.playing, p.ended, p.anchor_ms, p.anchored_at, p.speed, "
                + "l.status AS \"status?\", COALESCE(l.duration_ms, m.given_ms) AS \"duration_ms?\", pl.revision AS \"revision?\", "
                + "(SELECT COUNT(*) FROM media o WHERE o.playlist_id = m.playlist_id AND o.rank < m.rank) AS \"before!\", "
                + "(SELECT COUNT(*) FROM media o WHERE o.playlist_id = m.playlist_id) AS \"total!\", now_ms() AS \"now_ms!\" "
                + "FROM rooms r JOIN playbacks p ON p.room_id = r.id LEFT JOIN media m ON m.id = p.media_id "
                + "LEFT JOIN playlists pl ON pl.id = p.playlist_id "
                + "LEFT JOIN lengths l ON l.room_id = p.room_id AND l.target_hash = p.target_hash "
                + $rest
            $(, $arg)*
        )
    };
}

async fn snapshot(db: &PgPool, room_id: &str) -> Result<Snapshot> {
    let row = select_snapshots!("WHERE r.id = $1", room_id).fetch_optional(db).await.map_err(classify)?;
    row.ok_or_else(|| Error::no("room", room_id))?.try_into()
}

async fn due(db: &PgPool, active: &[String], limit: u32) -> Result<Vec<Snapshot>> {
    let due = select_snapshots!(
        r"WHERE p.room_id = ANY($1) AND p.playing AND l.status <> 'live' AND l.duration_ms IS NOT NULL
              AND ends_at(p.anchored_at, p.anchor_ms, p.speed, l.duration_ms) + r.advance_delay_ms <= (SELECT now_ms())
          ORDER BY ends_at(p.anchored_at, p.anchor_ms, p.speed, l.duration_ms) + r.advance_delay_ms LIMIT $2",
        active,
        i64::from(limit)
    );
    due.fetch_all(db).await.map_err(classify)?.into_iter().map(Snapshot::try_from).collect()
}

async fn next_due(db: &PgPool, active: &[String]) -> Result<Option<Duration>> {
    let left = sql_value!(
        "SELECT MIN(ends_at(p.anchored_at, p.anchor_ms, p.speed, l.duration_ms) + r.advance_delay_ms) - now_ms()
         FROM playbacks p JOIN rooms r ON r.id = p.room_id
         JOIN lengths l ON l.room_id = p.room_id AND l.target_hash = p.target_hash
         WHERE p.room_id = ANY($1) AND p.playing AND l.status <> 'live' AND l.duration_ms IS NOT NULL",
        active
    );
    Ok(left.fetch_one(db).await.map_err(classify)?.map(wait))
}

struct ItemRow {
    playlist_id: String,
    media_id: String,
    target_hash: Vec<u8>,
    status: Option<String>,
    duration_ms: Option<i64>,
}

/// Reads media as something to select; the literal is the rest of the statement.
macro_rules! select_items {
    ($rest:literal $(, $arg:expr)*) => {
        ::sqlx::query_as!(
            ItemRow,
            "/*pg*/ SELECT m.playlist_id, m.id AS media_id, m.target_hash, l.status AS \"status?\", "
                + "COALESCE(l.duration_ms, m.given_ms) AS \"duration_ms?\" "
                + "FROM media m JOIN playlists pl ON pl.id = m.playlist_id "
                + "LEFT JOIN lengths l ON l.room_id = pl.room_id AND l.target_hash = m.target_hash " + $rest
            $(, $arg)*
        )
    };
}

impl TryFrom<ItemRow> for Item {
    type Error = Error;

    fn try_from(row: ItemRow) -> Result<Self> {
        Ok(Self {
            target: Target {
                playlist_id: row.playlist_id,
                media_id: row.media_id,
                hash: hash(row.target_hash, "a target")?,
            },
            length: Length::from_stored(row.status.as_deref(), row.duration_ms),
        })
    }
}

async fn item(db: &PgPool, room_id: &str, media_id: &str) -> Result<Item> {
    let row = select_items!("WHERE pl.room_id = $1 AND m.id = $2", room_id, media_id).fetch_optional(db).await;
    row.map_err(classify)?.ok_or_else(|| Error::no("media", media_id))?.try_into()
}

async fn item_at(db: &PgPool, room_id: &str, playlist_id: &str, index: u64) -> Result<Option<Item>> {
    let row = select_items!(
        "WHERE pl.room_id = $1 AND m.playlist_id = $2 ORDER BY m.rank OFFSET $3 LIMIT 1",
        room_id,
        playlist_id,
        number(index)
    );
    row.fetch_optional(db).await.map_err(classify)?.map(Item::try_from).transpose()
}

async fn history(db: &PgPool, room_id: &str, limit: u32) -> Result<Vec<Turn>> {
    let turns = sql_as!(
        TurnRow,
        "SELECT from_version, from_media, to_media, cause, at FROM history WHERE room_id = $1
         ORDER BY from_version DESC LIMIT $2",
        room_id,
        i64::from(limit)
    );
    turns.fetch_all(db).await.map_err(classify)?.into_iter().map(Turn::try_from).collect()
}

#[async_trait]
impl Playbacks for PostgresStore {
    async fn snapshot(&self, room_id: &str) -> Result<Snapshot> {
        within(ANSWER, snapshot(&self.pool, room_id)).await
    }

    async fn item(&self, room_id: &str, media_id: &str) -> Result<Item> {
        within(ANSWER, item(&self.pool, room_id, media_id)).await
    }

    async fn item_at(&self, room_id: &str, playlist_id: &str, index: u64) -> Result<Option<Item>> {
        within(ANSWER, item_at(&self.pool, room_id, playlist_id, index)).await
    }

    async fn swap(&self, room_id: &str, seen: i64, change: &Change) -> Result<bool> {
        within(ANSWER, turns::swap(self, room_id, seen, change)).await
    }

    async fn due(&self, active: &[String], limit: u32) -> Result<Vec<Snapshot>> {
        within(ANSWER, due(&self.pool, active, limit)).await
    }

    async fn next_due(&self, active: &[String]) -> Result<Option<Duration>> {
        within(ANSWER, next_due(&self.pool, active)).await
    }

    async fn advance(&self, judged: &Snapshot, change: &Change) -> Result<bool> {
        within(ANSWER, turns::advance(self, judged, change)).await
    }

    async fn history(&self, room_id: &str, limit: u32) -> Result<Vec<Turn>> {
        within(ANSWER, history(&self.pool, room_id, limit)).await
    }
}
