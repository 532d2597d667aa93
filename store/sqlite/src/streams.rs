//! Streams, and what the server keeps for itself.

use sqlx::{SqliteExecutor, SqlitePool};
use synctv_store::{Ensured, Error, Result, Stream, check_name};

use crate::SqliteStore;
use crate::failure::classify;
use crate::query::{sql, sql_as};
use synctv_store::rows::{StreamRow, must_be_push};

pub(crate) async fn one(db: impl SqliteExecutor<'_>, name: &str) -> Result<Stream> {
    sql_as!(StreamRow, r#"SELECT name, private AS "private: bool", kind, created_at FROM streams WHERE name = ?"#, name)
        .fetch_optional(db)
        .await
        .map_err(classify)?
        .ok_or_else(|| Error::no_stream(name))?
        .try_into()
}

pub(crate) async fn list(db: &SqlitePool) -> Result<Vec<Stream>> {
    let rows =
        sql_as!(StreamRow, r#"SELECT name, private AS "private: bool", kind, created_at FROM streams ORDER BY name"#)
            .fetch_all(db)
            .await
            .map_err(classify)?;
    rows.into_iter().map(Stream::try_from).collect()
}

pub(crate) async fn create(store: &SqliteStore, name: &str, private: bool) -> Result<Ensured> {
    check_name(name)?;
    let mut tx = store.begin().await?;
    let created = sql!("INSERT INTO streams (name, private) VALUES (?, ?) ON CONFLICT DO NOTHING", name, private)
        .execute(&mut *tx)
        .await
        .map_err(classify)?
        .rows_affected()
        > 0;
    let stream = one(&mut *tx, name).await?;
    tx.commit().await.map_err(classify)?;
    Ok(Ensured { stream, created })
}

pub(crate) async fn set_private(store: &SqliteStore, name: &str, private: bool) -> Result<Stream> {
    let mut tx = store.begin().await?;
    sql!("UPDATE streams SET private = ? WHERE name = ?", private, name).execute(&mut *tx).await.map_err(classify)?;
    let stream = one(&mut *tx, name).await?;
    tx.commit().await.map_err(classify)?;
    Ok(stream)
}

pub(crate) async fn delete(store: &SqliteStore, name: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    must_be_push(&one(&mut *tx, name).await?, "remove its media instead")?;
    sql!("DELETE FROM streams WHERE name = ?", name).execute(&mut *tx).await.map_err(classify)?;
    tx.commit().await.map_err(classify)
}

pub(crate) async fn signing_key(store: &SqliteStore) -> Result<[u8; 32]> {
    let mut fresh = [0u8; 32];
    getrandom::fill(&mut fresh)
        .map_err(|err| Error::Unavailable(format!("the system gives no random bytes: {err}")))?;
    let fresh = fresh.as_slice();
    let mut tx = store.begin().await?;
    sql!("INSERT INTO server_secrets (name, value) VALUES ('play_url', ?) ON CONFLICT DO NOTHING", fresh)
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    let kept =
        sql!("SELECT value FROM server_secrets WHERE name = 'play_url'").fetch_one(&mut *tx).await.map_err(classify)?;
    tx.commit().await.map_err(classify)?;
    kept.value.try_into().map_err(|_| Error::Corrupt("the stored signing key is not 32 bytes long".into()))
}

pub(crate) async fn ping(db: &SqlitePool) -> Result<()> {
    sql!("SELECT COUNT(*) AS n FROM server_secrets").fetch_one(db).await.map(drop).map_err(classify)
}
