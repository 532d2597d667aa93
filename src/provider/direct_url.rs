//! A URL that is fetched as it is.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::ProbeFailure;
use crate::fetch::{self, Client, Ranged};
use crate::probe::{self, Found, Origin, ReadError, Reader};

/// No probe lasts longer.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) async fn probe(client: &Client, url: &str) -> Result<Found, ProbeFailure> {
    let failed = |reason: String, lasting| ProbeFailure { reason, lasting };
    match timeout(PROBE_TIMEOUT, probe::probe(&Remote(client), url)).await {
        Ok(found) => found.map_err(|err| failed(err.to_string(), err.is_lasting())),
        Err(_) => Err(failed("the origin is too slow to find the duration".into(), false)),
    }
}

struct Remote<'a>(&'a Client);

struct RemoteReader(Ranged);

impl Origin for Remote<'_> {
    type Reader = RemoteReader;

    fn open(&self, url: &str) -> Result<RemoteReader, ReadError> {
        self.0.ranged(url).map(RemoteReader).map_err(read_error)
    }

    async fn text(&self, url: &str, max: usize) -> Result<(String, Bytes), ReadError> {
        self.0.text(url, max).await.map(|text| (text.final_url, text.body)).map_err(read_error)
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

fn read_error(err: fetch::Error) -> ReadError {
    ReadError { reason: err.outward(), lasting: err.is_lasting() }
}
