//! What a client is told of an origin's failure: as little as it can do something with.

use super::cache::Failure;
use super::text::TextFailure;
use crate::fetch;

/// A failure in the words of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outward {
    /// 404: the origin says that there is nothing.
    NotFound,
    /// 410: it says that there is nothing any more.
    Gone,
    /// 416: what was asked for lies beyond the end.
    Unsatisfiable,
    /// 502: anything else that it does or does not do. Addresses that may not be fetched look the same.
    BadGateway,
    /// 504: it takes too long.
    Late,
    /// 503: there is more to do than can be done.
    Busy,
}

impl From<&Failure> for Outward {
    fn from(failure: &Failure) -> Self {
        match failure.origin() {
            Failure::Status(404) => Self::NotFound,
            Failure::Status(410) => Self::Gone,
            Failure::Status(416) => Self::Unsatisfiable,
            // An address that takes no connections in time must not be told from one that refuses them.
            Failure::Unreachable(fetch::Error::Timeout("answer" | "send the body" | "send it all")) => Self::Late,
            _ => Self::BadGateway,
        }
    }
}

impl From<&TextFailure> for Outward {
    fn from(failure: &TextFailure) -> Self {
        match failure {
            TextFailure::Busy => Self::Busy,
            // No part of a manifest was asked for.
            TextFailure::Origin(failure) if matches!(failure.origin(), Failure::Status(416)) => Self::BadGateway,
            TextFailure::Origin(failure) => failure.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_any_more_is_told_from_other_failures() {
        let outward = |failure| Outward::from(&failure);
        assert_eq!(outward(Failure::Status(404)), Outward::NotFound);
        assert_eq!(outward(Failure::Status(410)), Outward::Gone);
        for status in [100, 204, 301, 400, 401, 403, 405, 500, 503] {
            assert_eq!(outward(Failure::Status(status)), Outward::BadGateway, "{status}");
        }
        for error in [fetch::Error::Refused, fetch::Error::Unresolved, fetch::Error::Connection, fetch::Error::Tls] {
            assert_eq!(outward(error.into()), Outward::BadGateway);
        }
        assert_eq!(outward(fetch::Error::Timeout("accept the connection").into()), Outward::BadGateway);
        assert_eq!(outward(fetch::Error::Timeout("answer").into()), Outward::Late);
        for failure in [Failure::Status(416), Failure::Remembered(Box::new(Failure::Status(416)))] {
            assert_eq!(Outward::from(&TextFailure::Origin(failure)), Outward::BadGateway);
        }
    }
}
