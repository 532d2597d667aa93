//! Whether what an origin answers is what was asked for.

use std::time::Duration;

use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE};
use tokio::time::Instant;

use super::Failure;
use super::fill::Fill;
use super::stats::Counters;
use super::version::Version;
use crate::fetch::{ContentRange, Error, Upstream};

/// A slice that nobody reads any more goes on to its end for at most so long.
const UNREAD_MAX: Duration = Duration::from_secs(30);
/// A slice comes within this time, whoever waits for it.
const SLICE_WITHIN: Duration = Duration::from_secs(600);

/// After so long a slice must have come at [`LEAST_RATE`] on average, so that others have its turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes a second: less than any film has, and any sound worth listening to.
const LEAST_RATE: u64 = 8 << 10;

/// Whether a slice has taken too long for what has come of it, or for nobody. `began`, `read`: how long ago, the latter by anybody.
fn is_given_up(began: Duration, read: Duration, got: usize) -> bool {
    let due = began.as_millis() as u64 * LEAST_RATE / 1000;
    read > UNREAD_MAX || began > SLICE_WITHIN || began > PATIENCE && (got as u64) < due
}

/// The length of the whole, when the answer holds exactly the positions asked for (the last one clamped at the end). `None`: the origin
/// does not say how long the whole is.
pub(super) fn part(upstream: &Upstream, first: u64, last: u64) -> Result<Option<u64>, Failure> {
    let range = upstream.header(CONTENT_RANGE).and_then(ContentRange::parse).ok_or(Error::Range)?;
    let Some(total) = range.size else { return Ok(None) };
    if range.first != first || range.last != last.min(total - 1) {
        return Err(Error::Range.into());
    }
    let promised = upstream.headers.contains_key(CONTENT_LENGTH);
    if promised && upstream.length() != Some(range.last - range.first + 1) {
        return Err(Error::Length.into());
    }
    Ok(Some(total))
}

/// Checks an answer that must be a part of this version.
pub(super) fn of_version(upstream: &Upstream, version: &Version, first: u64, last: u64) -> Result<(), Failure> {
    match upstream.status.as_u16() {
        206 => match part(upstream, first, last) {
            // The end may have moved because it is another version.
            _ if !version.validator.is_of(upstream) => Err(Failure::Changed),
            Ok(Some(total)) if total == version.total => Ok(()),
            Ok(Some(_)) => Err(Failure::Changed),
            Ok(None) => Err(Error::Range.into()),
            Err(failure) => Err(failure),
        },
        // `If-Range` did not hold, or ranges are not served any more.
        200 | 412 | 416 => Err(Failure::Changed),
        status => Err(Failure::Status(status)),
    }
}

/// Lets a body flow into a slice. The last piece is given out when it is certain that it is the last one.
pub(super) async fn pour(upstream: &mut Upstream, fill: &Fill, counters: &Counters) -> Result<(), Failure> {
    let (began, mut read) = (Instant::now(), Instant::now());
    let mut got = 0;
    while got < fill.len {
        let piece = upstream.next().await?.ok_or(Error::Length)?;
        counters.origin_sent(piece.len());
        got += piece.len();
        if got > fill.len || got == fill.len && !upstream.is_over() && upstream.next().await?.is_some() {
            return Err(Error::Length.into());
        }
        if !piece.is_empty() {
            fill.push(piece);
        }
        let now = Instant::now();
        if fill.is_read() {
            read = now;
        }
        if got < fill.len && is_given_up(now - began, now - read, got) {
            return Err(Error::Timeout("send it all").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_comes_at_a_least_rate_and_in_the_end() {
        let seconds = Duration::from_secs;
        let now = Duration::ZERO;
        assert!(!is_given_up(seconds(30), now, 0), "an origin may begin slowly");
        assert!(is_given_up(seconds(31), now, 247 << 10) && !is_given_up(seconds(31), now, 248 << 10));
        assert!(!is_given_up(seconds(600), now, 5 << 20) && is_given_up(seconds(601), now, 5 << 20));
        assert!(!is_given_up(seconds(31), seconds(30), 1 << 20) && is_given_up(seconds(31), seconds(31), 1 << 20));
    }
}
