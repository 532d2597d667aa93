//! Passing through: what is not kept is read from its origin each time.

use std::ops::Range;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED};
use parking_lot::Mutex;

use super::stats::Counters;
use super::{Failure, Head, Pieces};
use crate::fetch::{self, Ask, Client, ContentRange, Upstream};
use crate::proxy::resource::Resource;

/// How a resource is asked for.
pub(super) fn ask(resource: &Resource) -> Ask {
    Ask { headers: (*resource.headers).clone(), stripped: resource.stripped, ..Ask::get(resource.url.clone()) }
}

/// A resource that is passed through.
#[derive(Debug, Clone)]
pub(super) struct Passing {
    client: Client,
    ask: Ask,
    pub head: Head,
    /// The answer that told the head, and its first position.
    begun: Arc<Mutex<Option<(u64, Upstream)>>>,
    counters: Arc<Counters>,
}

impl Passing {
    /// Asks from a position on.
    pub async fn open(
        client: &Client,
        resource: &Resource,
        from: u64,
        counters: &Arc<Counters>,
    ) -> Result<Self, Failure> {
        let ask = ask(resource);
        let (position, total, upstream) = begin(client, &ask, from, None).await?;
        Ok(Self::begun(client, ask, (position, upstream), total, counters))
    }

    /// Goes on with an answer whose body begins at a position.
    pub fn begun(
        client: &Client,
        ask: Ask,
        begun: (u64, Upstream),
        total: Option<u64>,
        counters: &Arc<Counters>,
    ) -> Self {
        let text = |name| begun.1.header(name).map(str::to_owned);
        let head =
            Head { total, etag: text(ETAG), last_modified: text(LAST_MODIFIED), content_type: text(CONTENT_TYPE) };
        let begun = Arc::new(Mutex::new(Some(begun)));
        Self { client: client.clone(), ask, head, begun, counters: counters.clone() }
    }

    /// Reads a part. It ends early only with a failure.
    pub fn read(self, range: Range<u64>) -> Pieces {
        let begun = self.begun.lock().take().filter(|(position, _)| *position <= range.start);
        let counters = self.counters.clone();
        let opened = async move {
            if let Some(begun) = begun {
                return Ok(begun);
            }
            let etag = self.head.etag.as_deref().filter(|etag| etag.starts_with('"'));
            let (position, total, upstream) = begin(&self.client, &self.ask, range.start, etag).await?;
            let same = total == self.head.total
                && upstream.header(ETAG) == self.head.etag.as_deref()
                && upstream.header(LAST_MODIFIED) == self.head.last_modified.as_deref();
            if same { Ok((position, upstream)) } else { Err(Failure::Changed) }
        };
        let pieces = stream::once(opened).flat_map(move |opened| match opened {
            Ok((position, upstream)) => part(upstream, position, range.clone(), counters.clone()),
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
        200 => Ok((0, upstream.length(), upstream)),
        206 if from > 0 => {
            let range = upstream.header(CONTENT_RANGE).and_then(ContentRange::parse).ok_or(fetch::Error::Range)?;
            let fits = range.first == from && range.size.is_none_or(|size| range.last + 1 == size);
            let promised = upstream.headers.contains_key(CONTENT_LENGTH);
            if !fits {
                Err(fetch::Error::Range.into())
            } else if promised && upstream.length() != Some(range.last - range.first + 1) {
                Err(fetch::Error::Length.into())
            } else {
                Ok((from, range.size, upstream))
            }
        }
        206 => Err(fetch::Error::Range.into()),
        status => Err(Failure::Status(status)),
    }
}

/// What of a body that begins at `position` lies in the range.
fn part(upstream: Upstream, position: u64, range: Range<u64>, counters: Arc<Counters>) -> Pieces {
    let state = (upstream, position);
    stream::try_unfold(state, move |(mut upstream, mut position)| {
        let (range, counters) = (range.clone(), counters.clone());
        async move {
            while position < range.end {
                let Some(piece) = upstream.next().await? else {
                    return if range.end == u64::MAX { Ok(None) } else { Err(fetch::Error::Length.into()) };
                };
                counters.origin_sent(piece.len());
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
