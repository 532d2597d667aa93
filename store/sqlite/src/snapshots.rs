//! Reading where rooms are: everything a decision is made from, in one statement.

use std::time::Duration;

use sqlx::SqlitePool;
use synctv_store::{Error, Item, Length, Result, Snapshot, Target};

use crate::failure::classify;
use crate::query::{ids, sql, sql_as, until};
use synctv_store::columns::{hash, number};
use synctv_store::rows::SnapshotRow;

/// Reads snapshots; the literal is the rest of the statement.
macro_rules! select_snapshots {
    ($rest:literal $(, $arg:expr)*) => {
        sql_as!(
            SnapshotRow,
            r#"SELECT r.id AS room_id, r.head, r.mode, r.advance_delay_ms, r.control, p.version, p.generation,
                      p.playlist_id, p.media_id, p.target_hash, p.playing AS "playing: bool", p.ended AS "ended: bool",
                      p.anchor_ms, p.anchored_at, p.speed, known.status AS "status: String",
                      known.duration_ms AS "duration_ms: i64", l.revision AS "revision: i64",
                      (SELECT COUNT(*) FROM media b WHERE b.playlist_id = m.playlist_id AND b.rank < m.rank)
                          AS "before!: i64",
                      (SELECT COUNT(*) FROM media b WHERE b.playlist_id = m.playlist_id) AS "total!: i64",
                      (SELECT ms FROM clock) AS "now_ms!: i64"
               FROM rooms r JOIN playbacks p ON p.room_id = r.id
               LEFT JOIN lengths known ON known.room_id = p.room_id AND known.target_hash = p.target_hash
               LEFT JOIN media m ON m.id = p.media_id
               LEFT JOIN playlists l ON l.id = p.playlist_id "# + $rest
            $(, $arg)*
        )
    };
}

pub(crate) async fn one(db: &SqlitePool, room_id: &str) -> Result<Snapshot> {
    let row = select_snapshots!("WHERE r.id = ?", room_id).fetch_optional(db).await.map_err(classify)?;
    row.ok_or_else(|| Error::no("room", room_id))?.try_into()
}

pub(crate) async fn due(db: &SqlitePool, active: &[String], limit: u32) -> Result<Vec<Snapshot>> {
    let active = ids(active);
    // Chosen first and read then: counting places in a long playlist is only for those that are answered.
    let rows = select_snapshots!(
        "JOIN (SELECT q.room_id, q.anchored_at + MAX(d.duration_ms - q.anchor_ms, 0) / q.speed + o.advance_delay_ms AS due_at
               FROM playbacks q JOIN rooms o ON o.id = q.room_id
               JOIN lengths d ON d.room_id = q.room_id AND d.target_hash = q.target_hash
               WHERE q.room_id IN (SELECT value FROM json_each(?)) AND q.playing
                   AND d.status <> 'live' AND d.duration_ms IS NOT NULL
                   AND q.anchored_at + MAX(d.duration_ms - q.anchor_ms, 0) / q.speed + o.advance_delay_ms
                       <= (SELECT ms FROM clock)
               ORDER BY due_at LIMIT ?) chosen ON chosen.room_id = r.id ORDER BY chosen.due_at",
        active,
        limit
    )
    .fetch_all(db)
    .await
    .map_err(classify)?;
    rows.into_iter().map(Snapshot::try_from).collect()
}

pub(crate) async fn next_due(db: &SqlitePool, active: &[String]) -> Result<Option<Duration>> {
    let active = ids(active);
    let row = sql!(
        r#"SELECT MIN(p.anchored_at + MAX(d.duration_ms - p.anchor_ms, 0) / p.speed + r.advance_delay_ms)
               - (SELECT ms FROM clock) AS "ms: f64"
           FROM playbacks p JOIN rooms r ON r.id = p.room_id
           JOIN lengths d ON d.room_id = p.room_id AND d.target_hash = p.target_hash
           WHERE p.room_id IN (SELECT value FROM json_each(?)) AND p.playing
               AND d.status <> 'live' AND d.duration_ms IS NOT NULL"#,
        active
    )
    .fetch_one(db)
    .await
    .map_err(classify)?;
    Ok(row.ms.map(until))
}

struct ItemRow {
    id: String,
    playlist_id: String,
    target_hash: Vec<u8>,
    status: Option<String>,
    duration_ms: Option<i64>,
}

/// Reads media as items; the literal is the rest of the statement.
macro_rules! select_items {
    ($rest:literal $(, $arg:expr)*) => {
        sql_as!(
            ItemRow,
            r#"SELECT m.id, m.playlist_id, m.target_hash, known.status AS "status: String",
                      COALESCE(known.duration_ms, m.given_ms) AS "duration_ms: i64"
               FROM media m CROSS JOIN playlists l ON l.id = m.playlist_id
               LEFT JOIN lengths known ON known.room_id = l.room_id AND known.target_hash = m.target_hash "# + $rest
            $(, $arg)*
        )
    };
}

impl TryFrom<ItemRow> for Item {
    type Error = Error;

    fn try_from(row: ItemRow) -> Result<Self> {
        let length = Length::from_stored(row.status.as_deref(), row.duration_ms);
        let target = Target { hash: hash(row.target_hash, &row.id)?, playlist_id: row.playlist_id, media_id: row.id };
        Ok(Self { target, length })
    }
}

pub(crate) async fn item(db: &SqlitePool, room_id: &str, media_id: &str) -> Result<Item> {
    let row = select_items!("WHERE m.id = ? AND l.room_id = ?", media_id, room_id).fetch_optional(db).await;
    row.map_err(classify)?.ok_or_else(|| Error::no("media", media_id))?.try_into()
}

pub(crate) async fn item_at(db: &SqlitePool, room_id: &str, playlist_id: &str, index: u64) -> Result<Option<Item>> {
    let skipped = number(index);
    let row = select_items!(
        "WHERE l.room_id = ? AND m.rowid = (
             SELECT rowid FROM media WHERE playlist_id = ? ORDER BY rank LIMIT 1 OFFSET ?)",
        room_id,
        playlist_id,
        skipped
    )
    .fetch_optional(db)
    .await
    .map_err(classify)?;
    row.map(Item::try_from).transpose()
}
