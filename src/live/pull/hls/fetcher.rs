//! What is fetched for a pull: playlists, segments, keys, with the source's headers where they belong.

use super::playlist::{Part, TEXT_MAX};
use crate::fetch::{Ask, Client, Error, Upstream};
use crate::live::pull::{PullError, PullFrom};
use bytes::{Bytes, BytesMut};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// Bytes of a segment: 40 Mbit/s for twelve seconds, as much as our own have.
pub const SEGMENT_MAX: usize = 64 * 1024 * 1024;
/// Bytes of an init section.
pub const MAP_MAX: usize = 1024 * 1024;
/// Bytes of an AES-128 key.
pub const KEY_BYTES: usize = 16;

/// A URL, and whether the way to it led over a foreign origin: then, and behind it, requests go without credentials.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where.
    pub url: Url,
    /// Credentials are gone for good.
    pub stripped: bool,
}

/// Fetches for one pull.
#[derive(Debug, Clone, Copy)]
pub struct Fetcher<'a> {
    client: &'a Client,
    from: &'a PullFrom,
}

impl<'a> Fetcher<'a> {
    /// For one attempt.
    pub fn new(client: &'a Client, from: &'a PullFrom) -> Self {
        Self { client, from }
    }

    /// Where the source is.
    pub fn source(&self) -> Place {
        Place { url: self.from.url.clone(), stripped: false }
    }

    /// A playlist, and where it came from: what its URIs are relative to.
    ///
    /// # Errors
    /// [`PullError::Fetch`].
    pub async fn playlist(&self, place: &Place, limit: Duration) -> Result<(Bytes, Place), PullError> {
        let whole = async {
            let upstream = self.open(place, None).await?;
            let place = Place { url: upstream.final_url.clone(), stripped: upstream.stripped };
            Ok((body(upstream, 0, None, TEXT_MAX).await?, place))
        };
        within(limit, whole).await
    }

    /// A segment, an init section or a key that a playlist at `parent` names: at most `max` bytes, within `limit`.
    ///
    /// # Errors
    /// [`PullError::Fetch`].
    pub async fn part(&self, parent: &Place, part: &Part, max: usize, limit: Duration) -> Result<Bytes, PullError> {
        let place = Place { url: part.url.clone(), stripped: parent.stripped };
        let Some(range) = &part.range else {
            return within(limit, async { body(self.open(&place, None).await?, 0, None, max).await }).await;
        };
        let length = usize::try_from(range.end - range.start).ok().filter(|length| *length <= max);
        let length = length.ok_or(Error::TooLarge)?;
        let whole = async {
            let upstream = self.open(&place, Some((range.start, Some(range.end - 1)))).await?;
            if upstream.status == 206 {
                check_range(&upstream, range.start, range.end)?;
                return exact(body(upstream, 0, Some(length), max).await?, length);
            }
            // The origin sends the whole file; what comes before is read, as long as it is no more than a segment.
            let skip = usize::try_from(range.start).ok().filter(|skip| *skip <= max).ok_or(Error::NoRanges)?;
            exact(body(upstream, skip, Some(length), max).await?, length)
        };
        within(limit, whole).await
    }

    async fn open(&self, place: &Place, range: Option<(u64, Option<u64>)>) -> Result<Upstream, Error> {
        let mut ask = Ask::get(place.url.clone());
        ask.headers = self.from.headers.clone();
        ask.stripped = place.stripped || place.url.origin() != self.from.url.origin();
        ask.range = range;
        let upstream = self.client.open(ask).await?;
        match upstream.status.as_u16() {
            200 => Ok(upstream),
            206 if range.is_some() => Ok(upstream),
            status => Err(Error::Status(status)),
        }
    }
}

async fn within<T>(limit: Duration, whole: impl Future<Output = Result<T, Error>>) -> Result<T, PullError> {
    Ok(timeout(limit, whole).await.unwrap_or(Err(Error::Timeout("send the body")))?)
}

/// Exactly the bytes that were asked for.
fn check_range(upstream: &Upstream, start: u64, end: u64) -> Result<(), Error> {
    let value = upstream.header(hyper::header::CONTENT_RANGE).unwrap_or_default();
    let positions = value.strip_prefix("bytes ").and_then(|value| value.split('/').next());
    if positions == Some(format!("{start}-{}", end - 1).as_str()) { Ok(()) } else { Err(Error::Range) }
}

fn exact(bytes: Bytes, length: usize) -> Result<Bytes, Error> {
    if bytes.len() == length { Ok(bytes) } else { Err(Error::Length) }
}

/// The body from `skip` on: all of it, which must not be more than `max`, or its first `length` bytes.
async fn body(mut upstream: Upstream, mut skip: usize, length: Option<usize>, max: usize) -> Result<Bytes, Error> {
    if length.is_none() && upstream.length().is_some_and(|length| length > max as u64) {
        return Err(Error::TooLarge);
    }
    let mut whole = BytesMut::new();
    while let Some(piece) = upstream.next().await? {
        let skipped = skip.min(piece.len());
        skip -= skipped;
        let piece = piece.slice(skipped..);
        match length {
            Some(length) => {
                whole.extend_from_slice(&piece[..piece.len().min(length - whole.len())]);
                if whole.len() == length {
                    // One more look lets the connection be used again where nothing follows.
                    break;
                }
            }
            None if whole.len() + piece.len() > max => return Err(Error::TooLarge),
            None => whole.extend_from_slice(&piece),
        }
    }
    Ok(whole.freeze())
}
