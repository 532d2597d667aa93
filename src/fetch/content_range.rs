//! `Content-Range` (RFC 9110 14.4).

/// `bytes FIRST-LAST/SIZE`, where the size may be `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Position of the first byte.
    pub first: u64,
    /// Position of the last byte.
    pub last: u64,
    /// Length of the whole, when it is known; more than `last`.
    pub size: Option<u64>,
}

impl ContentRange {
    /// Reads the header's value; `None` for what is malformed or contradicts itself.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (range, size) = text.strip_prefix("bytes ")?.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse::<u64>().ok()?);
        let size = if size == "*" { None } else { Some(size.parse::<u64>().ok()?) };
        (first <= last && last < u64::MAX && size.is_none_or(|size| last < size)).then_some(Self { first, last, size })
    }
}
