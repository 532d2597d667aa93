//! The keys that sign proxied URLs. They are changed in one transaction that holds the table, so that of many nodes one adds a key.

use std::time::Duration;

use async_trait::async_trait;
use synctv_store::columns::millis;
use synctv_store::rows::ProxyKeyRow;
use synctv_store::{Error, ProxyKey, ProxyKeys, Result};

use crate::SqliteStore;
use crate::failure::classify;
use crate::query::{sql, sql_as};

fn fresh() -> Result<[u8; 32]> {
    let mut value = [0; 32];
    getrandom::fill(&mut value)
        .map_err(|err| Error::Unavailable(format!("the system gives no random bytes: {err}")))?;
    Ok(value)
}

async fn all(db: impl sqlx::SqliteExecutor<'_>) -> Result<Vec<ProxyKey>> {
    let rows = sql_as!(
        ProxyKeyRow,
        r#"SELECT id, value, (SELECT ms FROM clock) - created_at AS "age_ms!: i64" FROM proxy_keys ORDER BY id"#
    );
    rows.fetch_all(db).await.map_err(classify)?.into_iter().map(ProxyKey::try_from).collect()
}

/// Adds a key when the newest is as old as `every`, or there is none; removes those whose successor is as old as `keep`.
async fn rotate(store: &SqliteStore, every: Duration, keep: Duration) -> Result<Vec<ProxyKey>> {
    let (value, every, keep) = (fresh()?, millis(every), millis(keep));
    let value = value.as_slice();
    let mut tx = store.begin().await?;
    sql!(
        "INSERT INTO proxy_keys (value) SELECT ?1 WHERE NOT EXISTS (
             SELECT 1 FROM proxy_keys WHERE created_at > (SELECT ms FROM clock) - ?2)",
        value,
        every
    )
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    sql!(
        "DELETE FROM proxy_keys WHERE EXISTS (
             SELECT 1 FROM proxy_keys n WHERE n.id > proxy_keys.id AND n.created_at <= (SELECT ms FROM clock) - ?)",
        keep
    )
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    let keys = all(&mut *tx).await?;
    tx.commit().await.map_err(classify)?;
    Ok(keys)
}

async fn keys(store: &SqliteStore) -> Result<Vec<ProxyKey>> {
    let keys = all(&store.readers).await?;
    // Only the very first key is older than nothing.
    if keys.is_empty() { rotate(store, FOREVER, FOREVER).await } else { Ok(keys) }
}

async fn rotated(store: &SqliteStore, every: Duration, keep: Duration) -> Result<ProxyKey> {
    let newest = rotate(store, every, keep).await?.pop();
    newest.ok_or_else(|| Error::Corrupt("there is no key of proxied URLs although one was made".into()))
}

/// Longer than any key lives: a thousand years.
const FOREVER: Duration = Duration::from_secs(1000 * 366 * 24 * 3600);

#[async_trait]
impl ProxyKeys for SqliteStore {
    async fn proxy_keys(&self) -> Result<Vec<ProxyKey>> {
        keys(self).await
    }

    async fn rotate_proxy_keys(&self, every: Duration, keep: Duration) -> Result<ProxyKey> {
        rotated(self, every, keep).await
    }
}
