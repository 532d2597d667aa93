//! How a probe reads an origin: with the headers that its source configured.

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};

use crate::fetch::{self, Ask, Client, ContentRange, Ranged, Upstream};
use crate::probe::{Origin, ReadError, Reader};

/// An origin, and what is sent to it.
pub(super) struct Remote<'a> {
    client: &'a Client,
    headers: HeaderMap,
    /// Where the headers belong.
    home: Option<url::Origin>,
}

/// Reads parts of a resource.
pub(super) enum RemoteReader {
    /// Nothing has to be sent along: one connection serves all reads.
    Plain(Box<Ranged>),
    /// Each read is a request of its own.
    Asking(Box<Asking>),
}

/// A resource whose requests carry headers.
pub(super) struct Asking {
    client: Client,
    ask: Ask,
    size: Option<u64>,
    content_type: Option<String>,
}

impl Origin for Remote<'_> {
    type Reader = RemoteReader;

    fn open(&self, url: &str) -> Result<RemoteReader, ReadError> {
        if self.headers.is_empty() {
            let ranged = self.client.ranged(url).map_err(read_error)?;
            return Ok(RemoteReader::Plain(Box::new(ranged)));
        }
        let ask = self.ask(url).map_err(read_error)?;
        let asking = Asking { client: self.client.clone(), ask, size: None, content_type: None };
        Ok(RemoteReader::Asking(Box::new(asking)))
    }

    async fn text(&self, url: &str, max: usize) -> Result<(String, Bytes), ReadError> {
        if self.headers.is_empty() {
            let text = self.client.text(url, max).await.map_err(read_error)?;
            return Ok((text.final_url, text.body));
        }
        let ask = self.ask(url).map_err(read_error)?;
        let mut upstream = self.client.open(ask).await.map_err(read_error)?;
        if upstream.status != 200 {
            return Err(read_error(fetch::Error::Status(upstream.status.as_u16())));
        }
        let body = whole(&mut upstream, max).await.map_err(read_error)?;
        Ok((upstream.final_url.into(), body))
    }
}

impl<'a> Remote<'a> {
    /// What is behind this URL, and what a manifest there names.
    pub(super) fn new(client: &'a Client, url: &str, headers: HeaderMap) -> Self {
        Self { client, headers, home: fetch::parse_url(url).ok().map(|url| url.origin()) }
    }

    /// A GET with the configured headers; what a manifest names elsewhere gets no credentials.
    fn ask(&self, url: &str) -> Result<Ask, fetch::Error> {
        let url = fetch::parse_url(url)?;
        let stripped = self.home.as_ref() != Some(&url.origin());
        Ok(Ask { headers: self.headers.clone(), stripped, ..Ask::get(url) })
    }
}

impl Reader for RemoteReader {
    async fn read_at(&mut self, offset: u64, len: usize) -> Result<Bytes, ReadError> {
        match self {
            Self::Plain(ranged) => ranged.read_at(offset, len).await,
            Self::Asking(asking) => asking.read_at(offset, len).await,
        }
        .map_err(read_error)
    }

    fn size(&self) -> Option<u64> {
        match self {
            Self::Plain(ranged) => ranged.size(),
            Self::Asking(asking) => asking.size,
        }
    }

    fn content_type(&self) -> Option<&str> {
        match self {
            Self::Plain(ranged) => ranged.content_type(),
            Self::Asking(asking) => asking.content_type.as_deref(),
        }
    }
}

impl Asking {
    async fn read_at(&mut self, offset: u64, len: usize) -> Result<Bytes, fetch::Error> {
        let last = offset.checked_add((len as u64).saturating_sub(1)).ok_or(fetch::Error::Range)?;
        if len == 0 || self.size.is_some_and(|size| offset >= size) {
            return Ok(Bytes::new());
        }
        let mut upstream = self.client.open(Ask { range: Some((offset, Some(last))), ..self.ask.clone() }).await?;
        match upstream.status.as_u16() {
            206 => {
                let range = upstream.header(CONTENT_RANGE).and_then(ContentRange::parse).ok_or(fetch::Error::Range)?;
                let fits = range.first == offset && range.last <= last;
                if !fits {
                    return Err(fetch::Error::Range);
                }
                self.size = range.size.or(self.size);
            }
            200 if offset == 0 => {
                self.size = upstream.header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
            }
            200 => return Err(fetch::Error::NoRanges),
            416 => return Ok(Bytes::new()),
            status => return Err(fetch::Error::Status(status)),
        }
        self.content_type = upstream.header(CONTENT_TYPE).map(str::to_owned);
        first(&mut upstream, len).await
    }
}

/// The first bytes of a body, fewer where it ends; the rest is not waited for.
pub(super) async fn first(upstream: &mut Upstream, len: usize) -> Result<Bytes, fetch::Error> {
    let mut bytes = BytesMut::new();
    while bytes.len() < len
        && let Some(piece) = upstream.next().await?
    {
        bytes.extend_from_slice(&piece[..piece.len().min(len - bytes.len())]);
    }
    Ok(bytes.freeze())
}

async fn whole(upstream: &mut Upstream, max: usize) -> Result<Bytes, fetch::Error> {
    let bytes = first(upstream, max.saturating_add(1)).await?;
    if bytes.len() > max { Err(fetch::Error::TooLarge) } else { Ok(bytes) }
}

fn read_error(err: fetch::Error) -> ReadError {
    ReadError { reason: err.outward(), lasting: err.is_lasting() }
}
