//! Parts of one resource, read over one connection.

use bytes::{Bytes, BytesMut};
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG};
use tokio::time::Instant;
use url::Url;

use super::client::{self, Client, content_length, header};
use super::dial::Connection;
use super::{ContentRange, Error, checked};

/// Of an origin that ignores `Range`, so many bytes from the start can be read.
const PREFIX_MAX: usize = 1 << 20;

/// Reads parts of one resource; consecutive reads share a connection. Bytes of two versions never mix: a changed size or entity tag is an error.
#[derive(Debug)]
pub struct Ranged {
    client: Client,
    url: Url,
    connection: Option<Connection>,
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
    rest: Option<Incoming>,
}

impl Ranged {
    pub(super) fn new(client: Client, url: Url) -> Self {
        Self {
            client,
            url,
            connection: None,
            prefix: None,
            size: None,
            content_type: None,
            etag: None,
            answered: false,
        }
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
        let get = self.client.get(self.url.clone(), Some((offset, last)), &mut self.connection, deadline);
        let (url, response) = get.await?;
        // Later reads go where the redirects ended; the address is judged again whenever it is dialled.
        self.url = checked(url)?;
        match response.status().as_u16() {
            206 => self.part(response, offset, last, deadline).await,
            200 => {
                self.learn(&response, content_length(&response))?;
                self.prefix = Some(Prefix { bytes: BytesMut::new(), rest: Some(response.into_body()) });
                self.read_prefix(offset, len, deadline).await
            }
            416 => self.beyond(&response, offset),
            status => Err(Error::Status(status)),
        }
    }

    async fn part(
        &mut self,
        response: Response<Incoming>,
        first: u64,
        last: u64,
        deadline: Instant,
    ) -> Result<Bytes, Error> {
        let range = header(&response, CONTENT_RANGE).and_then(ContentRange::parse).ok_or(Error::Range)?;
        // A last position that was asked beyond the end is answered with the end (RFC 9110 14.1.2).
        let whole = range.last == last || range.size.is_some_and(|size| range.last + 1 == size && range.last < last);
        if range.first != first || !whole {
            return Err(Error::Range);
        }
        self.learn(&response, range.size)?;
        let length = usize::try_from(range.last - range.first + 1).map_err(|_| Error::Range)?;
        if content_length(&response).is_some_and(|promised| promised != length as u64) {
            return Err(Error::Length);
        }
        let body = client::body(response.into_body(), length, deadline).await;
        match body {
            Ok(body) if body.len() == length => Ok(body),
            Ok(_) | Err(Error::TooLarge) => Err(Error::Length),
            Err(err) => Err(err),
        }
    }

    /// 416: nothing is there, which the size must confirm.
    fn beyond(&mut self, response: &Response<Incoming>, offset: u64) -> Result<Bytes, Error> {
        let size = header(response, CONTENT_RANGE).and_then(|text| text.strip_prefix("bytes */")?.parse::<u64>().ok());
        let size =
            size.filter(|size| *size <= offset && self.size.is_none_or(|known| known == *size)).ok_or(Error::Range)?;
        self.size = Some(size);
        // Its body has not been read.
        self.connection = None;
        Ok(Bytes::new())
    }

    fn learn(&mut self, response: &Response<Incoming>, size: Option<u64>) -> Result<(), Error> {
        let etag = header(response, ETAG).map(str::to_owned);
        if self.answered && (etag != self.etag || size != self.size) {
            return Err(Error::Changed);
        }
        if !self.answered {
            self.content_type = header(response, CONTENT_TYPE).map(str::to_owned);
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
            match client::next_piece(rest, deadline).await {
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
