//! An origin's answer as it streams in.

use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::Error;
use super::client::next_piece;
use super::dial::Connection;

/// The longest wait for the next piece of a body.
pub const PIECE_TIMEOUT: Duration = Duration::from_secs(15);

/// What is asked of an origin.
#[derive(Debug, Clone)]
pub struct Ask {
    /// GET or HEAD.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// What the source configured; see [`is_credential`](super::is_credential).
    pub headers: HeaderMap,
    /// A hop before this one led to a foreign origin: `headers` go without credentials, and stay so.
    pub stripped: bool,
    /// First and last position; without a last one to the end.
    pub range: Option<(u64, Option<u64>)>,
    /// `If-Range`, `If-None-Match`, `If-Modified-Since`: ours, from an earlier answer of this origin.
    pub conditions: HeaderMap,
}

impl Ask {
    /// A plain GET.
    #[must_use]
    pub fn get(url: Url) -> Self {
        let (headers, conditions) = (HeaderMap::new(), HeaderMap::new());
        Self { method: Method::GET, url, headers, stripped: false, range: None, conditions }
    }
}

/// The head of an answer, and its body as it comes. It is never a redirect and never encoded. Dropping it ends its connection unless the
/// body was read to its end.
#[derive(Debug)]
pub struct Upstream {
    /// Where it came from after redirects: what relative URLs in it refer to.
    pub final_url: Url,
    /// Whether a hop led to a foreign origin: what is fetched because of this answer goes without credentials.
    pub stripped: bool,
    /// Any but a redirect.
    pub status: StatusCode,
    /// As they came; nothing of it reaches a client unless it is picked.
    pub headers: HeaderMap,
    pub(super) body: Incoming,
    #[expect(dead_code, reason = "it is dropped with the answer, and with it the connection ends")]
    pub(super) connection: Option<Connection>,
}

impl Upstream {
    /// The next bytes of the body; `None` at its end.
    ///
    /// # Errors
    /// [`Error::Timeout`] when nothing comes for [`PIECE_TIMEOUT`], [`Error::Length`] when it ends too soon.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        next_piece(&mut self.body, Instant::now() + PIECE_TIMEOUT).await
    }

    /// A header's value, when it is text and stands once.
    #[must_use]
    pub fn header(&self, name: impl hyper::header::AsHeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().ok();
        if values.next().is_some() { None } else { first }
    }
}
