//! Checked queries, and the conversions between columns and rows.

use std::time::Duration;

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

/// Room ids as one argument: `room_id IN (SELECT value FROM json_each(?))`.
pub(crate) fn ids(rooms: &[String]) -> String {
    serde_json::Value::from(rooms).to_string()
}

/// How long until a moment that is so many ms away: zero when it has come, else at least 1 ms.
pub(crate) fn until(ms: f64) -> Duration {
    if ms <= 0.0 { Duration::ZERO } else { Duration::from_millis(ms.ceil() as u64) }
}
