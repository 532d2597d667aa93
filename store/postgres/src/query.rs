//! Checked queries, and the conversions between columns and rows.

use std::time::Duration;

use synctv_store::{Error, Result};
use time::OffsetDateTime;

/// `sqlx::query!` whose text says which database it is for. The checked query data is stored by the hash of the text
/// alone, so the same text in two backends would overwrite one of them.
macro_rules! sql {
    ($text:literal $(, $($args:tt)*)?) => { ::sqlx::query!("/*pg*/ " + $text $(, $($args)*)?) };
}

/// `sqlx::query_as!` with the same prefix.
macro_rules! sql_as {
    ($row:ty, $text:literal $(, $($args:tt)*)?) => {
        ::sqlx::query_as!($row, "/*pg*/ " + $text $(, $($args)*)?)
    };
}

/// `sqlx::query_scalar!` with the same prefix.
macro_rules! sql_value {
    ($text:literal $(, $($args:tt)*)?) => { ::sqlx::query_scalar!("/*pg*/ " + $text $(, $($args)*)?) };
}

pub(crate) use {sql, sql_as, sql_value};

/// A stored time, ms since the epoch.
pub(crate) fn instant(ms: i64) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .map_err(|_| Error::Corrupt(format!("the database holds an impossible time ({ms} ms since 1970)")))
}

/// A duration in ms, as SQL takes it. Capped at a century, so that a time made from it can always be read back.
pub(crate) fn millis(duration: Duration) -> i64 {
    const CENTURY: i64 = 100 * 366 * 24 * 3600 * 1000;
    i64::try_from(duration.as_millis()).unwrap_or(CENTURY).min(CENTURY)
}

/// How long until something: zero when it has come, else at least 1 ms.
pub(crate) fn wait(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// A stored 32-byte hash.
pub(crate) fn hash(bytes: Vec<u8>, of: &str) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| Error::Corrupt(format!("the hash of {of} is not 32 bytes long")))
}

/// A stored word, read by the enum's own reader.
pub(crate) fn word<T>(read: fn(&str) -> Option<T>, text: &str) -> Result<T> {
    read(text).ok_or_else(|| Error::Corrupt(format!("the database holds the unknown word `{text}`")))
}

/// A number of rows.
pub(crate) fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}

/// A number of rows, as SQL takes it.
pub(crate) fn rows(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
