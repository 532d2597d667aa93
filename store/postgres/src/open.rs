//! Connecting, and saying plainly why it fails, never with the password.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use synctv_store::{Error, Result};
use tokio::sync::broadcast;

use crate::failure::{classify, within};
use crate::{HINTS, PostgresStore, listen};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// How long a caller waits for a connection.
pub(crate) const ACQUIRE: Duration = Duration::from_secs(2);
/// How long bringing the schema up to date may take, waiting for another node that does so included.
const MIGRATING: Duration = Duration::from_secs(120);
/// What the server itself cuts off, in ms.
const LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "5000"), ("lock_timeout", "2000"), ("idle_in_transaction_session_timeout", "10000")];

impl PostgresStore {
    /// Connects to the database that a `postgres://` URL names and brings its schema up to date; several nodes may do so at
    /// the same time.
    ///
    /// # Errors
    /// `Invalid` when the URL cannot be read, `Unavailable` when the database cannot be reached or refuses the login,
    /// `NewerSchema` when a newer version of this program wrote it, `Corrupt` when its schema is not ours.
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self> {
        // What the parser says may repeat parts of the URL.
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            Error::Invalid(
                "the database URL cannot be read: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE".into(),
            )
        })?;
        let options = options.application_name("synctv").disable_statement_logging();
        let place = place(&options);
        let named = |err: Error| err.at(&place);
        migrate(&options).await.map_err(named)?;
        let pool = PgPoolOptions::new()
            .max_connections(max_connections.max(2))
            .acquire_timeout(ACQUIRE)
            .connect_with(options.clone().options(LIMITS))
            .await
            .map_err(classify)
            .map_err(named)?;
        let (hints, _) = broadcast::channel(HINTS);
        let listening = listen::start(options, hints.clone());
        Ok(Self { pool, hints, listening: listening.into() })
    }
}

/// Host, port and database, as an operator knows them.
fn place(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    format!("{host}/{}", options.get_database().unwrap_or(options.get_username()))
}

/// On a connection of its own: a second node waits for the first one's lock longer than any statement may take.
async fn migrate(options: &PgConnectOptions) -> Result<()> {
    let connecting = async { PgConnection::connect_with(options).await.map_err(classify) };
    let mut connection = within(ACQUIRE * 2, connecting).await?;
    let migrating = async { MIGRATIONS.run(&mut connection).await.map_err(migration_failed) };
    within(MIGRATING, migrating).await?;
    connection.close().await.map_err(classify)
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
