//! Tokens of rooms. "Now" is always the database's, within the statement that decides.

use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};
use synctv_store::{Error, EventKind, Hint, KeyHash, NewToken, Result, RoomToken, check_token_count};

use crate::query::{sql, sql_as};
use crate::{SqliteStore, events, failure::classify, rooms};
use synctv_store::columns::{count, millis};
use synctv_store::rows::TokenRow;

/// Reads tokens; the literal is the rest of the statement.
macro_rules! select_tokens {
    ($rest:literal $(, $arg:expr)*) => {
        sql_as!(
            TokenRow,
            r#"SELECT id, room_id, role, label, created_at, expires_at, revoked_at,
                      MAX(0, expires_at - (SELECT ms FROM clock)) AS "remaining_ms: i64" FROM room_tokens "# + $rest
            $(, $arg)*
        )
    };
}

async fn one(db: impl SqliteExecutor<'_>, room_id: &str, id: &str) -> Result<RoomToken> {
    let row = select_tokens!("WHERE id = ? AND room_id = ?", id, room_id).fetch_optional(db).await.map_err(classify)?;
    row.ok_or_else(|| Error::no("token", id))?.try_into()
}

pub(crate) async fn by_hash(db: &SqlitePool, hash: &KeyHash) -> Result<Option<RoomToken>> {
    let hash = hash.as_slice();
    let row = select_tokens!("WHERE hash = ?", hash).fetch_optional(db).await.map_err(classify)?;
    row.map(RoomToken::try_from).transpose()
}

pub(crate) async fn list(db: &SqlitePool, room_id: &str) -> Result<Vec<RoomToken>> {
    let rows = select_tokens!("WHERE room_id = ? ORDER BY created_at, rowid", room_id).fetch_all(db).await;
    rows.map_err(classify)?.into_iter().map(RoomToken::try_from).collect()
}

/// Stores a token of a room that exists.
pub(crate) async fn insert(db: &mut SqliteConnection, room_id: &str, token: &NewToken) -> Result<()> {
    let (role, hash, lifetime) = (token.role.as_str(), token.hash.as_slice(), token.lifetime.map(millis));
    sql!(
        "INSERT INTO room_tokens (id, room_id, role, label, hash, expires_at)
         VALUES (?, ?, ?, ?, ?, (SELECT ms FROM clock) + ?)",
        token.id,
        room_id,
        role,
        token.label,
        hash,
        lifetime
    )
    .execute(db)
    .await
    .map(drop)
    .map_err(classify)
}

pub(crate) async fn create(store: &SqliteStore, room_id: &str, token: &NewToken) -> Result<RoomToken> {
    let mut tx = store.begin().await?;
    rooms::exists(&mut *tx, room_id).await?;
    make_place(&mut tx, room_id).await?;
    insert(&mut tx, room_id, token).await?;
    let made = one(&mut *tx, room_id, &token.id).await?;
    store.commit(tx, []).await?;
    Ok(made)
}

/// Sees that one more token may be stored; in a full room those that no longer work go first.
async fn make_place(db: &mut SqliteConnection, room_id: &str) -> Result<()> {
    if check_token_count(tokens_of(db, room_id).await?).is_ok() {
        return Ok(());
    }
    sql!(
        "DELETE FROM room_tokens WHERE room_id = ? AND (revoked_at IS NOT NULL OR expires_at <= (SELECT ms FROM clock))",
        room_id
    )
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    check_token_count(tokens_of(db, room_id).await?)
}

async fn tokens_of(db: &mut SqliteConnection, room_id: &str) -> Result<u64> {
    let row = sql!("SELECT COUNT(*) AS n FROM room_tokens WHERE room_id = ?", room_id).fetch_one(db).await;
    row.map(|row| count(row.n)).map_err(classify)
}

pub(crate) async fn revoke(store: &SqliteStore, room_id: &str, id: &str) -> Result<RoomToken> {
    let mut tx = store.begin().await?;
    let revoked = sql!(
        "UPDATE room_tokens SET revoked_at = (SELECT ms FROM clock) WHERE id = ? AND room_id = ? AND revoked_at IS NULL",
        id,
        room_id
    )
    .execute(&mut *tx)
    .await
    .map_err(classify)?
    .rows_affected()
        > 0;
    let token = one(&mut *tx, room_id, id).await?;
    let mark = if revoked { Some(events::post(&mut tx, room_id, EventKind::Revoked, id).await?) } else { None };
    store.commit(tx, mark.map(Hint::Events)).await?;
    Ok(token)
}
