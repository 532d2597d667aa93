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

/// A duration in ms, as SQL takes it; what does not fit lasts 292 million years anyway.
pub(crate) fn millis(duration: Duration) -> i64 {
    // A quarter of the range, so that adding the current time in SQL cannot overflow into a REAL.
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 4)
}
