//! Checked queries, and the conversions between columns and rows.

use std::time::Duration;

use synctv_store::{Error, Result};
use time::OffsetDateTime;

/// `sqlx::query!` whose text says which database it is for. The checked query data is stored by the hash of the text
/// alone, so the same text in two backends would overwrite one of them.
macro_rules! sql {
    ($text:literal $(, $arg:expr)* $(,)?) => { ::sqlx::query!("/*sqlite*/ " + $text $(, $arg)*) };
}

/// `sqlx::query_as!` with the same prefix.
macro_rules! sql_as {
    ($row:ty, $text:literal $(, $arg:expr)* $(,)?) => {
        ::sqlx::query_as!($row, "/*sqlite*/ " + $text $(, $arg)*)
    };
}

pub(crate) use {sql, sql_as};

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
