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
    ($row:ty, $text:literal $(+ $more:literal)* $(, $arg:expr)* $(,)?) => {
        ::sqlx::query_as!($row, "/*sqlite*/ " + $text $(+ $more)* $(, $arg)*)
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

/// Room ids as one argument: `room_id IN (SELECT value FROM json_each(?))`.
pub(crate) fn ids(rooms: &[String]) -> String {
    serde_json::Value::from(rooms).to_string()
}

/// A stored hash. `what` names the row for whoever reads that it is damaged.
pub(crate) fn hash(bytes: Vec<u8>, what: &str) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| Error::Corrupt(format!("the hash of {what} is damaged")))
}

/// A stored word, by its enum's `from_word`.
pub(crate) fn word<T>(from_word: fn(&str) -> Option<T>, stored: &str) -> Result<T> {
    from_word(stored).ok_or_else(|| Error::Corrupt(format!("the database holds the unknown word `{stored}`")))
}

/// A number that is never negative in the database.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A number as SQL takes it; what is beyond SQL's range is beyond every row too.
pub(crate) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// How long until a moment that is so many ms away: zero when it has come, else at least 1 ms.
pub(crate) fn until(ms: f64) -> Duration {
    if ms <= 0.0 { Duration::ZERO } else { Duration::from_millis(ms.ceil() as u64) }
}
