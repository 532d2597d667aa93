//! Room tokens.

use sqlx::{PgConnection, PgExecutor, PgPool};
use synctv_store::{Error, EventKind, KeyHash, NewToken, Result, RoomToken, check_token_count};

use crate::PostgresStore;
use crate::events::InRoom;
use crate::failure::classify;
use crate::query::{sql, sql_value};
use synctv_store::columns::{count, millis};
use synctv_store::rows::TokenRow;

/// Reads tokens; the literal is the rest of the statement.
macro_rules! select_tokens {
    ($rest:literal $(, $arg:expr)*) => {
        ::sqlx::query_as!(
            TokenRow,
            "/*pg*/ SELECT id, room_id, role, label, created_at, expires_at, expires_at - now_ms() AS remaining_ms, revoked_at "
                + "FROM room_tokens " + $rest
            $(, $arg)*
        )
    };
}

async fn one(db: impl PgExecutor<'_>, room_id: &str, id: &str) -> Result<RoomToken> {
    let row = select_tokens!("WHERE id = $1 AND room_id = $2", id, room_id).fetch_optional(db).await;
    row.map_err(classify)?.ok_or_else(|| Error::no("token", id))?.try_into()
}

pub(crate) async fn insert(db: &mut PgConnection, room_id: &str, token: &NewToken) -> Result<()> {
    sql!(
        "INSERT INTO room_tokens (id, room_id, role, label, hash, expires_at) VALUES ($1, $2, $3, $4, $5, now_ms() + $6)",
        token.id,
        room_id,
        token.role.as_str(),
        token.label,
        token.hash.as_slice(),
        token.lifetime.map(millis)
    )
    .execute(db)
    .await
    .map(drop)
    .map_err(classify)
}

pub(crate) async fn create(store: &PostgresStore, room_id: &str, token: &NewToken) -> Result<RoomToken> {
    let mut room = InRoom::of(store, room_id).await?;
    make_place(&mut room.tx, room_id).await?;
    insert(&mut room.tx, room_id, token).await?;
    let made = one(&mut *room.tx, room_id, &token.id).await?;
    room.commit(store).await?;
    Ok(made)
}

/// Sees that one more token may be stored; in a full room those that no longer work go first.
async fn make_place(db: &mut PgConnection, room_id: &str) -> Result<()> {
    if check_token_count(tokens_of(db, room_id).await?).is_ok() {
        return Ok(());
    }
    let spent = sql!(
        "DELETE FROM room_tokens WHERE room_id = $1 AND (revoked_at IS NOT NULL OR expires_at <= now_ms())",
        room_id
    );
    spent.execute(&mut *db).await.map_err(classify)?;
    check_token_count(tokens_of(db, room_id).await?)
}

async fn tokens_of(db: &mut PgConnection, room_id: &str) -> Result<u64> {
    let tokens = sql_value!(r#"SELECT COUNT(*) AS "n!" FROM room_tokens WHERE room_id = $1"#, room_id);
    tokens.fetch_one(db).await.map(count).map_err(classify)
}

pub(crate) async fn list(db: &PgPool, room_id: &str) -> Result<Vec<RoomToken>> {
    let rows = select_tokens!("WHERE room_id = $1 ORDER BY ordinal", room_id).fetch_all(db).await;
    rows.map_err(classify)?.into_iter().map(RoomToken::try_from).collect()
}

pub(crate) async fn by_hash(db: &PgPool, hash: &KeyHash) -> Result<Option<RoomToken>> {
    let row = select_tokens!("WHERE hash = $1", hash.as_slice()).fetch_optional(db).await;
    row.map_err(classify)?.map(RoomToken::try_from).transpose()
}

pub(crate) async fn revoke(store: &PostgresStore, room_id: &str, id: &str) -> Result<RoomToken> {
    let mut room = InRoom::of(store, room_id).await?;
    let revoked = sql!(
        "UPDATE room_tokens SET revoked_at = now_ms() WHERE id = $1 AND room_id = $2 AND revoked_at IS NULL",
        id,
        room_id
    );
    if revoked.execute(&mut *room.tx).await.map_err(classify)?.rows_affected() > 0 {
        room.post(EventKind::Revoked, id).await?;
    }
    let token = one(&mut *room.tx, room_id, id).await?;
    room.commit(store).await?;
    Ok(token)
}
