//! Parts of one resource.

use bytes::{Bytes, BytesMut};
use hyper::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG};
use tokio::time::{Instant, timeout_at};

use super::client::{self, Client};
use super::upstream::{Ask, Upstream};
use super::{ContentRange, Error};

/// Of an origin that ignores `Range`, so many bytes from the start can be read.
const PREFIX_MAX: usize = 1 << 20;

/// Reads parts of one resource. Bytes of two versions never mix: a changed size or entity tag is an error.
#[derive(Debug)]
pub struct Ranged {
    client: Client,
    /// Later reads go where redirects ended.
    ask: Ask,
    /// The body of an origin that ignores `Range`.
    prefix: Option<Prefix>,
    size: Option<u64>,
    content_type: Option<String>,
    etag: Option<String>,
    answered: bool,
}

#[derive(Debug)]
struct Prefix {
    bytes: BytesMut,
    /// Until it has ended.
    rest: Option<Upstream>,
}

impl Ranged {
    pub(super) fn new(client: Client, ask: Ask) -> Self {
        Self { client, ask, prefix: None, size: None, content_type: None, etag: None, answered: false }
    }

    /// The size in bytes, once an answer told it.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The `Content-Type`, once there was an answer.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// `len` bytes from `offset`; fewer only where the resource ends.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn read_at(&mut self, offset: u64, len: usize) -> Result<Bytes, Error> {
        if len == 0 {
            return Ok(Bytes::new());
        }
        let deadline = self.client.deadline();
        if self.prefix.is_some() {
            return self.read_prefix(offset, len, deadline).await;
        }
        let last = offset.checked_add(len as u64 - 1).ok_or(Error::Range)?;
        self.ask.range = Some((offset, Some(last)));
        let opened = timeout_at(deadline, self.client.open(self.ask.clone())).await;
        let response = opened.map_err(|_| Error::Timeout("answer"))??;
        (self.ask.url, self.ask.stripped) = (response.final_url.clone(), response.stripped);
        match response.status.as_u16() {
            206 => self.part(response, offset, last, deadline).await,
            200 => {
                self.learn(&response, response.length())?;
                self.prefix = Some(Prefix { bytes: BytesMut::new(), rest: Some(response) });
                self.read_prefix(offset, len, deadline).await
            }
            416 => self.beyond(&response, offset),
            status => Err(Error::Status(status)),
        }
    }

    async fn part(&mut self, mut response: Upstream, first: u64, last: u64, deadline: Instant) -> Result<Bytes, Error> {
        let range = response.header(CONTENT_RANGE).and_then(ContentRange::parse).ok_or(Error::Range)?;
        // A last position that was asked beyond the end is answered with the end (RFC 9110 14.1.2).
        let whole = range.last == last || range.size.is_some_and(|size| range.last + 1 == size && range.last < last);
        if range.first != first || !whole {
            return Err(Error::Range);
        }
        self.learn(&response, range.size)?;
        let length = usize::try_from(range.last - range.first + 1).map_err(|_| Error::Range)?;
        if response.length().is_some_and(|promised| promised != length as u64) {
            return Err(Error::Length);
        }
        let body = client::body(&mut response, length, deadline).await;
        match body {
            Ok(body) if body.len() == length => Ok(body),
            Ok(_) | Err(Error::TooLarge) => Err(Error::Length),
            Err(err) => Err(err),
        }
    }

    /// 416: nothing is there, which the size must confirm.
    fn beyond(&mut self, response: &Upstream, offset: u64) -> Result<Bytes, Error> {
        let size = response.header(CONTENT_RANGE).and_then(|text| text.strip_prefix("bytes */")?.parse::<u64>().ok());
        let size =
            size.filter(|size| *size <= offset && self.size.is_none_or(|known| known == *size)).ok_or(Error::Range)?;
        self.size = Some(size);
        Ok(Bytes::new())
    }

    fn learn(&mut self, response: &Upstream, size: Option<u64>) -> Result<(), Error> {
        let etag = response.header(ETAG).map(str::to_owned);
        if self.answered && (etag != self.etag || size != self.size) {
            return Err(Error::Changed);
        }
        if !self.answered {
            self.content_type = response.header(CONTENT_TYPE).map(str::to_owned);
        }
        (self.etag, self.size, self.answered) = (etag, size, true);
        Ok(())
    }

    async fn read_prefix(&mut self, offset: u64, len: usize, deadline: Instant) -> Result<Bytes, Error> {
        let Some(prefix) = &mut self.prefix else { return Err(Error::NoRanges) };
        let first = usize::try_from(offset).ok().filter(|first| *first <= PREFIX_MAX).ok_or(Error::NoRanges)?;
        let end = first.checked_add(len).filter(|end| *end <= PREFIX_MAX).ok_or(Error::NoRanges)?;
        while prefix.bytes.len() < end
            && let Some(rest) = &mut prefix.rest
        {
            match rest.next_until(deadline).await {
                Ok(Some(piece)) => prefix.bytes.extend_from_slice(&piece),
                Ok(None) => prefix.rest = None,
                // A live source trickles: what has come is what there is.
                Err(Error::Timeout(_)) if self.size.is_none() && prefix.bytes.len() > first => break,
                Err(err) => return Err(err),
            }
        }
        let end = end.min(prefix.bytes.len());
        Ok(prefix.bytes.get(first..end).map(Bytes::copy_from_slice).unwrap_or_default())
    }
}
