//! `Range` (RFC 9110 14.2): what of a resource a client asks for.

use std::ops::Range;

/// A longer header is ignored, as is whatever cannot be read: the answer is the whole.
pub const HEADER_MAX: usize = 1024;
/// More ranges than this in one header are ignored (RFC 9110 14.2: many small ranges are a sign of a broken or hostile client).
pub const RANGES_MAX: usize = 32;

/// One range, before the length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spec {
    /// From a position to the end.
    From(u64),
    /// From a first position to a last one, both included; the last is no less than the first.
    FromTo(u64, u64),
    /// That many bytes at the end.
    Suffix(u64),
}

/// The ranges of one header, at least one, in the order they were asked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specs(Vec<Spec>);

/// What is to be sent of a resource of a known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// 200.
    Whole,
    /// 206 with `Content-Range`; not empty.
    One(Range<u64>),
    /// 206 with `multipart/byteranges`; two or more, none empty, together no longer than the whole.
    Many(Vec<Range<u64>>),
    /// 416.
    Unsatisfiable,
}

impl Specs {
    /// Reads a header's value. `None`: it is to be ignored, because the unit is unknown, the syntax is not right or a limit is passed
    /// (RFC 9110 14.2). A number too large to be counted with is as good as the largest.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        if header.len() > HEADER_MAX {
            return None;
        }
        let (unit, set) = header.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let mut specs = Vec::new();
        // Empty list elements are passed over (RFC 9110 5.6.1.2).
        for element in set.split(',').map(|element| element.trim_matches(OWS)).filter(|element| !element.is_empty()) {
            if specs.len() == RANGES_MAX {
                return None;
            }
            specs.push(spec(element)?);
        }
        (!specs.is_empty()).then_some(Self(specs))
    }

    /// The range that is asked for first.
    #[must_use]
    pub fn first(&self) -> Spec {
        self.0[0]
    }

    /// What they come to in a resource of `total` bytes. Ranges that overlap so much that they are longer than the whole get the whole.
    #[must_use]
    pub fn within(&self, total: u64) -> Part {
        let mut found: Vec<_> = self.0.iter().filter_map(|spec| spec.within(total)).collect();
        let asked = found.iter().try_fold(0_u64, |sum, range| sum.checked_add(range.end - range.start));
        match found.len() {
            0 if total == 0 && self.0.iter().any(|spec| matches!(spec, Spec::Suffix(1..))) => Part::Whole,
            0 => Part::Unsatisfiable,
            1 => Part::One(found.remove(0)),
            _ if asked.is_none_or(|asked| asked > total) => Part::Whole,
            _ => Part::Many(found),
        }
    }
}

impl Spec {
    /// The bytes, clamped at the end; `None` when there are none.
    fn within(self, total: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first) => first..total,
            Self::FromTo(first, last) => first..total.min(last.saturating_add(1)),
            Self::Suffix(len) => total.saturating_sub(len)..total,
        };
        (range.start < range.end).then_some(range)
    }
}

/// Optional white space (RFC 9110 5.6.3).
const OWS: [char; 2] = [' ', '\t'];

fn spec(element: &str) -> Option<Spec> {
    let (first, last) = element.split_once('-')?;
    match (first, last) {
        ("", len) => Some(Spec::Suffix(number(len)?)),
        (first, "") => Some(Spec::From(number(first)?)),
        (first, last) => {
            // Compared as they were written: both may be too large to be counted with.
            let turned = (trimmed(first).len(), trimmed(first)) > (trimmed(last).len(), trimmed(last));
            let (first, last) = (number(first)?, number(last)?);
            (!turned).then_some(Spec::FromTo(first, last))
        }
    }
}

fn trimmed(digits: &str) -> &str {
    digits.trim_start_matches('0')
}

fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
