//! Publish keys. "Now" is always the database's, within the statement that decides.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor, PgPool};
use synctv_store::{Error, KeyHash, KeyOnStream, KeyUse, NewKey, PublishKey, Result, Rotation};

use crate::PostgresStore;
use crate::failure::classify;
use crate::query::{sql, sql_value};
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
            "/*pg*/ SELECT k.id, k.stream, k.label, k.hash, k.created_at, k.expires_at, "
                + "COALESCE(k.expires_at <= now_ms(), FALSE) AS \"expired!\", "
                + "k.revoked_at, k.last_used_at, k.last_used_peer, k.replaced_by, s.private "
                + "FROM publish_keys k JOIN streams s ON s.name = k.stream "
                + $rest
            $(, $arg)*
        )
    };
}

pub(crate) async fn one(db: impl PgExecutor<'_>, id: &str) -> Result<PublishKey> {
    let row = select_keys!("WHERE k.id = $1", id).fetch_optional(db).await.map_err(classify)?;
    row.ok_or_else(|| Error::no_key(id))?.try_into()
}

pub(crate) async fn by_hash(db: &PgPool, hash: &KeyHash) -> Result<Option<KeyOnStream>> {
    let hash = hash.as_slice();
    let row = select_keys!("WHERE k.hash = $1", hash).fetch_optional(db).await.map_err(classify)?;
    row.map(KeyOnStream::try_from).transpose()
}

pub(crate) async fn list(db: &PgPool, stream: Option<&str>) -> Result<Vec<PublishKey>> {
    let rows = match stream {
        Some(name) => select_keys!("WHERE k.stream = $1 ORDER BY k.created_at, k.id", name).fetch_all(db).await,
        None => select_keys!("ORDER BY k.stream, k.created_at, k.id").fetch_all(db).await,
    };
    rows.map_err(classify)?.into_iter().map(PublishKey::try_from).collect()
}

pub(crate) async fn create(store: &PostgresStore, key: &NewKey) -> Result<PublishKey> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    must_be_push(&streams::one(&mut *tx, &key.stream).await?, NO_KEYS)?;
    let made = insert(&mut tx, key).await?;
    tx.commit().await.map_err(classify)?;
    Ok(made)
}

async fn insert(db: &mut PgConnection, key: &NewKey) -> Result<PublishKey> {
    let (hash, lifetime) = (key.hash.as_slice(), key.lifetime.map(millis));
    sql!(
        "INSERT INTO publish_keys (id, stream, label, hash, expires_at)
         VALUES ($1, $2, $3, $4, now_ms() + $5)",
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

pub(crate) async fn revoke(store: &PostgresStore, id: &str) -> Result<PublishKey> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    sql!(
        "UPDATE publish_keys SET revoked_at = now_ms()
         WHERE id = $1 AND revoked_at IS NULL",
        id
    )
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    let key = one(&mut *tx, id).await?;
    tx.commit().await.map_err(classify)?;
    Ok(key)
}

pub(crate) async fn rotate(store: &PostgresStore, id: &str, rotation: &Rotation) -> Result<PublishKey> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    // Held until the commit: a key is replaced once, whoever asks.
    sql!("SELECT id FROM publish_keys WHERE id = $1 FOR UPDATE", id)
        .fetch_optional(&mut *tx)
        .await
        .map_err(classify)?;
    let successor = rotation.successor(one(&mut *tx, id).await?)?;
    let made = insert(&mut tx, &successor).await?;
    let overlap = millis(rotation.overlap);
    sql!(
        "UPDATE publish_keys SET replaced_by = $1, expires_at = LEAST(expires_at, now_ms() + $2) WHERE id = $3",
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

pub(crate) async fn touch(store: &PostgresStore, uses: &[KeyUse]) -> Result<()> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    // In one order on all nodes, so that two of them never wait for each other; the last use of a key stays the last.
    let mut uses: Vec<&KeyUse> = uses.iter().collect();
    uses.sort_by(|a, b| a.id.cmp(&b.id));
    for KeyUse { id, peer } in uses {
        sql!("UPDATE publish_keys SET last_used_peer = $1, last_used_at = now_ms() WHERE id = $2", peer, id)
            .execute(&mut *tx)
            .await
            .map_err(classify)?;
    }
    tx.commit().await.map_err(classify)
}

pub(crate) async fn expired_within(db: &PgPool, window: Duration) -> Result<Vec<String>> {
    let window = millis(window);
    let expired = sql_value!(
        "SELECT id FROM publish_keys WHERE expires_at <= now_ms() AND expires_at > now_ms() - $1::bigint",
        window
    );
    expired.fetch_all(db).await.map_err(classify)
}

pub(crate) async fn next_expiry(db: &PgPool) -> Result<Option<Duration>> {
    let ms = sql_value!(
        "SELECT MIN(expires_at) - now_ms() FROM publish_keys WHERE expires_at > now_ms() AND revoked_at IS NULL"
    );
    let ms = ms.fetch_one(db).await.map_err(classify)?;
    Ok(ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0).max(1))))
}
