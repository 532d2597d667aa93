//! What can go wrong with the store.

use std::fmt::Display;

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the store; each message can be read alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such row.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// "stream", "key", "room", "token", "playlist" or "media".
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The row is not in a state that allows this.
    #[error("{0}")]
    Conflict(String),
    /// The caller gave a value that cannot be stored.
    #[error("{0}")]
    Invalid(String),
    /// The database cannot be reached, opened or written (missing permission, full disk, locked by another process).
    #[error("{0}")]
    Unavailable(String),
    /// The database holds something this program did not write: damaged, or not a database at all.
    #[error("{0}")]
    Corrupt(String),
    /// The database was migrated by a newer synctv.
    #[error(
        "the database has schema version {found}, which a newer synctv wrote; this one knows up to {known}: run the newer version"
    )]
    NewerSchema {
        /// The version found in the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
}

impl Error {
    /// No such stream.
    #[must_use]
    pub fn no_stream(name: &str) -> Self {
        Self::NotFound { what: "stream", name: name.to_owned() }
    }

    /// No such publish key.
    #[must_use]
    pub fn no_key(id: &str) -> Self {
        Self::no("key", id)
    }

    /// No such row.
    #[must_use]
    pub fn no(what: &'static str, name: &str) -> Self {
        Self::NotFound { what, name: name.to_owned() }
    }

    /// A migration that was applied under this version is not ours.
    #[must_use]
    pub fn foreign_schema(version: i64) -> Self {
        Self::Corrupt(format!("schema version {version} of the database is not the one this synctv knows"))
    }

    /// Migrating failed otherwise than in a statement.
    #[must_use]
    pub fn not_migrated(because: impl Display) -> Self {
        Self::Unavailable(format!("the schema cannot be brought up to date: {because}"))
    }

    /// Names the database in an error that arose while opening it.
    #[must_use]
    pub fn at(self, place: impl Display) -> Self {
        match self {
            Self::Unavailable(text) => Self::Unavailable(format!("{place}: {text}")),
            Self::Corrupt(text) => Self::Corrupt(format!("{place}: {text}")),
            other => other,
        }
    }
}

impl From<crate::NameError> for Error {
    fn from(err: crate::NameError) -> Self {
        Self::Invalid(err.to_string())
    }
}
