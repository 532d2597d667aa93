//! What the proxy reads from: answers of origins. This is the passing through alone; nothing is kept.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED};
use parking_lot::Mutex;

use super::resource::Resource;
use crate::fetch::{self, Ask, Client, ContentRange, Upstream};

/// Reads resources.
#[derive(Debug)]
pub struct Cache {
    client: Client,
}

/// Where a client's first byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// All of it is wanted, or nothing but the head.
    Whole,
    /// At a position.
    From(u64),
    /// So many bytes before the end.
    Suffix(u64),
}

/// What is known of a resource.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Its length. Without it only all of it can be read.
    pub total: Option<u64>,
    /// `ETag` as it came.
    pub etag: Option<String>,
    /// `Last-Modified` as it came.
    pub last_modified: Option<String>,
    /// `Content-Type` as it came.
    pub content_type: Option<String>,
}

/// Where an answer comes from: `X-Cache`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// From the cache.
    Hit,
    /// From the origin, into the cache.
    Miss,
    /// From the cache, while it is asked whether it still holds.
    Stale,
    /// From the cache, after it was asked.
    Revalidated,
    /// From the origin, past the cache.
    Bypass,
    /// The origin's refusal is remembered.
    Negative,
}

/// Why there is nothing to read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The origin refuses with this status.
    #[error("the origin answered {0}")]
    Status(u16),
    /// It cannot be reached, or does not keep to what it says.
    #[error(transparent)]
    Unreachable(#[from] fetch::Error),
    /// What is read is not what was read before.
    #[error("the origin's file changed while it was read")]
    Changed,
}

/// A resource that can be read.
#[derive(Debug, Clone)]
pub struct Found {
    /// What is known of it.
    pub head: Head,
    /// Where it comes from.
    pub outcome: Outcome,
    client: Client,
    ask: Ask,
    /// The answer that told the head, and its first position.
    begun: Arc<Mutex<Option<(u64, Upstream)>>>,
}

/// The bytes of a part, in order.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

impl Cache {
    /// Reads with this client.
    #[must_use]
    pub fn open(client: Client) -> Arc<Self> {
        Arc::new(Self { client })
    }

    /// Finds a resource: answers as soon as its head is known.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn find(self: &Arc<Self>, resource: &Resource, start: Start) -> Result<Found, Failure> {
        let ask =
            Ask { headers: (*resource.headers).clone(), stripped: resource.stripped, ..Ask::get(resource.url.clone()) };
        let from = if let Start::From(from) = start { from } else { 0 };
        let (position, total, upstream) = begin(&self.client, &ask, from, None).await?;
        let text = |name| upstream.header(name).map(str::to_owned);
        let head =
            Head { total, etag: text(ETAG), last_modified: text(LAST_MODIFIED), content_type: text(CONTENT_TYPE) };
        let begun = Arc::new(Mutex::new(Some((position, upstream))));
        Ok(Found { head, outcome: Outcome::Bypass, client: self.client.clone(), ask, begun })
    }
}

impl Found {
    /// Reads a part. It ends early only with a failure.
    #[must_use]
    pub fn read(self, range: Range<u64>) -> Pieces {
        let begun = self.begun.lock().take().filter(|(position, _)| *position <= range.start);
        let opened = async move {
            if let Some(begun) = begun {
                return Ok(begun);
            }
            let (position, total, upstream) =
                begin(&self.client, &self.ask, range.start, self.head.etag.as_deref()).await?;
            let same = total == self.head.total && upstream.header(ETAG) == self.head.etag.as_deref();
            if same { Ok((position, upstream)) } else { Err(Failure::Changed) }
        };
        let pieces = stream::once(opened).flat_map(move |opened| match opened {
            Ok((position, upstream)) => part(upstream, position, range.clone()),
            Err(failure) => stream::once(async { Err(failure) }).boxed(),
        });
        Box::pin(pieces)
    }
}

/// Asks for what begins at a position; answers where the body begins, and the length of the whole.
async fn begin(
    client: &Client,
    ask: &Ask,
    from: u64,
    etag: Option<&str>,
) -> Result<(u64, Option<u64>, Upstream), Failure> {
    let mut ask = ask.clone();
    if from > 0 {
        ask.range = Some((from, None));
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            ask.conditions.insert(IF_RANGE, etag);
        }
    }
    let upstream = client.open(ask).await?;
    match upstream.status.as_u16() {
        200 => {
            let total = upstream.header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
            Ok((0, total, upstream))
        }
        206 if from > 0 => {
            let range = upstream.header(CONTENT_RANGE).and_then(ContentRange::parse).ok_or(fetch::Error::Range)?;
            let length = upstream.header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
            let fits = range.first == from
                && range.size.is_none_or(|size| range.last + 1 == size)
                && length.is_none_or(|length: u64| length == range.last + 1 - range.first);
            if fits { Ok((from, range.size, upstream)) } else { Err(fetch::Error::Range.into()) }
        }
        206 => Err(fetch::Error::Range.into()),
        status => Err(Failure::Status(status)),
    }
}

/// What of a body that begins at `position` lies in the range.
fn part(
    upstream: Upstream,
    position: u64,
    range: Range<u64>,
) -> Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>> {
    let state = (upstream, position);
    stream::try_unfold(state, move |(mut upstream, mut position)| {
        let range = range.clone();
        async move {
            while position < range.end {
                let Some(piece) = upstream.next().await? else {
                    return if range.end == u64::MAX { Ok(None) } else { Err(fetch::Error::Length.into()) };
                };
                let len = piece.len() as u64;
                let skipped = range.start.saturating_sub(position).min(len);
                let kept = (range.end - position).min(len);
                position += len;
                if skipped < kept {
                    let piece = piece.slice(skipped as usize..kept as usize);
                    return Ok(Some((piece, (upstream, position))));
                }
            }
            Ok(None)
        }
    })
    .boxed()
}
