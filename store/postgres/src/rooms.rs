//! Rooms.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{PgExecutor, PgPool};
use synctv_store::{
    ADVANCE_DELAY_MAX, Error, EventKind, Hint, KeyHash, Mode, NODE_TIMEOUT, NewRoom, NewToken, Result, Role, Room,
};
use synctv_store::{RoomChange, RoomCount, RoomToken, Rooms, check_room_name};

use crate::events::InRoom;
use crate::failure::{ANSWER, classify, taken, within};
use crate::listen::{CHANNEL, payload};
use crate::query::{sql, sql_as, sql_value};
use crate::{PostgresStore, tokens};
use synctv_store::columns::{count, millis};
use synctv_store::rows::{RoomCountRow, RoomRow};

async fn one(db: impl PgExecutor<'_>, id_or_name: &str) -> Result<Room> {
    let row = sql_as!(
        RoomRow,
        r#"SELECT id, name, password_hash IS NOT NULL AS "has_password!", mode, advance_delay_ms, control, head, created_at
           FROM rooms WHERE id = $1 OR name = $1 ORDER BY (id = $1) DESC LIMIT 1"#,
        id_or_name
    );
    row.fetch_optional(db).await.map_err(classify)?.ok_or_else(|| Error::no("room", id_or_name))?.try_into()
}

async fn list(db: &PgPool, after: Option<&str>, limit: u32) -> Result<Vec<RoomCount>> {
    let rows = sql_as!(
        RoomCountRow,
        r#"SELECT r.id, r.name, r.password_hash IS NOT NULL AS "has_password!", r.mode, r.advance_delay_ms, r.control, r.head,
               r.created_at, p.playing, (
                   SELECT COALESCE(SUM(s.connections), 0) FROM presence s JOIN nodes n ON n.id = s.node
                   WHERE s.room_id = r.id AND n.heartbeat_at > now_ms() - $3) AS "connections!"
           FROM rooms r JOIN playbacks p ON p.room_id = r.id
           WHERE $1::text IS NULL OR r.name > $1 ORDER BY r.name LIMIT $2"#,
        after,
        i64::from(limit),
        millis(NODE_TIMEOUT)
    );
    rows.fetch_all(db).await.map_err(classify)?.into_iter().map(RoomCount::try_from).collect()
}

async fn create(store: &PostgresStore, room: &NewRoom) -> Result<Room> {
    check_room_name(&room.name)?;
    let delay = delay(room.settings.advance_delay)?;
    let mut tx = store.pool.begin().await.map_err(classify)?;
    sql!(
        "INSERT INTO rooms (id, name, password_hash, mode, advance_delay_ms, control) VALUES ($1, $2, $3, $4, $5, $6)",
        room.id,
        room.name,
        room.password_hash,
        room.settings.mode.as_str(),
        delay,
        room.settings.control.as_str()
    )
    .execute(&mut *tx)
    .await
    .map_err(taken("rooms_name_key", || name_taken(&room.name)))?;
    sql!("INSERT INTO playlists (id, room_id, name) VALUES ($1, $2, 'main')", room.playlist_id, room.id)
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    sql!("INSERT INTO playbacks (room_id, anchored_at) VALUES ($1, now_ms())", room.id)
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    tokens::insert(&mut tx, &room.id, &room.owner).await?;
    let made = one(&mut *tx, &room.id).await?;
    tx.commit().await.map_err(classify)?;
    Ok(made)
}

/// An advance delay, in ms.
fn delay(delay: Duration) -> Result<i64> {
    if delay > ADVANCE_DELAY_MAX {
        return Err(Error::Invalid(format!("an advance delay is at most {} s", ADVANCE_DELAY_MAX.as_secs())));
    }
    Ok(millis(delay))
}

fn name_taken(name: &str) -> String {
    format!("there is a room named `{name}` already")
}

async fn change(store: &PostgresStore, id: &str, change: &RoomChange) -> Result<Room> {
    if let Some(name) = &change.name {
        check_room_name(name)?;
    }
    let delay = change.advance_delay.map(delay).transpose()?;
    let mut room = InRoom::of(store, id).await?;
    sql!(
        "UPDATE rooms SET name = COALESCE($2, name), password_hash = CASE WHEN $3 THEN $4 ELSE password_hash END,
             mode = COALESCE($5, mode), advance_delay_ms = COALESCE($6, advance_delay_ms), control = COALESCE($7, control)
         WHERE id = $1",
        id,
        change.name.as_deref(),
        change.password_hash.is_some(),
        change.password_hash.clone().flatten(),
        change.mode.map(Mode::as_str),
        delay,
        change.control.map(Role::as_str)
    )
    .execute(&mut *room.tx)
    .await
    .map_err(taken("rooms_name_key", || name_taken(change.name.as_deref().unwrap_or_default())))?;
    room.post(EventKind::Settings, "").await?;
    let changed = one(&mut *room.tx, id).await?;
    room.commit(store).await?;
    Ok(changed)
}

async fn delete(store: &PostgresStore, id: &str) -> Result<()> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    let deleted =
        sql!("DELETE FROM rooms WHERE id = $1", id).execute(&mut *tx).await.map_err(classify)?.rows_affected();
    if deleted == 0 {
        return Err(Error::no("room", id));
    }
    // The history has no foreign key.
    sql!("DELETE FROM history WHERE room_id = $1", id).execute(&mut *tx).await.map_err(classify)?;
    let hint = Hint::Gone(id.to_owned());
    sql!(r#"SELECT 1 AS "done!" FROM pg_notify($1, $2)"#, CHANNEL, payload(&hint))
        .fetch_one(&mut *tx)
        .await
        .map_err(classify)?;
    tx.commit().await.map_err(classify)?;
    let _ = store.hints.send(hint);
    Ok(())
}

async fn password(db: &PgPool, id: &str) -> Result<Option<String>> {
    sql_value!("SELECT password_hash FROM rooms WHERE id = $1", id)
        .fetch_optional(db)
        .await
        .map_err(classify)?
        .ok_or_else(|| Error::no("room", id))
}

async fn number(db: &PgPool) -> Result<u64> {
    let rooms = sql_value!(r#"SELECT COUNT(*) AS "rooms!" FROM rooms"#).fetch_one(db).await.map_err(classify)?;
    Ok(count(rooms))
}

#[async_trait]
impl Rooms for PostgresStore {
    async fn create_room(&self, room: &NewRoom) -> Result<Room> {
        within(ANSWER, create(self, room)).await
    }

    async fn rooms(&self, after: Option<&str>, limit: u32) -> Result<Vec<RoomCount>> {
        within(ANSWER, list(&self.pool, after, limit)).await
    }

    async fn count_rooms(&self) -> Result<u64> {
        within(ANSWER, number(&self.pool)).await
    }

    async fn room(&self, id_or_name: &str) -> Result<Room> {
        within(ANSWER, one(&self.pool, id_or_name)).await
    }

    async fn change_room(&self, id: &str, wanted: &RoomChange) -> Result<Room> {
        within(ANSWER, change(self, id, wanted)).await
    }

    async fn delete_room(&self, id: &str) -> Result<()> {
        within(ANSWER, delete(self, id)).await
    }

    async fn room_password(&self, id: &str) -> Result<Option<String>> {
        within(ANSWER, password(&self.pool, id)).await
    }

    async fn create_token(&self, room_id: &str, token: &NewToken) -> Result<RoomToken> {
        within(ANSWER, tokens::create(self, room_id, token)).await
    }

    async fn tokens(&self, room_id: &str) -> Result<Vec<RoomToken>> {
        within(ANSWER, tokens::list(&self.pool, room_id)).await
    }

    async fn token_by_hash(&self, hash: &KeyHash) -> Result<Option<RoomToken>> {
        within(ANSWER, tokens::by_hash(&self.pool, hash)).await
    }

    async fn revoke_token(&self, room_id: &str, id: &str) -> Result<RoomToken> {
        within(ANSWER, tokens::revoke(self, room_id, id)).await
    }
}
