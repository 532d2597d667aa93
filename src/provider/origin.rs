//! How a probe reads an origin: with the headers that its source configured.

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;

use crate::fetch::{self, Ask, Client, Ranged, Upstream};
use crate::probe::{Origin, ReadError, Reader};

/// An origin, and what is sent to it.
pub(super) struct Remote<'a> {
    client: &'a Client,
    headers: HeaderMap,
    /// Where the headers belong.
    home: Option<url::Origin>,
}

/// Reads parts of a resource.
pub(super) struct RemoteReader(Ranged);

impl Origin for Remote<'_> {
    type Reader = RemoteReader;

    fn open(&self, url: &str) -> Result<RemoteReader, ReadError> {
        self.ask(url).map(|ask| RemoteReader(self.client.ranged_as(ask))).map_err(read_error)
    }

    async fn text(&self, url: &str, max: usize) -> Result<(String, Bytes), ReadError> {
        let ask = self.ask(url).map_err(read_error)?;
        self.client.text_as(ask, max).await.map(|text| (text.final_url, text.body)).map_err(read_error)
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
        self.0.read_at(offset, len).await.map_err(read_error)
    }

    fn size(&self) -> Option<u64> {
        self.0.size()
    }

    fn content_type(&self) -> Option<&str> {
        self.0.content_type()
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

fn read_error(err: fetch::Error) -> ReadError {
    ReadError { reason: err.outward(), lasting: err.is_lasting() }
}
