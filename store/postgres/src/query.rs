//! Checked queries, and the conversions between columns and rows.

use std::time::Duration;

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

/// How long until something: zero when it has come, else at least 1 ms.
pub(crate) fn wait(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
