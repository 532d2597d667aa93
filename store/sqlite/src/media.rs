//! Media and their order. Ranks are sparse, so that a move writes one row; a playlist is renumbered when two neighbours leave no
//! rank between them.

use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};
use synctv_store::{Error, Hint, Length, Media, NewMedia, PLAYLIST_MAX, Result, check_title};

use crate::query::{sql, sql_as};
use crate::{SqliteStore, failure::classify, playlists, pulls};
use synctv_store::columns::{count, hash, instant, millis, number};

/// Between the ranks of two neighbours that were never moved.
const GAP: i64 = 1 << 20;
/// Media that go into one statement.
const PORTION: usize = 2000;

struct MediaRow {
    id: String,
    playlist_id: String,
    name: String,
    source: String,
    target_hash: Vec<u8>,
    status: Option<String>,
    duration_ms: Option<i64>,
    created_at: i64,
}

/// Reads media; the literal is the rest of the statement. CROSS JOIN begins with the media, however few playlists a room has.
macro_rules! select_media {
    ($rest:literal $(, $arg:expr)*) => {
        sql_as!(
            MediaRow,
            r#"SELECT m.id, m.playlist_id, m.name, m.source, m.target_hash, m.created_at,
                      known.status AS "status: String", COALESCE(known.duration_ms, m.given_ms) AS "duration_ms: i64"
               FROM media m CROSS JOIN playlists l ON l.id = m.playlist_id
               LEFT JOIN lengths known ON known.room_id = l.room_id AND known.target_hash = m.target_hash "# + $rest
            $(, $arg)*
        )
    };
}

impl MediaRow {
    fn at(self, position: u64) -> Result<Media> {
        let source = serde_json::from_str(&self.source)
            .map_err(|err| Error::Corrupt(format!("the source of media `{}` is damaged: {err}", self.id)))?;
        Ok(Media {
            target_hash: hash(self.target_hash, &self.id)?,
            length: Length::from_stored(self.status.as_deref(), self.duration_ms),
            created_at: instant(self.created_at)?,
            id: self.id,
            playlist_id: self.playlist_id,
            position,
            name: self.name,
            source,
        })
    }
}

async fn alone(db: &mut SqliteConnection, room_id: &str, id: &str) -> Result<Media> {
    let row = select_media!("WHERE m.id = ? AND l.room_id = ?", id, room_id).fetch_optional(&mut *db).await;
    let row = row.map_err(classify)?.ok_or_else(|| Error::no("media", id))?;
    let before = before(&mut *db, id).await?;
    row.at(before + 1)
}

/// How many media come before this one in its playlist.
async fn before(db: impl SqliteExecutor<'_>, id: &str) -> Result<u64> {
    let row = sql!(
        r#"SELECT COUNT(*) AS "n!: i64" FROM media m JOIN media b ON b.playlist_id = m.playlist_id AND b.rank < m.rank
           WHERE m.id = ?"#,
        id
    );
    row.fetch_one(db).await.map(|row| count(row.n)).map_err(classify)
}

pub(crate) async fn one(db: &SqlitePool, room_id: &str, id: &str) -> Result<Media> {
    // One read transaction: place and row of the same moment.
    let mut tx = db.begin().await.map_err(classify)?;
    alone(&mut tx, room_id, id).await
}

pub(crate) async fn page(
    db: &SqlitePool,
    room_id: &str,
    playlist_id: &str,
    offset: u64,
    limit: u32,
) -> Result<Vec<Media>> {
    let skipped = number(offset);
    // Chosen in the index alone: nothing of what is skipped is read.
    let rows = select_media!(
        "WHERE l.room_id = ? AND m.rowid IN (
             SELECT rowid FROM media WHERE playlist_id = ? ORDER BY rank LIMIT ? OFFSET ?) ORDER BY m.rank",
        room_id,
        playlist_id,
        limit,
        skipped
    )
    .fetch_all(db)
    .await
    .map_err(classify)?;
    if rows.is_empty() {
        playlists::one(db, room_id, playlist_id).await?;
    }
    rows.into_iter().zip(offset.saturating_add(1)..).map(|(row, position)| row.at(position)).collect()
}

/// Checks media and writes them as JSON that [`insert`] reads.
fn portion(media: &[NewMedia]) -> Result<String> {
    let rows = media.iter().map(|one| {
        check_title("a media's name", &one.name)?;
        let given_ms = one.duration.map(millis);
        if given_ms == Some(0) {
            return Err(Error::Invalid("a duration is at least 1 ms".into()));
        }
        let source = serde_json::to_string(&one.source)
            .map_err(|err| Error::Invalid(format!("the source of media `{}` cannot be stored: {err}", one.name)))?;
        let hex: String = one.target_hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(serde_json::json!({ "id": one.id, "name": one.name, "source": source, "hash": hex, "given": given_ms }))
    });
    Ok(rows.collect::<Result<serde_json::Value>>()?.to_string())
}

async fn insert(db: &mut SqliteConnection, playlist_id: &str, after: i64, media: &str) -> Result<()> {
    sql!(
        "INSERT INTO media (id, playlist_id, rank, name, source, target_hash, given_ms)
         SELECT value ->> 'id', ?1, ?2 + (key + 1) * 1048576, value ->> 'name', value ->> 'source',
                unhex(value ->> 'hash'), value ->> 'given' FROM json_each(?3)",
        playlist_id,
        after,
        media
    )
    .execute(db)
    .await
    .map(drop)
    .map_err(classify)
}

async fn last_rank(db: &mut SqliteConnection, playlist_id: &str) -> Result<i64> {
    let row = sql!(r#"SELECT COALESCE(MAX(rank), 0) AS "rank!: i64" FROM media WHERE playlist_id = ?"#, playlist_id);
    row.fetch_one(db).await.map(|row| row.rank).map_err(classify)
}

pub(crate) async fn add(store: &SqliteStore, room_id: &str, playlist_id: &str, media: &[NewMedia]) -> Result<u64> {
    let portions = media.chunks(PORTION).map(portion).collect::<Result<Vec<_>>>()?;
    let mut tx = store.begin().await?;
    let playlist = playlists::one(&mut *tx, room_id, playlist_id).await?;
    if media.is_empty() {
        return Ok(playlist.media + 1);
    }
    if playlist.media + media.len() as u64 > PLAYLIST_MAX {
        return Err(Error::Conflict(format!("a playlist has at most {PLAYLIST_MAX} media")));
    }
    for portion in &portions {
        let after = last_rank(&mut tx, playlist_id).await?;
        insert(&mut tx, playlist_id, after, portion).await?;
    }
    pulls::insert(&mut tx, media).await?;
    let mark = playlists::changed(&mut tx, room_id, playlist_id).await?;
    store.commit(tx, [Hint::Events(mark)]).await?;
    Ok(playlist.media + 1)
}

/// A rank for what is to have so many others before it; `None` when the neighbours leave no room.
async fn free_rank(db: &mut SqliteConnection, moved: &Media, index: u64) -> Result<Option<i64>> {
    let (limit, skipped) = (if index == 0 { 1 } else { 2 }, number(index.saturating_sub(1)));
    let ranks = sql!(
        "SELECT rank FROM media WHERE playlist_id = ?1 AND rank <> (SELECT rank FROM media WHERE id = ?2)
         ORDER BY rank LIMIT ?3 OFFSET ?4",
        moved.playlist_id,
        moved.id,
        limit,
        skipped
    )
    .fetch_all(db)
    .await
    .map_err(classify)?;
    Ok(match (index, ranks.as_slice()) {
        (_, []) => Some(GAP),
        (0, [first, ..]) => Some(first.rank - GAP),
        (_, [last]) => Some(last.rank + GAP),
        (_, [left, right, ..]) => (right.rank - left.rank > 1).then(|| left.rank + (right.rank - left.rank) / 2),
    })
}

/// Gives the media of a playlist fresh ranks in the same order. They are first put where no rank ever is, because each row's rank is
/// unique at every moment.
async fn renumber(db: &mut SqliteConnection, playlist_id: &str) -> Result<()> {
    sql!(
        "UPDATE media SET rank = ordered.n - 4611686018427387904
         FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY rank) AS n FROM media WHERE playlist_id = ?) ordered
         WHERE media.id = ordered.id",
        playlist_id
    )
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    sql!("UPDATE media SET rank = (rank + 4611686018427387904) * 1048576 WHERE playlist_id = ?", playlist_id)
        .execute(&mut *db)
        .await
        .map(drop)
        .map_err(classify)
}

pub(crate) async fn shift(store: &SqliteStore, room_id: &str, id: &str, position: u64) -> Result<Media> {
    let mut tx = store.begin().await?;
    let found = alone(&mut tx, room_id, id).await?;
    let total = playlists::one(&mut *tx, room_id, &found.playlist_id).await?.media;
    let position = position.clamp(1, total);
    if position == found.position {
        return Ok(found);
    }
    let mut rank = free_rank(&mut tx, &found, position - 1).await?;
    if rank.is_none() {
        renumber(&mut tx, &found.playlist_id).await?;
        rank = free_rank(&mut tx, &found, position - 1).await?;
    }
    let rank = rank.ok_or_else(|| Error::Corrupt("a renumbered playlist has no gaps".into()))?;
    sql!("UPDATE media SET rank = ? WHERE id = ?", rank, id).execute(&mut *tx).await.map_err(classify)?;
    let mark = playlists::changed(&mut tx, room_id, &found.playlist_id).await?;
    store.commit(tx, [Hint::Events(mark)]).await?;
    Ok(Media { position, ..found })
}

pub(crate) async fn remove(store: &SqliteStore, room_id: &str, id: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    let found = alone(&mut tx, room_id, id).await?;
    let selected = sql!("SELECT version FROM playbacks WHERE room_id = ? AND media_id = ?", room_id, id)
        .fetch_optional(&mut *tx)
        .await
        .map_err(classify)?;
    if selected.is_some() {
        return Err(Error::Conflict("this media is selected: stop or start something else first".into()));
    }
    let hash = found.target_hash.as_slice();
    sql!("DELETE FROM lengths WHERE room_id = ? AND target_hash = ?", room_id, hash)
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    sql!("DELETE FROM media WHERE id = ?", id).execute(&mut *tx).await.map_err(classify)?;
    let mark = playlists::changed(&mut tx, room_id, &found.playlist_id).await?;
    store.commit(tx, [Hint::Events(mark)]).await
}

/// Forgets the durations of what is in a playlist.
pub(crate) async fn forget_lengths(db: &mut SqliteConnection, room_id: &str, playlist_id: &str) -> Result<()> {
    sql!(
        "DELETE FROM lengths WHERE room_id = ? AND target_hash IN (SELECT target_hash FROM media WHERE playlist_id = ?)",
        room_id,
        playlist_id
    )
    .execute(db)
    .await
    .map(drop)
    .map_err(classify)
}
