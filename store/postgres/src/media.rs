//! Media. Their ranks are sparse, so that a move writes one row; without a gap at the place the playlist is numbered anew.

use std::time::Duration;

use sqlx::{PgExecutor, PgPool};
use synctv_store::{Error, EventKind, Length, Media, NewMedia, PLAYLIST_MAX, Result, Source, check_title};

use crate::PostgresStore;
use crate::events::InRoom;
use crate::failure::classify;
use crate::pulls;
use crate::query::{sql, sql_value};
use synctv_store::columns::{count, hash, instant, millis, number};

/// Between two neighbours.
const GAP: i64 = 1 << 20;
/// How long adding may take: thousands in one call.
pub(crate) const ADDING: Duration = Duration::from_secs(6);

struct MediaRow {
    id: String,
    playlist_id: String,
    before: i64,
    name: String,
    source: String,
    target_hash: Vec<u8>,
    status: Option<String>,
    duration_ms: Option<i64>,
    created_at: i64,
}

/// Reads media; the literals are the number of those before it and the rest of the statement.
macro_rules! select_media {
    ($before:literal, $rest:literal $(, $arg:expr)*) => {
        ::sqlx::query_as!(
            MediaRow,
            "/*pg*/ SELECT m.id, m.playlist_id, m.name, m.source, m.target_hash, l.status AS \"status?\", "
                + "COALESCE(l.duration_ms, m.given_ms) AS duration_ms, m.created_at, " + $before + " AS \"before!\" "
                + "FROM media m JOIN playlists p ON p.id = m.playlist_id "
                + "LEFT JOIN lengths l ON l.room_id = p.room_id AND l.target_hash = m.target_hash " + $rest
            $(, $arg)*
        )
    };
}

/// A stored source.
pub(crate) fn source(text: &str) -> Result<Source> {
    serde_json::from_str(text).map_err(|err| Error::Corrupt(format!("the source of a media is damaged: {err}")))
}

impl TryFrom<MediaRow> for Media {
    type Error = Error;

    fn try_from(row: MediaRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            playlist_id: row.playlist_id,
            position: count(row.before) + 1,
            name: row.name,
            source: source(&row.source)?,
            target_hash: hash(row.target_hash, "a target")?,
            length: Length::from_stored(row.status.as_deref(), row.duration_ms),
            created_at: instant(row.created_at)?,
        })
    }
}

pub(crate) async fn one(db: impl PgExecutor<'_>, room_id: &str, id: &str) -> Result<Media> {
    let row = select_media!(
        "(SELECT COUNT(*) FROM media o WHERE o.playlist_id = m.playlist_id AND o.rank < m.rank)",
        "WHERE p.room_id = $1 AND m.id = $2",
        room_id,
        id
    );
    row.fetch_optional(db).await.map_err(classify)?.ok_or_else(|| Error::no("media", id))?.try_into()
}

pub(crate) async fn page(db: &PgPool, room_id: &str, playlist_id: &str, offset: u64, limit: u32) -> Result<Vec<Media>> {
    let page = select_media!(
        "0::bigint",
        "WHERE p.room_id = $1 AND m.playlist_id = $2 ORDER BY m.rank OFFSET $3 LIMIT $4",
        room_id,
        playlist_id,
        number(offset),
        i64::from(limit)
    );
    let page = page.fetch_all(db).await.map_err(classify)?;
    if page.is_empty() {
        // Beyond the end, or no such playlist?
        sql!("SELECT id FROM playlists WHERE id = $1 AND room_id = $2", playlist_id, room_id)
            .fetch_optional(db)
            .await
            .map_err(classify)?
            .ok_or_else(|| Error::no("playlist", playlist_id))?;
    }
    page.into_iter().zip(number(offset)..).map(|(row, before)| MediaRow { before, ..row }.try_into()).collect()
}

/// Raises the playlist's revision and posts its event.
async fn changed(room: &mut InRoom, room_id: &str, playlist_id: &str) -> Result<()> {
    let raised =
        sql!("UPDATE playlists SET revision = revision + 1 WHERE id = $1 AND room_id = $2", playlist_id, room_id);
    if raised.execute(&mut *room.tx).await.map_err(classify)?.rows_affected() == 0 {
        return Err(Error::no("playlist", playlist_id));
    }
    room.post(EventKind::Playlist, playlist_id).await.map(drop)
}

pub(crate) async fn add(store: &PostgresStore, room_id: &str, playlist_id: &str, media: &[NewMedia]) -> Result<u64> {
    for one in media {
        check_title("a media's name", &one.name)?;
        if one.duration.is_some_and(|given| given.as_millis() == 0) {
            return Err(Error::Invalid("a duration is at least 1 ms".into()));
        }
    }
    let mut room = InRoom::of(store, room_id).await?;
    let last = sql!(
        r#"SELECT COUNT(m.id) AS "media!", MAX(m.rank) AS rank FROM playlists p LEFT JOIN media m ON m.playlist_id = p.id
           WHERE p.id = $1 AND p.room_id = $2 GROUP BY p.id"#,
        playlist_id,
        room_id
    );
    let last = last.fetch_optional(&mut *room.tx).await.map_err(classify)?;
    let last = last.ok_or_else(|| Error::no("playlist", playlist_id))?;
    let before = count(last.media);
    if media.is_empty() {
        return Ok(before + 1);
    }
    if before + media.len() as u64 > PLAYLIST_MAX {
        return Err(Error::Conflict(format!("a playlist has at most {PLAYLIST_MAX} media")));
    }
    append(&mut room, playlist_id, last.rank.unwrap_or(0), media).await?;
    pulls::insert(&mut room.tx, media).await?;
    changed(&mut room, room_id, playlist_id).await?;
    room.commit(store).await?;
    Ok(before + 1)
}

async fn append(room: &mut InRoom, playlist_id: &str, after: i64, media: &[NewMedia]) -> Result<()> {
    let encode = |one: &NewMedia| serde_json::to_string(&one.source);
    let sources: Vec<String> = media
        .iter()
        .map(encode)
        .collect::<std::result::Result<_, _>>()
        .map_err(|err| Error::Invalid(format!("a source cannot be stored: {err}")))?;
    let ids: Vec<String> = media.iter().map(|one| one.id.clone()).collect();
    let names: Vec<String> = media.iter().map(|one| one.name.clone()).collect();
    let hashes: Vec<Vec<u8>> = media.iter().map(|one| one.target_hash.to_vec()).collect();
    let given: Vec<Option<i64>> = media.iter().map(|one| one.duration.map(millis)).collect();
    sql!(
        "INSERT INTO media (id, playlist_id, rank, name, source, target_hash, given_ms)
         SELECT id, $1, $2 + ordinal * $3, name, source, target_hash, given_ms
         FROM UNNEST($4::text[], $5::text[], $6::text[], $7::bytea[], $8::bigint[])
             WITH ORDINALITY AS added (id, name, source, target_hash, given_ms, ordinal)",
        playlist_id,
        after,
        GAP,
        &ids,
        &names,
        &sources,
        &hashes,
        &given as &[Option<i64>]
    )
    .execute(&mut *room.tx)
    .await
    .map(drop)
    .map_err(classify)
}

pub(crate) async fn move_to(store: &PostgresStore, room_id: &str, id: &str, position: u64) -> Result<Media> {
    let mut room = InRoom::of(store, room_id).await?;
    let media = one(&mut *room.tx, room_id, id).await?;
    let total = sql_value!(r#"SELECT COUNT(*) AS "total!" FROM media WHERE playlist_id = $1"#, media.playlist_id);
    let total = count(total.fetch_one(&mut *room.tx).await.map_err(classify)?);
    let position = position.clamp(1, total.max(1));
    if position == media.position {
        return Ok(media);
    }
    let rank = match free_rank(&mut room, &media.playlist_id, id, position - 1).await? {
        Some(rank) => rank,
        None => {
            renumber(&mut room, &media.playlist_id, id, position - 1).await?;
            let rank = free_rank(&mut room, &media.playlist_id, id, position - 1).await?;
            rank.ok_or_else(|| Error::Corrupt("numbering a playlist anew left no gap".into()))?
        }
    };
    sql!("UPDATE media SET rank = $2 WHERE id = $1", id, rank).execute(&mut *room.tx).await.map_err(classify)?;
    changed(&mut room, room_id, &media.playlist_id).await?;
    let moved = one(&mut *room.tx, room_id, id).await?;
    room.commit(store).await?;
    Ok(moved)
}

/// A rank that puts the media after `before` others; `None` when its neighbours leave no gap.
async fn free_rank(room: &mut InRoom, playlist_id: &str, id: &str, before: u64) -> Result<Option<i64>> {
    let neighbours = sql_value!(
        "SELECT rank FROM media WHERE playlist_id = $1 AND id <> $2 ORDER BY rank OFFSET $3 LIMIT $4",
        playlist_id,
        id,
        number(before.saturating_sub(1)),
        if before == 0 { 1 } else { 2 }
    );
    let neighbours = neighbours.fetch_all(&mut *room.tx).await.map_err(classify)?;
    Ok(match (before, neighbours.as_slice()) {
        (0, [next, ..]) => Some(next - GAP),
        (0, []) => Some(GAP),
        (_, [previous, next, ..]) if next - previous > 1 => Some(previous + (next - previous) / 2),
        (_, [_, _, ..]) => None,
        (_, [previous]) => Some(previous + GAP),
        (_, []) => None,
    })
}

/// Numbers a playlist anew, with the moved media at its new place already.
async fn renumber(room: &mut InRoom, playlist_id: &str, id: &str, before: u64) -> Result<()> {
    sql!(
        "UPDATE media SET rank = fresh.number * $4 FROM (
             SELECT id, ROW_NUMBER() OVER (ORDER BY place, moved) AS number FROM (
                 SELECT id, FALSE AS moved, ROW_NUMBER() OVER (ORDER BY rank) AS place FROM media
                 WHERE playlist_id = $1 AND id <> $2
                 UNION ALL SELECT $2, TRUE, $3) AS placed) AS fresh
         WHERE media.id = fresh.id AND media.playlist_id = $1",
        playlist_id,
        id,
        number(before),
        GAP
    )
    .execute(&mut *room.tx)
    .await
    .map(drop)
    .map_err(classify)
}

pub(crate) async fn remove(store: &PostgresStore, room_id: &str, id: &str) -> Result<()> {
    let mut room = InRoom::of(store, room_id).await?;
    let found = sql!(
        r#"SELECT m.playlist_id, m.target_hash, EXISTS (SELECT 1 FROM playbacks b WHERE b.media_id = m.id) AS "selected!"
           FROM media m JOIN playlists p ON p.id = m.playlist_id WHERE m.id = $1 AND p.room_id = $2"#,
        id,
        room_id
    );
    let found = found.fetch_optional(&mut *room.tx).await.map_err(classify)?.ok_or_else(|| Error::no("media", id))?;
    if found.selected {
        return Err(Error::Conflict("this media is selected: start another one or stop first".into()));
    }
    sql!("DELETE FROM lengths WHERE room_id = $1 AND target_hash = $2", room_id, found.target_hash)
        .execute(&mut *room.tx)
        .await
        .map_err(classify)?;
    sql!("DELETE FROM media WHERE id = $1", id).execute(&mut *room.tx).await.map_err(classify)?;
    changed(&mut room, room_id, &found.playlist_id).await?;
    room.commit(store).await
}
