//! The embedded SQLite backend: one file in the data directory, WAL, one writer, readers that never block it.

mod events;
mod failure;
mod housekeeping;
mod keys;
mod media;
mod nodes;
mod open;
mod playbacks;
mod playlists;
mod probes;
mod proxy_keys;
mod pulls;
mod query;
mod room_tokens;
mod rooms;
mod snapshots;
mod streams;

use async_trait::async_trait;
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::time::Duration;
use synctv_store::{
    Ensured, Hint, KeyHash, KeyOnStream, KeyUse, NewKey, PublishKey, Result, Rotation, Stream, Streams,
};
use tokio::sync::broadcast;

use failure::classify;

/// A store in one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// The one connection that writes.
    writer: SqlitePool,
    /// Read-only connections.
    readers: SqlitePool,
    /// Where to look, for this process; sent when what they tell of is committed.
    hints: broadcast::Sender<Hint>,
}

impl SqliteStore {
    /// A transaction that holds the write lock from its start, so that what it reads cannot change before it writes.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(classify)
    }

    /// Commits, then says where to look. A hint that nobody waits for is dropped.
    async fn commit(
        &self,
        tx: Transaction<'static, Sqlite>,
        hints: impl IntoIterator<Item = Hint> + Send,
    ) -> Result<()> {
        tx.commit().await.map_err(classify)?;
        for hint in hints {
            drop(self.hints.send(hint));
        }
        Ok(())
    }

    /// Closes all connections; the last one folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl Streams for SqliteStore {
    async fn create_stream(&self, name: &str, private: bool) -> Result<Ensured> {
        streams::create(self, name, private).await
    }

    async fn streams(&self) -> Result<Vec<Stream>> {
        streams::list(&self.readers).await
    }

    async fn stream(&self, name: &str) -> Result<Stream> {
        streams::one(&self.readers, name).await
    }

    async fn set_private(&self, name: &str, private: bool) -> Result<Stream> {
        streams::set_private(self, name, private).await
    }

    async fn delete_stream(&self, name: &str) -> Result<()> {
        streams::delete(self, name).await
    }

    async fn create_key(&self, key: &NewKey) -> Result<PublishKey> {
        keys::create(self, key).await
    }

    async fn keys(&self, stream: Option<&str>) -> Result<Vec<PublishKey>> {
        keys::list(&self.readers, stream).await
    }

    async fn key(&self, id: &str) -> Result<PublishKey> {
        keys::one(&self.readers, id).await
    }

    async fn key_by_hash(&self, hash: &KeyHash) -> Result<Option<KeyOnStream>> {
        keys::by_hash(&self.readers, hash).await
    }

    async fn revoke_key(&self, id: &str) -> Result<PublishKey> {
        keys::revoke(self, id).await
    }

    async fn rotate_key(&self, id: &str, rotation: &Rotation) -> Result<PublishKey> {
        keys::rotate(self, id, rotation).await
    }

    async fn touch_keys(&self, uses: &[KeyUse]) -> Result<()> {
        keys::touch(self, uses).await
    }

    async fn keys_expired_within(&self, window: Duration) -> Result<Vec<String>> {
        keys::expired_within(&self.readers, window).await
    }

    async fn next_expiry(&self) -> Result<Option<Duration>> {
        keys::next_expiry(&self.readers).await
    }

    async fn signing_key(&self) -> Result<[u8; 32]> {
        streams::signing_key(self).await
    }

    async fn ping(&self) -> Result<()> {
        streams::ping(&self.readers).await
    }
}
