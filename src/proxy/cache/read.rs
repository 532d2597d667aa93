//! Reading a version, slice by slice.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;

use super::fill::Following;
use super::identity::Want;
use super::shelf::Slice;
use super::version::Version;
use super::{Cache, Failure, Pieces};

/// Whoever has read so many slices in order will most likely go on.
const IN_ORDER: u32 = 2;
/// Slices that are fetched ahead of such a reader.
pub(super) const AHEAD: u64 = 2;
/// The largest piece that is handed on at once: a slow client holds no more than its rest.
const PIECE_MAX: usize = 1 << 20;

/// A version that can be read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub cache: Arc<Cache>,
    pub version: Arc<Version>,
    pub want: Arc<Want>,
}

struct Reader {
    reading: Reading,
    position: u64,
    end: u64,
    current: Current,
    /// Slices that were read to their end.
    in_order: u32,
    /// The request was tried in place of somebody else's that failed, and nothing has come since.
    retried: bool,
}

enum Current {
    None,
    Whole(Bytes),
    Coming(Following),
}

impl Reading {
    /// See [`super::Found::fresh_for`].
    pub fn fresh_for(&self) -> Option<Duration> {
        self.version.is_kept().then(|| self.version.fresh_for(self.cache.clock.now_ms()))
    }

    /// Reads a part. It ends early only with a failure.
    pub fn read(self, range: Range<u64>) -> Pieces {
        let end = range.end.min(self.version.total);
        let reader =
            Reader { reading: self, position: range.start, end, current: Current::None, in_order: 0, retried: false };
        Box::pin(stream::try_unfold(reader, |mut reader| async move {
            let piece = reader.next().await?;
            Ok(piece.map(|piece| (piece, reader)))
        }))
    }
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while self.position < self.end {
            if self.reading.version.is_dead() {
                return Err(Failure::Changed);
            }
            let piece = match &mut self.current {
                Current::None => {
                    self.turn_to_slice();
                    continue;
                }
                Current::Whole(rest) => rest.split_to(rest.len().min(PIECE_MAX)),
                Current::Coming(following) => match following.next().await {
                    Ok(piece) => piece,
                    Err(failure)
                        if !self.retried
                            && following.fill.exact != self.reading.want.exact
                            && failure.is_of_one_url() =>
                    {
                        self.retried = true;
                        self.current = Current::None;
                        continue;
                    }
                    Err(failure) => return Err(failure),
                },
            };
            return Ok(Some(self.take(piece)));
        }
        Ok(None)
    }

    /// Moves on, and lets go of a slice at its end.
    fn take(&mut self, mut piece: Bytes) -> Bytes {
        let left = self.end - self.position;
        if piece.len() as u64 > left {
            piece.truncate(left as usize);
        }
        if matches!(self.current, Current::Whole(_)) {
            self.reading.cache.counters.memory_sent(piece.len());
        }
        self.position += piece.len() as u64;
        self.retried = false;
        if self.position.is_multiple_of(self.reading.cache.slice_len) || self.position == self.end {
            self.current = Current::None;
            self.in_order = self.in_order.saturating_add(1);
        }
        piece
    }

    fn turn_to_slice(&mut self) {
        let Reading { cache, version, want } = &self.reading;
        let nth = self.position / cache.slice_len;
        let (first, slice_end) = cache.bounds(version.total, nth);
        let at = (self.position - first) as usize;
        self.current = match cache.slice(version, nth, want) {
            Slice::Whole(whole) => {
                let end = (slice_end.min(self.end) - first) as usize;
                Current::Whole(whole.slice(at..end))
            }
            Slice::Coming(fill) => Current::Coming(Following::new(fill, at)),
        };
        if self.in_order >= IN_ORDER {
            let wanted = (nth + 1..=nth + AHEAD).filter(|nth| cache.bounds(version.total, *nth).0 < self.end);
            wanted.for_each(|nth| cache.slice_ahead(version, nth, want));
        }
    }
}
