//! Rooms.

use async_trait::async_trait;
use sqlx::{SqliteConnection, SqliteExecutor};
use synctv_store::{
    Error, EventKind, Hint, KeyHash, Mode, NODE_TIMEOUT, NewRoom, NewToken, Result, Role, Room, RoomChange, RoomCount,
    RoomToken, Rooms, check_room_name,
};

use crate::query::{sql, sql_as};
use crate::{SqliteStore, events, failure::classify, room_tokens};
use synctv_store::columns::{count, millis};
use synctv_store::rows::RoomCountRow;

/// Reads rooms with their counts; the literal is the rest of the statement. The first argument is [`NODE_TIMEOUT`] in ms.
macro_rules! select_rooms {
    ($rest:literal $(, $arg:expr)*) => {
        sql_as!(
            RoomCountRow,
            r#"SELECT r.id, r.name, r.mode, r.advance_delay_ms, r.control, r.head, r.created_at,
                      r.password_hash IS NOT NULL AS "has_password!: bool", p.playing AS "playing!: bool",
                      COALESCE((SELECT SUM(here.connections) FROM presence here JOIN nodes n ON n.id = here.node
                                WHERE here.room_id = r.id AND n.heartbeat_at > (SELECT ms FROM clock) - ?1), 0)
                          AS "connections!: i64"
               FROM rooms r JOIN playbacks p ON p.room_id = r.id "# + $rest
            $(, $arg)*
        )
    };
}

async fn one(db: impl SqliteExecutor<'_>, id_or_name: &str) -> Result<Room> {
    let alive = millis(NODE_TIMEOUT);
    let row = select_rooms!("WHERE r.id = ?2 OR r.name = ?2 ORDER BY r.id = ?2 DESC LIMIT 1", alive, id_or_name)
        .fetch_optional(db)
        .await
        .map_err(classify)?;
    RoomCount::try_from(row.ok_or_else(|| Error::no("room", id_or_name))?).map(|found| found.room)
}

/// Refuses what names no room.
pub(crate) async fn exists(db: impl SqliteExecutor<'_>, id: &str) -> Result<()> {
    let found = sql!("SELECT id FROM rooms WHERE id = ?", id).fetch_optional(db).await.map_err(classify)?;
    found.map(drop).ok_or_else(|| Error::no("room", id))
}

async fn refuse_taken(db: &mut SqliteConnection, name: &str, id: &str) -> Result<()> {
    let taken = sql!("SELECT id FROM rooms WHERE name = ? AND id <> ?", name, id).fetch_optional(db).await;
    match taken.map_err(classify)? {
        Some(_) => Err(Error::Conflict(format!("there is a room named `{name}` already"))),
        None => Ok(()),
    }
}

async fn insert(db: &mut SqliteConnection, room: &NewRoom) -> Result<()> {
    let (mode, control) = (room.settings.mode.as_str(), room.settings.control.as_str());
    let delay = millis(room.settings.advance_delay);
    sql!(
        "INSERT INTO rooms (id, name, password_hash, mode, advance_delay_ms, control) VALUES (?, ?, ?, ?, ?, ?)",
        room.id,
        room.name,
        room.password_hash,
        mode,
        delay,
        control
    )
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    sql!("INSERT INTO playlists (id, room_id, name) VALUES (?, ?, 'main')", room.playlist_id, room.id)
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    sql!("INSERT INTO playbacks (room_id) VALUES (?)", room.id).execute(&mut *db).await.map_err(classify)?;
    room_tokens::insert(db, &room.id, &room.owner).await
}

async fn update(db: &mut SqliteConnection, id: &str, change: &RoomChange) -> Result<()> {
    let (mode, control) = (change.mode.map(Mode::as_str), change.control.map(Role::as_str));
    let delay = change.advance_delay.map(millis);
    let (sets_password, password) =
        (change.password_hash.is_some(), change.password_hash.as_ref().and_then(Option::as_ref));
    sql!(
        "UPDATE rooms SET name = COALESCE(?1, name), mode = COALESCE(?2, mode), control = COALESCE(?3, control),
             advance_delay_ms = COALESCE(?4, advance_delay_ms), password_hash = CASE WHEN ?5 THEN ?6 ELSE password_hash END
         WHERE id = ?7",
        change.name,
        mode,
        control,
        delay,
        sets_password,
        password,
        id
    )
    .execute(db)
    .await
    .map(drop)
    .map_err(classify)
}

#[async_trait]
impl Rooms for SqliteStore {
    async fn create_room(&self, room: &NewRoom) -> Result<Room> {
        check_room_name(&room.name)?;
        let mut tx = self.begin().await?;
        refuse_taken(&mut tx, &room.name, &room.id).await?;
        insert(&mut tx, room).await?;
        let made = one(&mut *tx, &room.id).await?;
        self.commit(tx, []).await?;
        Ok(made)
    }

    async fn rooms(&self, after: Option<&str>, limit: u32) -> Result<Vec<RoomCount>> {
        // No name is empty.
        let (alive, after) = (millis(NODE_TIMEOUT), after.unwrap_or_default());
        let rows = select_rooms!("WHERE r.name > ?2 ORDER BY r.name LIMIT ?3", alive, after, limit)
            .fetch_all(&self.readers)
            .await
            .map_err(classify)?;
        rows.into_iter().map(RoomCount::try_from).collect()
    }

    async fn count_rooms(&self) -> Result<u64> {
        let row = sql!("SELECT COUNT(*) AS n FROM rooms").fetch_one(&self.readers).await.map_err(classify)?;
        Ok(count(row.n))
    }

    async fn room(&self, id_or_name: &str) -> Result<Room> {
        one(&self.readers, id_or_name).await
    }

    async fn change_room(&self, id: &str, change: &RoomChange) -> Result<Room> {
        let mut tx = self.begin().await?;
        exists(&mut *tx, id).await?;
        if let Some(name) = &change.name {
            check_room_name(name)?;
            refuse_taken(&mut tx, name, id).await?;
        }
        update(&mut tx, id, change).await?;
        let mark = events::post(&mut tx, id, EventKind::Settings, "").await?;
        let room = one(&mut *tx, id).await?;
        self.commit(tx, [Hint::Events(mark)]).await?;
        Ok(room)
    }

    async fn delete_room(&self, id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let gone = sql!("DELETE FROM rooms WHERE id = ?", id).execute(&mut *tx).await.map_err(classify)?;
        if gone.rows_affected() == 0 {
            return Err(Error::no("room", id));
        }
        self.commit(tx, [Hint::Gone(id.to_owned())]).await
    }

    async fn room_password(&self, id: &str) -> Result<Option<String>> {
        let row = sql!("SELECT password_hash FROM rooms WHERE id = ?", id).fetch_optional(&self.readers).await;
        Ok(row.map_err(classify)?.ok_or_else(|| Error::no("room", id))?.password_hash)
    }

    async fn create_token(&self, room_id: &str, token: &NewToken) -> Result<RoomToken> {
        room_tokens::create(self, room_id, token).await
    }

    async fn tokens(&self, room_id: &str) -> Result<Vec<RoomToken>> {
        room_tokens::list(&self.readers, room_id).await
    }

    async fn token_by_hash(&self, hash: &KeyHash) -> Result<Option<RoomToken>> {
        room_tokens::by_hash(&self.readers, hash).await
    }

    async fn revoke_token(&self, room_id: &str, id: &str) -> Result<RoomToken> {
        room_tokens::revoke(self, room_id, id).await
    }
}
