//! Publish keys. "Now" is always the database's, within the statement that decides.

use std::time::Duration;

use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};
use synctv_store::{Error, KeyHash, KeyOnStream, KeyUse, NewKey, PublishKey, Result, Rotation};

use crate::SqliteStore;
use crate::failure::classify;
use crate::query::sql;
use crate::streams;
use synctv_store::columns::millis;
use synctv_store::rows::{KeyRow, must_be_push};

/// Why nobody publishes to a pull stream.
const NO_KEYS: &str = "nobody publishes to it";

/// Reads keys with their stream's visibility; the literal is the rest of the statement.
macro_rules! select_keys {
    ($rest:literal $(, $arg:expr)*) => {
        ::sqlx::query_as!(
            KeyRow,
            "/*sqlite*/ SELECT k.id, k.stream, k.label, k.hash, k.created_at, k.expires_at, "
                + "COALESCE(k.expires_at <= CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER), 0) AS \"expired!: bool\", "
                + "k.revoked_at, k.last_used_at, k.last_used_peer, k.replaced_by, s.private AS \"private: bool\" "
                + "FROM publish_keys k JOIN streams s ON s.name = k.stream "
                + $rest
            $(, $arg)*
        )
    };
}

pub(crate) async fn one(db: impl SqliteExecutor<'_>, id: &str) -> Result<PublishKey> {
    let row = select_keys!("WHERE k.id = ?", id).fetch_optional(db).await.map_err(classify)?;
    row.ok_or_else(|| Error::no_key(id))?.try_into()
}

pub(crate) async fn by_hash(db: &SqlitePool, hash: &KeyHash) -> Result<Option<KeyOnStream>> {
    let hash = hash.as_slice();
    let row = select_keys!("WHERE k.hash = ?", hash).fetch_optional(db).await.map_err(classify)?;
    row.map(KeyOnStream::try_from).transpose()
}

pub(crate) async fn list(db: &SqlitePool, stream: Option<&str>) -> Result<Vec<PublishKey>> {
    let rows = match stream {
        Some(name) => select_keys!("WHERE k.stream = ? ORDER BY k.created_at, k.id", name).fetch_all(db).await,
        None => select_keys!("ORDER BY k.stream, k.created_at, k.id").fetch_all(db).await,
    };
    rows.map_err(classify)?.into_iter().map(PublishKey::try_from).collect()
}

pub(crate) async fn create(store: &SqliteStore, key: &NewKey) -> Result<PublishKey> {
    let mut tx = store.begin().await?;
    must_be_push(&streams::one(&mut *tx, &key.stream).await?, NO_KEYS)?;
    let made = insert(&mut tx, key).await?;
    tx.commit().await.map_err(classify)?;
    Ok(made)
}

async fn insert(db: &mut SqliteConnection, key: &NewKey) -> Result<PublishKey> {
    let (hash, lifetime) = (key.hash.as_slice(), key.lifetime.map(millis));
    sql!(
        "INSERT INTO publish_keys (id, stream, label, hash, expires_at)
         VALUES (?, ?, ?, ?, CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) + ?)",
        key.id,
        key.stream,
        key.label,
        hash,
        lifetime
    )
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    one(&mut *db, &key.id).await
}

pub(crate) async fn revoke(store: &SqliteStore, id: &str) -> Result<PublishKey> {
    let mut tx = store.begin().await?;
    sql!(
        "UPDATE publish_keys SET revoked_at = CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)
         WHERE id = ? AND revoked_at IS NULL",
        id
    )
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    let key = one(&mut *tx, id).await?;
    tx.commit().await.map_err(classify)?;
    Ok(key)
}

pub(crate) async fn rotate(store: &SqliteStore, id: &str, rotation: &Rotation) -> Result<PublishKey> {
    let mut tx = store.begin().await?;
    let successor = rotation.successor(one(&mut *tx, id).await?)?;
    let made = insert(&mut tx, &successor).await?;
    let overlap = millis(rotation.overlap);
    sql!(
        "UPDATE publish_keys SET replaced_by = ?1, expires_at = MIN(
             COALESCE(expires_at, 9223372036854775807),
             CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) + ?2)
         WHERE id = ?3",
        made.id,
        overlap,
        id
    )
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    tx.commit().await.map_err(classify)?;
    Ok(made)
}

pub(crate) async fn touch(store: &SqliteStore, uses: &[KeyUse]) -> Result<()> {
    let mut tx = store.begin().await?;
    for KeyUse { id, peer } in uses {
        sql!(
            "UPDATE publish_keys SET last_used_peer = ?,
                 last_used_at = CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) WHERE id = ?",
            peer,
            id
        )
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    }
    tx.commit().await.map_err(classify)
}

pub(crate) async fn expired_within(db: &SqlitePool, window: Duration) -> Result<Vec<String>> {
    let window = millis(window);
    let rows = sql!(
        "SELECT id FROM publish_keys WHERE expires_at <= CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)
             AND expires_at > CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) - ?",
        window
    )
    .fetch_all(db)
    .await
    .map_err(classify)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

pub(crate) async fn next_expiry(db: &SqlitePool) -> Result<Option<Duration>> {
    let row = sql!(
        r#"SELECT MIN(expires_at) - CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS "ms: i64" FROM publish_keys
           WHERE expires_at > CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AND revoked_at IS NULL"#
    )
    .fetch_one(db)
    .await
    .map_err(classify)?;
    Ok(row.ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0).max(1))))
}
