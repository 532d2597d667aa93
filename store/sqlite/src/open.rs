//! Opening the file, and saying plainly why it cannot be opened.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use synctv_store::{Error, Result};
use tokio::sync::broadcast;

use crate::SqliteStore;
use crate::failure::classify;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// Hints that a slow receiver may be behind before it has to look at everything.
const HINTS: usize = 4096;

impl SqliteStore {
    /// Opens the database in this file, makes it (and its directory) when missing, and brings its schema up to date.
    ///
    /// # Errors
    /// `Unavailable` when the file or its directory cannot be made, read or written; `Corrupt` when the file is no
    /// SQLite database; `NewerSchema` when a newer version of this program wrote it.
    pub async fn open(path: &Path) -> Result<Self> {
        let named = |err: Error| err.at(path.display());
        make_private_file(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .optimize_on_close(true, None);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal))
            .await
            .map_err(classify)
            .map_err(named)?;
        MIGRATIONS.run(&writer).await.map_err(migration_failed).map_err(named)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true))
            .await
            .map_err(classify)
            .map_err(named)?;
        Ok(Self { writer, readers, hints: broadcast::Sender::new(HINTS) })
    }
}

/// Makes the directory and an empty file that only this user may read: the database holds the signing key.
fn make_private_file(path: &Path) -> Result<()> {
    let cannot = |what: &str, at: &Path, err: std::io::Error| {
        Error::Unavailable(format!("cannot {what} {}: {err}", at.display()))
    };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|err| cannot("make the data directory", dir, err))?;
    }
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|err| cannot("write the database", path, err))
}

fn migration_failed(err: MigrateError) -> Error {
    match err {
        MigrateError::VersionMissing(found) => Error::NewerSchema { found, known: newest() },
        MigrateError::VersionMismatch(version) => Error::foreign_schema(version),
        MigrateError::Execute(err) | MigrateError::ExecuteMigration(err, _) => classify(err),
        other => Error::not_migrated(other),
    }
}

fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}
