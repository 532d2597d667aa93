//! Playlists. The order of their media is in `media`.

use async_trait::async_trait;
use sqlx::{SqliteConnection, SqliteExecutor};
use synctv_store::{
    Error, EventKind, Hint, Mark, Media, NewMedia, PLAYLISTS_MAX, Playlist, Playlists, Result, check_title,
};

use crate::query::{sql, sql_as};
use crate::{SqliteStore, events, failure::classify, media, rooms};
use synctv_store::columns::count;
use synctv_store::rows::PlaylistRow;

/// Reads playlists; the literal is the rest of the statement.
macro_rules! select_playlists {
    ($rest:literal $(, $arg:expr)*) => {
        sql_as!(
            PlaylistRow,
            r#"SELECT l.id, l.room_id, l.name, l.revision, l.created_at,
                      (SELECT COUNT(*) FROM media m WHERE m.playlist_id = l.id) AS "media!: i64" FROM playlists l "# + $rest
            $(, $arg)*
        )
    };
}

/// The playlist with this id in this room.
pub(crate) async fn one(db: impl SqliteExecutor<'_>, room_id: &str, id: &str) -> Result<Playlist> {
    let row = select_playlists!("WHERE l.id = ? AND l.room_id = ?", id, room_id).fetch_optional(db).await;
    row.map_err(classify)?.ok_or_else(|| Error::no("playlist", id))?.try_into()
}

/// Raises the revision of a playlist whose media changed, and posts the event that says so.
pub(crate) async fn changed(db: &mut SqliteConnection, room_id: &str, id: &str) -> Result<Mark> {
    sql!("UPDATE playlists SET revision = revision + 1 WHERE id = ?", id).execute(&mut *db).await.map_err(classify)?;
    events::post(db, room_id, EventKind::Playlist, id).await
}

async fn refuse_taken(db: &mut SqliteConnection, room_id: &str, name: &str, id: &str) -> Result<()> {
    let taken = sql!("SELECT id FROM playlists WHERE room_id = ? AND name = ? AND id <> ?", room_id, name, id)
        .fetch_optional(db)
        .await
        .map_err(classify)?;
    match taken {
        Some(_) => Err(Error::Conflict(format!("there is a playlist named `{name}` in this room already"))),
        None => Ok(()),
    }
}

async fn how_many(db: &mut SqliteConnection, room_id: &str) -> Result<u64> {
    let row = sql!("SELECT COUNT(*) AS n FROM playlists WHERE room_id = ?", room_id).fetch_one(db).await;
    row.map(|row| count(row.n)).map_err(classify)
}

async fn refuse_selected(db: &mut SqliteConnection, room_id: &str, id: &str) -> Result<()> {
    let selected = sql!("SELECT version FROM playbacks WHERE room_id = ? AND playlist_id = ?", room_id, id)
        .fetch_optional(db)
        .await
        .map_err(classify)?;
    match selected {
        Some(_) => {
            Err(Error::Conflict("what is selected is in this playlist: stop or start something else first".into()))
        }
        None => Ok(()),
    }
}

#[async_trait]
impl Playlists for SqliteStore {
    async fn create_playlist(&self, room_id: &str, id: &str, name: &str) -> Result<Playlist> {
        check_title("a playlist's name", name)?;
        let mut tx = self.begin().await?;
        rooms::exists(&mut *tx, room_id).await?;
        refuse_taken(&mut tx, room_id, name, id).await?;
        if how_many(&mut tx, room_id).await? >= PLAYLISTS_MAX {
            return Err(Error::Conflict(format!("a room has at most {PLAYLISTS_MAX} playlists")));
        }
        sql!("INSERT INTO playlists (id, room_id, name) VALUES (?, ?, ?)", id, room_id, name)
            .execute(&mut *tx)
            .await
            .map_err(classify)?;
        let made = one(&mut *tx, room_id, id).await?;
        let mark = events::post(&mut tx, room_id, EventKind::Playlist, id).await?;
        self.commit(tx, [Hint::Events(mark)]).await?;
        Ok(made)
    }

    async fn playlists(&self, room_id: &str) -> Result<Vec<Playlist>> {
        let rows = select_playlists!("WHERE l.room_id = ? ORDER BY l.created_at, l.rowid", room_id)
            .fetch_all(&self.readers)
            .await
            .map_err(classify)?;
        rows.into_iter().map(Playlist::try_from).collect()
    }

    async fn playlist(&self, room_id: &str, id_or_name: Option<&str>) -> Result<Playlist> {
        let row = match id_or_name {
            Some(wanted) => {
                select_playlists!(
                    "WHERE l.room_id = ?1 AND (l.id = ?2 OR l.name = ?2) ORDER BY l.id = ?2 DESC LIMIT 1",
                    room_id,
                    wanted
                )
                .fetch_optional(&self.readers)
                .await
            }
            None => {
                select_playlists!("WHERE l.room_id = ? ORDER BY l.created_at, l.rowid LIMIT 1", room_id)
                    .fetch_optional(&self.readers)
                    .await
            }
        };
        match (row.map_err(classify)?, id_or_name) {
            (Some(row), _) => row.try_into(),
            (None, Some(wanted)) => Err(Error::no("playlist", wanted)),
            // Every room has a playlist.
            (None, None) => Err(Error::no("room", room_id)),
        }
    }

    async fn rename_playlist(&self, room_id: &str, id: &str, name: &str) -> Result<Playlist> {
        check_title("a playlist's name", name)?;
        let mut tx = self.begin().await?;
        one(&mut *tx, room_id, id).await?;
        refuse_taken(&mut tx, room_id, name, id).await?;
        sql!("UPDATE playlists SET name = ? WHERE id = ?", name, id).execute(&mut *tx).await.map_err(classify)?;
        let renamed = one(&mut *tx, room_id, id).await?;
        let mark = events::post(&mut tx, room_id, EventKind::Playlist, id).await?;
        self.commit(tx, [Hint::Events(mark)]).await?;
        Ok(renamed)
    }

    async fn delete_playlist(&self, room_id: &str, id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        one(&mut *tx, room_id, id).await?;
        if how_many(&mut tx, room_id).await? <= 1 {
            return Err(Error::Conflict("a room keeps its last playlist".into()));
        }
        refuse_selected(&mut tx, room_id, id).await?;
        media::forget_lengths(&mut tx, room_id, id).await?;
        sql!("DELETE FROM playlists WHERE id = ?", id).execute(&mut *tx).await.map_err(classify)?;
        let mark = events::post(&mut tx, room_id, EventKind::Playlist, id).await?;
        self.commit(tx, [Hint::Events(mark)]).await
    }

    async fn add_media(&self, room_id: &str, playlist_id: &str, media: &[NewMedia]) -> Result<u64> {
        media::add(self, room_id, playlist_id, media).await
    }

    async fn media_page(&self, room_id: &str, playlist_id: &str, offset: u64, limit: u32) -> Result<Vec<Media>> {
        media::page(&self.readers, room_id, playlist_id, offset, limit).await
    }

    async fn media(&self, room_id: &str, id: &str) -> Result<Media> {
        media::one(&self.readers, room_id, id).await
    }

    async fn move_media(&self, room_id: &str, id: &str, position: u64) -> Result<Media> {
        media::shift(self, room_id, id, position).await
    }

    async fn remove_media(&self, room_id: &str, id: &str) -> Result<()> {
        media::remove(self, room_id, id).await
    }
}
