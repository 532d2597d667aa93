//! Streams, and what the server keeps for itself.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{PgExecutor, PgPool};
use synctv_store::{Ensured, Error, KeyHash, KeyOnStream, KeyUse, NewKey, PublishKey, Result, Rotation, Stream};
use synctv_store::{Streams, check_name};

use crate::failure::{ANSWER, classify, within};
use crate::query::{sql, sql_as};
use crate::{PostgresStore, keys};
use synctv_store::rows::{StreamRow, must_be_push};

pub(crate) async fn one(db: impl PgExecutor<'_>, name: &str) -> Result<Stream> {
    sql_as!(StreamRow, r#"SELECT name, private, kind, created_at FROM streams WHERE name = $1"#, name)
        .fetch_optional(db)
        .await
        .map_err(classify)?
        .ok_or_else(|| Error::no_stream(name))?
        .try_into()
}

async fn list(db: &PgPool) -> Result<Vec<Stream>> {
    let rows = sql_as!(StreamRow, r#"SELECT name, private, kind, created_at FROM streams ORDER BY name"#)
        .fetch_all(db)
        .await
        .map_err(classify)?;
    rows.into_iter().map(Stream::try_from).collect()
}

async fn create(store: &PostgresStore, name: &str, private: bool) -> Result<Ensured> {
    check_name(name)?;
    let mut tx = store.pool.begin().await.map_err(classify)?;
    let created = sql!("INSERT INTO streams (name, private) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, private)
        .execute(&mut *tx)
        .await
        .map_err(classify)?
        .rows_affected()
        > 0;
    let stream = one(&mut *tx, name).await?;
    tx.commit().await.map_err(classify)?;
    Ok(Ensured { stream, created })
}

async fn set_private(store: &PostgresStore, name: &str, private: bool) -> Result<Stream> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    sql!("UPDATE streams SET private = $2 WHERE name = $1", name, private).execute(&mut *tx).await.map_err(classify)?;
    let stream = one(&mut *tx, name).await?;
    tx.commit().await.map_err(classify)?;
    Ok(stream)
}

async fn delete(store: &PostgresStore, name: &str) -> Result<()> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    must_be_push(&one(&mut *tx, name).await?, "remove its media instead")?;
    sql!("DELETE FROM streams WHERE name = $1", name).execute(&mut *tx).await.map_err(classify)?;
    tx.commit().await.map_err(classify)
}

async fn signing_key(store: &PostgresStore) -> Result<[u8; 32]> {
    let mut fresh = [0u8; 32];
    getrandom::fill(&mut fresh)
        .map_err(|err| Error::Unavailable(format!("the system gives no random bytes: {err}")))?;
    let fresh = fresh.as_slice();
    let mut tx = store.pool.begin().await.map_err(classify)?;
    sql!("INSERT INTO server_secrets (name, value) VALUES ('play_url', $1) ON CONFLICT DO NOTHING", fresh)
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    let kept =
        sql!("SELECT value FROM server_secrets WHERE name = 'play_url'").fetch_one(&mut *tx).await.map_err(classify)?;
    tx.commit().await.map_err(classify)?;
    kept.value.try_into().map_err(|_| Error::Corrupt("the stored signing key is not 32 bytes long".into()))
}

async fn ping(db: &PgPool) -> Result<()> {
    sql!("SELECT COUNT(*) AS n FROM server_secrets").fetch_one(db).await.map(drop).map_err(classify)
}

#[async_trait]
impl Streams for PostgresStore {
    async fn create_stream(&self, name: &str, private: bool) -> Result<Ensured> {
        within(ANSWER, create(self, name, private)).await
    }

    async fn streams(&self) -> Result<Vec<Stream>> {
        within(ANSWER, list(&self.pool)).await
    }

    async fn stream(&self, name: &str) -> Result<Stream> {
        within(ANSWER, one(&self.pool, name)).await
    }

    async fn set_private(&self, name: &str, private: bool) -> Result<Stream> {
        within(ANSWER, set_private(self, name, private)).await
    }

    async fn delete_stream(&self, name: &str) -> Result<()> {
        within(ANSWER, delete(self, name)).await
    }

    async fn create_key(&self, key: &NewKey) -> Result<PublishKey> {
        within(ANSWER, keys::create(self, key)).await
    }

    async fn keys(&self, stream: Option<&str>) -> Result<Vec<PublishKey>> {
        within(ANSWER, keys::list(&self.pool, stream)).await
    }

    async fn key(&self, id: &str) -> Result<PublishKey> {
        within(ANSWER, keys::one(&self.pool, id)).await
    }

    async fn key_by_hash(&self, hash: &KeyHash) -> Result<Option<KeyOnStream>> {
        within(ANSWER, keys::by_hash(&self.pool, hash)).await
    }

    async fn revoke_key(&self, id: &str) -> Result<PublishKey> {
        within(ANSWER, keys::revoke(self, id)).await
    }

    async fn rotate_key(&self, id: &str, rotation: &Rotation) -> Result<PublishKey> {
        within(ANSWER, keys::rotate(self, id, rotation)).await
    }

    async fn touch_keys(&self, uses: &[KeyUse]) -> Result<()> {
        within(ANSWER, keys::touch(self, uses)).await
    }

    async fn keys_expired_within(&self, window: Duration) -> Result<Vec<String>> {
        within(ANSWER, keys::expired_within(&self.pool, window)).await
    }

    async fn next_expiry(&self) -> Result<Option<Duration>> {
        within(ANSWER, keys::next_expiry(&self.pool)).await
    }

    async fn signing_key(&self) -> Result<[u8; 32]> {
        within(ANSWER, signing_key(self)).await
    }

    async fn ping(&self) -> Result<()> {
        within(ANSWER, ping(&self.pool)).await
    }
}
