//! Values as both databases hold them, and what they mean. For backends.

use std::time::Duration;

use time::OffsetDateTime;

use crate::{Error, Mode, Result, Role, Settings};

/// A stored time, ms since 1970.
///
/// # Errors
/// `Corrupt` for a time that no calendar has.
pub fn instant(ms: i64) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .map_err(|_| Error::Corrupt(format!("the database holds an impossible time ({ms} ms since 1970)")))
}

/// A duration in ms, as SQL takes it. Capped at a century, so that a time made from it can always be read back.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    const CENTURY: i64 = 100 * 366 * 24 * 3600 * 1000;
    i64::try_from(duration.as_millis()).unwrap_or(CENTURY).min(CENTURY)
}

/// A stored 32-byte hash of what is named.
///
/// # Errors
/// `Corrupt` when it has another length.
pub fn hash(bytes: Vec<u8>, of: &str) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| Error::Corrupt(format!("the hash of {of} is not 32 bytes long")))
}

/// A stored word, by its enum's `from_word`.
///
/// # Errors
/// `Corrupt` for a word that the enum does not have.
pub fn word<T>(from_word: fn(&str) -> Option<T>, stored: &str) -> Result<T> {
    from_word(stored).ok_or_else(|| Error::Corrupt(format!("the database holds the unknown word `{stored}`")))
}

/// A number that is never negative in the database.
#[must_use]
pub fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A number as SQL takes it; what is beyond SQL's range is beyond every row too.
#[must_use]
pub fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The settings of a room.
///
/// # Errors
/// `Corrupt` for words that nothing has.
pub fn settings(mode: &str, advance_delay_ms: i64, control: &str) -> Result<Settings> {
    Ok(Settings {
        mode: word(Mode::from_word, mode)?,
        advance_delay: Duration::from_millis(count(advance_delay_ms)),
        control: word(Role::from_word, control)?,
    })
}
