//! The PostgreSQL backend: one database that any number of nodes share. Claims, leases and compare-and-set are judged by it;
//! LISTEN/NOTIFY only says where to look.

mod events;
mod failure;
mod housekeeping;
mod keys;
mod listen;
mod media;
mod nodes;
mod open;
mod playbacks;
mod playlists;
mod probes;
mod proxy_keys;
mod pulls;
mod query;
mod rooms;
mod streams;
mod tokens;
mod turns;

use std::sync::Arc;

use sqlx::PgPool;
use synctv_store::Hint;
use tokio::sync::broadcast;

/// Hints kept for a receiver that lags; one that lags more compares everything.
const HINTS: usize = 4096;

/// A store in one PostgreSQL database. Clones share their connections.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    hints: broadcast::Sender<Hint>,
    /// Ends with the last clone.
    listening: Arc<listen::Listening>,
}

impl PostgresStore {
    /// Closes all connections.
    pub async fn close(&self) {
        self.listening.stop();
        self.pool.close().await;
    }
}
