//! What is asked of an origin, and its answer as it streams in.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AsHeaderName, CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, RANGE, USER_AGENT,
};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

use super::connection::Connection;
use super::pool::Pool;
use super::{Error, is_credential};

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
    /// The head of each hop comes within this time; without it within the client's [`Limits::head`](super::Limits::head).
    pub head_within: Option<Duration>,
}

impl Ask {
    /// A plain GET.
    #[must_use]
    pub fn get(url: Url) -> Self {
        let (headers, conditions) = (HeaderMap::new(), HeaderMap::new());
        Self { method: Method::GET, url, headers, stripped: false, range: None, conditions, head_within: None }
    }

    /// The request that asks; what the source configured stands in for our own `User-Agent` and `Accept`.
    pub(super) fn request(&self) -> Result<Request<Empty<Bytes>>, Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &self.url[Position::BeforeHost..Position::AfterPort])
            .header(USER_AGENT, concat!("Mozilla/5.0 (compatible; synctv/", env!("CARGO_PKG_VERSION"), ")"))
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "identity")
            .body(Empty::new())
            .map_err(|_| Error::Url("the URL cannot stand in a request"))?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            if !(self.stripped && is_credential(name)) {
                headers.insert(name, value.clone());
            }
        }
        for (name, value) in &self.conditions {
            headers.insert(name, value.clone());
        }
        if let Some((first, last)) = self.range {
            let last = last.map(|last| last.to_string()).unwrap_or_default();
            let value = HeaderValue::from_str(&format!("bytes={first}-{last}"));
            headers.insert(RANGE, value.map_err(|_| Error::Range)?);
        }
        Ok(request)
    }
}

/// The head of an answer, and its body as it comes. It is never a redirect and never encoded. Its connection is used again once the body was
/// read to its end; dropping it before ends the connection.
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
    body: Incoming,
    /// Until the body's end, and the pool it goes back to.
    connection: Option<(Connection, Arc<Pool>)>,
}

impl Upstream {
    pub(super) fn new(ask: Ask, response: Response<Incoming>, connection: Connection, pool: Arc<Pool>) -> Self {
        let (head, body) = response.into_parts();
        let mut upstream = Self {
            final_url: ask.url,
            stripped: ask.stripped,
            status: head.status,
            headers: head.headers,
            body,
            connection: Some((connection, pool)),
        };
        upstream.release_at_end();
        upstream
    }

    /// The next bytes of the body; `None` at its end.
    ///
    /// # Errors
    /// [`Error::Timeout`] when nothing comes for [`PIECE_TIMEOUT`], [`Error::Length`] when it ends too soon.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.next_until(Instant::now() + PIECE_TIMEOUT).await
    }

    pub(super) async fn next_until(&mut self, deadline: Instant) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = timeout_at(deadline, self.body.frame()).await.map_err(|_| Error::Timeout("send the body"))?;
            let Some(frame) = frame else {
                self.release();
                return Ok(None);
            };
            let frame = frame.map_err(|_| {
                // Nothing can be asked over what broke.
                self.connection = None;
                Error::Length
            })?;
            self.release_at_end();
            // Trailers are passed over.
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
    }

    /// Whether nothing of the body is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }

    /// `Content-Length`, when it is one number.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH)?.parse().ok()
    }

    /// A header's value, when it is text and stands once.
    #[must_use]
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().ok();
        if values.next().is_some() { None } else { first }
    }

    fn release_at_end(&mut self) {
        if self.body.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some((connection, pool)) = self.connection.take() {
            pool.put(connection);
        }
    }
}
