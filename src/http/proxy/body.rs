//! Bodies that are read from the cache while they are sent. Bytes go through as they are, none is copied.

use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use hyper::body::{Body, Frame, SizeHint};

use super::meter::Meter;
use crate::proxy::cache::{Failure, Found};
use crate::proxy::multipart::Multipart;
use crate::proxy::outward::Outward;
use crate::proxy::resource::Kind;

/// Why a body breaks off: its connection ends with it, so that nobody takes it for whole.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It cannot be read on.
    #[error(transparent)]
    Read(#[from] Failure),
    /// What was read is not as long as was promised.
    #[error("the body has not the length it promised")]
    Length,
}

impl Broken {
    /// What a client is told when nothing was sent yet.
    pub fn outward(&self) -> Outward {
        match self {
            Self::Read(failure) => failure.into(),
            Self::Length => Outward::BadGateway,
        }
    }
}

type Pieces = BoxStream<'static, Result<Bytes, Failure>>;

/// A stretch of a body.
enum Stretch {
    Frame(Bytes),
    Read(Range<u64>),
    /// So many bytes, whose first are there.
    Begun(Pieces, u64),
}

/// The body of an answer with a resource, or parts of one.
pub struct ResourceBody {
    found: Found,
    stretches: VecDeque<Stretch>,
    reading: Option<Reading>,
    /// What is still to be sent, when that is known.
    left: Option<u64>,
    meter: Arc<Meter>,
    kind: Kind,
}

struct Reading {
    pieces: Pieces,
    /// Bytes that are still to come; `None`: nobody knows.
    left: Option<u64>,
}

impl ResourceBody {
    /// A part.
    pub fn part(found: Found, range: Range<u64>, meter: Arc<Meter>, kind: Kind) -> Self {
        let left = Some(range.end.saturating_sub(range.start));
        Self { found, stretches: VecDeque::from([Stretch::Read(range)]), reading: None, left, meter, kind }
    }

    /// All of a resource whose length nobody knows.
    pub fn endless(found: Found, meter: Arc<Meter>, kind: Kind) -> Self {
        let pieces = found.clone().read(0..u64::MAX).boxed();
        let reading = Some(Reading { pieces, left: None });
        Self { found, stretches: VecDeque::new(), reading, left: None, meter, kind }
    }

    /// Several parts.
    pub fn multipart(found: Found, framed: Multipart, meter: Arc<Meter>, kind: Kind) -> Self {
        let parts = framed.parts.into_iter().flat_map(|(head, range)| [Stretch::Frame(head), Stretch::Read(range)]);
        let stretches = parts.chain([Stretch::Frame(framed.end)]).collect();
        Self { found, stretches, reading: None, left: Some(framed.len), meter, kind }
    }

    /// Waits for the first bytes, so that an origin that does not give them is told of in an answer of its own.
    ///
    /// # Errors
    /// [`Broken`]: nothing can be read.
    pub async fn begun(mut self) -> Result<Self, Broken> {
        let first = self.stretches.iter().find_map(|stretch| match stretch {
            Stretch::Read(range) => Some(range.clone()),
            Stretch::Frame(_) | Stretch::Begun(..) => None,
        });
        let mut pieces = match (self.reading.take(), first) {
            (Some(reading), _) => reading.pieces,
            (None, Some(range)) if !range.is_empty() => self.found.clone().read(range).boxed(),
            (None, _) => return Ok(self),
        };
        let first = pieces.next().await.transpose()?;
        let known = self.left.is_some();
        let Some(first) = first else { return if known { Err(Broken::Length) } else { Ok(self) } };
        let pieces = stream::once(async { Ok(first) }).chain(pieces).boxed();
        match self.stretches.iter_mut().find(|stretch| matches!(stretch, Stretch::Read(_))) {
            Some(stretch) => {
                let Stretch::Read(range) = stretch else { return Ok(self) };
                *stretch = Stretch::Begun(pieces, range.end - range.start);
            }
            None => self.reading = Some(Reading { pieces, left: None }),
        }
        Ok(self)
    }

    /// Some bytes of the body go out.
    fn send(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.meter.sent(self.kind, bytes.len());
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    /// Nothing more is read.
    fn break_off(&mut self, why: Broken) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        tracing::debug!(%why, "a proxied body breaks off");
        self.stretches.clear();
        self.reading = None;
        Poll::Ready(Some(Err(why)))
    }
}

impl Body for ResourceBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        loop {
            if let Some(reading) = &mut this.reading {
                match reading.pieces.as_mut().poll_next(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Err(failure))) => return this.break_off(failure.into()),
                    Poll::Ready(Some(Ok(bytes))) => {
                        if let Some(left) = &mut reading.left {
                            let Some(rest) = left.checked_sub(bytes.len() as u64) else {
                                return this.break_off(Broken::Length);
                            };
                            *left = rest;
                        }
                        if reading.left == Some(0) {
                            this.reading = None;
                        }
                        if !bytes.is_empty() {
                            return this.send(bytes);
                        }
                    }
                    Poll::Ready(None) => {
                        if reading.left.is_some_and(|left| left > 0) {
                            return this.break_off(Broken::Length);
                        }
                        this.reading = None;
                    }
                }
                continue;
            }
            match this.stretches.pop_front() {
                None => return Poll::Ready(None),
                Some(Stretch::Frame(bytes)) => return this.send(bytes),
                Some(Stretch::Begun(pieces, len)) => this.reading = Some(Reading { pieces, left: Some(len) }),
                Some(Stretch::Read(range)) if range.is_empty() => {}
                Some(Stretch::Read(range)) => {
                    let left = Some(range.end - range.start);
                    this.reading = Some(Reading { pieces: this.found.clone().read(range).boxed(), left });
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.reading.is_none() && self.stretches.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
