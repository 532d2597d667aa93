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
        let (first, last) = (number(first)?, number(last)?);
        let size = if size == "*" { None } else { Some(number(size)?) };
        (first <= last && last < u64::MAX && size.is_none_or(|size| last < size)).then_some(Self { first, last, size })
    }
}

/// Digits alone: a sign is no part of a position.
fn number(digits: &str) -> Option<u64> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_for_itself_is_read() {
        let read = |text| ContentRange::parse(text).map(|range| (range.first, range.last, range.size));
        assert_eq!(read("bytes 0-9/10"), Some((0, 9, Some(10))));
        assert_eq!(read("bytes 5-9/*"), Some((5, 9, None)));
        for odd in [
            "bytes 0-10/10",
            "bytes 9-0/10",
            "bytes +0-9/10",
            "bytes 0-+9/10",
            "bytes 0-9/+10",
            "bytes */10",
            "bytes 0-9",
            "bytes -9/10",
            "bytes 0-/10",
            "items 0-9/10",
            "0-9/10",
            "bytes 0-9/10/10",
            "bytes 0-18446744073709551615/*",
            "bytes 0-9/18446744073709551616",
            "",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
