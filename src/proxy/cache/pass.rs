//! Passing through: what is not kept is read from its origin each time.

use std::ops::Range;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED};
use parking_lot::Mutex;

use super::identity::Want;
use super::slots::Slot;
use super::stats::Counters;
use super::version::is_strong;
use super::{Cache, Failure, Head, Pieces};
use crate::fetch::{self, Ask, ContentRange, Upstream};
use crate::proxy::resource::Resource;

/// So much is read and thrown away at most to get to where a part begins.
pub(super) const SKIP_MAX: u64 = 16 << 20;

/// How a resource is asked for.
pub(super) fn ask(resource: &Resource) -> Ask {
    Ask { headers: (*resource.headers).clone(), stripped: resource.stripped, ..Ask::get(resource.url.clone()) }
}

/// A resource that is passed through.
#[derive(Debug, Clone)]
pub(super) struct Passing {
    cache: Arc<Cache>,
    want: Arc<Want>,
    pub head: Head,
    /// Whether it gives a part to whoever asks for one; `None`: it was not asked.
    serves_ranges: Option<bool>,
    /// The answer that told the head.
    begun: Arc<Mutex<Option<Begun>>>,
}

/// A body that has begun.
#[derive(Debug)]
struct Begun {
    upstream: Upstream,
    /// Where in the resource it is.
    position: u64,
    /// How long the resource is.
    total: Option<u64>,
    serves_ranges: Option<bool>,
    _turn: Slot,
}

impl Passing {
    /// Asks from a position on.
    pub async fn open(cache: &Arc<Cache>, want: &Arc<Want>, from: u64) -> Result<Self, Failure> {
        let begun = Begun::at(cache, want, from, None).await?;
        Ok(Self::new(cache, want, begun))
    }

    /// Goes on with the answer to a request for a part; its body begins at the position.
    pub async fn begun(
        cache: &Arc<Cache>,
        want: &Arc<Want>,
        (position, upstream): (u64, Upstream),
    ) -> Result<Self, Failure> {
        let range = upstream.header(CONTENT_RANGE).and_then(ContentRange::parse);
        let is_part = upstream.status == 206;
        let total = if is_part { range.and_then(|range| range.size) } else { upstream.length() };
        let turn = cache.passes.turn(want.origin()).await?;
        Ok(Self::new(cache, want, Begun { upstream, position, total, serves_ranges: Some(is_part), _turn: turn }))
    }

    fn new(cache: &Arc<Cache>, want: &Arc<Want>, begun: Begun) -> Self {
        let text = |name| begun.upstream.header(name).map(str::to_owned);
        let (etag, last_modified, content_type) = (text(ETAG), text(LAST_MODIFIED), text(CONTENT_TYPE));
        Self {
            cache: cache.clone(),
            want: want.clone(),
            head: Head { total: begun.total, etag, last_modified, content_type },
            serves_ranges: begun.serves_ranges,
            begun: Arc::new(Mutex::new(Some(begun))),
        }
    }

    /// See [`super::Found::reaches`].
    pub fn reaches(&self, first: u64) -> bool {
        self.serves_ranges != Some(false) || first <= SKIP_MAX
    }

    /// See [`super::Found::holds_still`].
    pub fn holds_still(&self) -> bool {
        self.serves_ranges == Some(true) && self.head.etag.as_deref().is_some_and(is_strong)
    }

    /// Reads a part. It ends early only with a failure.
    pub fn read(self, range: Range<u64>) -> Pieces {
        let leads_there = |begun: &Begun| begun.position <= range.start && range.start - begun.position <= SKIP_MAX;
        let begun = self.begun.lock().take().filter(leads_there);
        let (counters, start) = (self.cache.counters.clone(), range.start);
        let opened = async move {
            if let Some(begun) = begun {
                return Ok(begun);
            }
            let etag = self.head.etag.as_deref().filter(|etag| is_strong(etag));
            let begun = Begun::at(&self.cache, &self.want, start, etag).await?;
            let same = begun.total == self.head.total
                && begun.upstream.header(ETAG) == self.head.etag.as_deref()
                && begun.upstream.header(LAST_MODIFIED) == self.head.last_modified.as_deref();
            match same {
                true if start - begun.position <= SKIP_MAX => Ok(begun),
                true => Err(fetch::Error::Range.into()),
                false => Err(Failure::Changed),
            }
        };
        let pieces = stream::once(opened).flat_map(move |opened| match opened {
            Ok(begun) => part(begun, range.clone(), counters.clone()),
            Err(failure) => stream::once(async { Err(failure) }).boxed(),
        });
        Box::pin(pieces)
    }
}

impl Begun {
    /// Asks for what begins at a position.
    async fn at(cache: &Cache, want: &Want, from: u64, etag: Option<&str>) -> Result<Self, Failure> {
        let turn = cache.passes.turn(want.origin()).await?;
        let mut ask = ask(&want.resource);
        if from > 0 {
            ask.range = Some((from, None));
            if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
                ask.conditions.insert(IF_RANGE, etag);
            }
        }
        let upstream = cache.client.open(ask).await?;
        let begun =
            |upstream, position, total, serves_ranges| Self { upstream, position, total, serves_ranges, _turn: turn };
        match upstream.status.as_u16() {
            200 => {
                let total = upstream.length();
                Ok(begun(upstream, 0, total, (from > 0).then_some(false)))
            }
            206 if from > 0 => {
                let range = upstream.header(CONTENT_RANGE).and_then(ContentRange::parse).ok_or(fetch::Error::Range)?;
                let fits = range.first == from && range.size.is_none_or(|size| range.last + 1 == size);
                let promised = upstream.headers.contains_key(CONTENT_LENGTH);
                if !fits {
                    Err(fetch::Error::Range.into())
                } else if promised && upstream.length() != Some(range.last - range.first + 1) {
                    Err(fetch::Error::Length.into())
                } else {
                    Ok(begun(upstream, from, range.size, Some(true)))
                }
            }
            206 => Err(fetch::Error::Range.into()),
            status => Err(Failure::Status(status)),
        }
    }
}

/// What of a body lies in the range.
fn part(begun: Begun, range: Range<u64>, counters: Arc<Counters>) -> Pieces {
    stream::try_unfold(begun, move |mut begun| {
        let (range, counters) = (range.clone(), counters.clone());
        async move {
            while begun.position < range.end {
                let Some(piece) = begun.upstream.next().await? else {
                    return if range.end == u64::MAX { Ok(None) } else { Err(fetch::Error::Length.into()) };
                };
                counters.origin_sent(piece.len());
                let len = piece.len() as u64;
                let skipped = range.start.saturating_sub(begun.position).min(len);
                let kept = (range.end - begun.position).min(len);
                begun.position += len;
                if skipped < kept {
                    return Ok(Some((piece.slice(skipped as usize..kept as usize), begun)));
                }
            }
            Ok(None)
        }
    })
    .boxed()
}
