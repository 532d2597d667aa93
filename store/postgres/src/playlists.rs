//! Playlists.

use async_trait::async_trait;
use sqlx::{PgExecutor, PgPool};
use synctv_store::{Error, EventKind, Media, NewMedia, PLAYLISTS_MAX, Playlist, Playlists, Result, check_title};

use crate::events::InRoom;
use crate::failure::{ANSWER, classify, taken, within};
use crate::query::{sql, sql_value};
use crate::{PostgresStore, media};
use synctv_store::columns::count;
use synctv_store::rows::PlaylistRow;

/// Reads playlists; the literal is the rest of the statement.
macro_rules! select_playlists {
    ($rest:literal $(, $arg:expr)*) => {
        ::sqlx::query_as!(
            PlaylistRow,
            "/*pg*/ SELECT p.id, p.room_id, p.name, p.revision, p.created_at, "
                + "(SELECT COUNT(*) FROM media m WHERE m.playlist_id = p.id) AS \"media!\" FROM playlists p " + $rest
            $(, $arg)*
        )
    };
}

async fn one(db: impl PgExecutor<'_>, room_id: &str, id_or_name: &str) -> Result<Playlist> {
    let row = select_playlists!(
        "WHERE p.room_id = $1 AND (p.id = $2 OR p.name = $2) ORDER BY (p.id = $2) DESC LIMIT 1",
        room_id,
        id_or_name
    );
    row.fetch_optional(db).await.map_err(classify)?.ok_or_else(|| Error::no("playlist", id_or_name))?.try_into()
}

async fn oldest(db: &PgPool, room_id: &str) -> Result<Playlist> {
    let row = select_playlists!("WHERE p.room_id = $1 ORDER BY p.ordinal LIMIT 1", room_id);
    row.fetch_optional(db).await.map_err(classify)?.ok_or_else(|| Error::no("playlist", "main"))?.try_into()
}

async fn list(db: &PgPool, room_id: &str) -> Result<Vec<Playlist>> {
    let rows = select_playlists!("WHERE p.room_id = $1 ORDER BY p.ordinal", room_id).fetch_all(db).await;
    rows.map_err(classify)?.into_iter().map(Playlist::try_from).collect()
}

fn name_taken(name: &str) -> String {
    format!("there is a playlist named `{name}` in this room already")
}

async fn number_of(room: &mut InRoom, room_id: &str) -> Result<u64> {
    let playlists = sql_value!(r#"SELECT COUNT(*) AS "playlists!" FROM playlists WHERE room_id = $1"#, room_id);
    Ok(count(playlists.fetch_one(&mut *room.tx).await.map_err(classify)?))
}

async fn create(store: &PostgresStore, room_id: &str, id: &str, name: &str) -> Result<Playlist> {
    check_title("a playlist's name", name)?;
    let mut room = InRoom::of(store, room_id).await?;
    if number_of(&mut room, room_id).await? >= PLAYLISTS_MAX {
        return Err(Error::Conflict(format!("a room has at most {PLAYLISTS_MAX} playlists")));
    }
    sql!("INSERT INTO playlists (id, room_id, name) VALUES ($1, $2, $3)", id, room_id, name)
        .execute(&mut *room.tx)
        .await
        .map_err(taken("playlists_room_id_name_key", || name_taken(name)))?;
    room.post(EventKind::Playlist, id).await?;
    let made = one(&mut *room.tx, room_id, id).await?;
    room.commit(store).await?;
    Ok(made)
}

async fn rename(store: &PostgresStore, room_id: &str, id: &str, name: &str) -> Result<Playlist> {
    check_title("a playlist's name", name)?;
    let mut room = InRoom::of(store, room_id).await?;
    let renamed = sql!("UPDATE playlists SET name = $3 WHERE id = $1 AND room_id = $2", id, room_id, name)
        .execute(&mut *room.tx)
        .await
        .map_err(taken("playlists_room_id_name_key", || name_taken(name)))?;
    if renamed.rows_affected() == 0 {
        return Err(Error::no("playlist", id));
    }
    room.post(EventKind::Playlist, id).await?;
    let playlist = one(&mut *room.tx, room_id, id).await?;
    room.commit(store).await?;
    Ok(playlist)
}

async fn delete(store: &PostgresStore, room_id: &str, id: &str) -> Result<()> {
    let mut room = InRoom::of(store, room_id).await?;
    let selected = sql_value!(
        r#"SELECT EXISTS (SELECT 1 FROM playbacks b WHERE b.room_id = $1 AND b.playlist_id = $2) AS "selected!"
           FROM playlists WHERE id = $2 AND room_id = $1"#,
        room_id,
        id
    );
    let selected = selected.fetch_optional(&mut *room.tx).await.map_err(classify)?;
    match selected {
        None => return Err(Error::no("playlist", id)),
        Some(true) => return Err(Error::Conflict("what is selected is in this playlist: stop it first".into())),
        Some(false) => {}
    }
    if number_of(&mut room, room_id).await? <= 1 {
        return Err(Error::Conflict("a room keeps its last playlist".into()));
    }
    sql!(
        "DELETE FROM lengths l USING media m WHERE m.playlist_id = $2 AND l.room_id = $1 AND l.target_hash = m.target_hash",
        room_id,
        id
    )
    .execute(&mut *room.tx)
    .await
    .map_err(classify)?;
    sql!("DELETE FROM playlists WHERE id = $1", id).execute(&mut *room.tx).await.map_err(classify)?;
    room.post(EventKind::Playlist, id).await?;
    room.commit(store).await
}

#[async_trait]
impl Playlists for PostgresStore {
    async fn create_playlist(&self, room_id: &str, id: &str, name: &str) -> Result<Playlist> {
        within(ANSWER, create(self, room_id, id, name)).await
    }

    async fn playlists(&self, room_id: &str) -> Result<Vec<Playlist>> {
        within(ANSWER, list(&self.pool, room_id)).await
    }

    async fn playlist(&self, room_id: &str, id_or_name: Option<&str>) -> Result<Playlist> {
        match id_or_name {
            Some(id_or_name) => within(ANSWER, one(&self.pool, room_id, id_or_name)).await,
            None => within(ANSWER, oldest(&self.pool, room_id)).await,
        }
    }

    async fn rename_playlist(&self, room_id: &str, id: &str, name: &str) -> Result<Playlist> {
        within(ANSWER, rename(self, room_id, id, name)).await
    }

    async fn delete_playlist(&self, room_id: &str, id: &str) -> Result<()> {
        within(ANSWER, delete(self, room_id, id)).await
    }

    async fn add_media(&self, room_id: &str, playlist_id: &str, added: &[NewMedia]) -> Result<u64> {
        within(media::ADDING, media::add(self, room_id, playlist_id, added)).await
    }

    async fn media_page(&self, room_id: &str, playlist_id: &str, offset: u64, limit: u32) -> Result<Vec<Media>> {
        within(ANSWER, media::page(&self.pool, room_id, playlist_id, offset, limit)).await
    }

    async fn media(&self, room_id: &str, id: &str) -> Result<Media> {
        within(ANSWER, media::one(&self.pool, room_id, id)).await
    }

    async fn move_media(&self, room_id: &str, id: &str, position: u64) -> Result<Media> {
        within(ANSWER, media::move_to(self, room_id, id, position)).await
    }

    async fn remove_media(&self, room_id: &str, id: &str) -> Result<()> {
        within(ANSWER, media::remove(self, room_id, id)).await
    }
}
