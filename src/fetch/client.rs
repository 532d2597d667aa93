//! GET over HTTP/1.1, with redirects that are judged hop by hop.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, LOCATION, RANGE,
    USER_AGENT,
};
use hyper::{Request, Response};
use ipnet::IpNet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::rustls::ClientConfig;
use url::Url;

use super::dial::{self, Connection};
use super::ranged::Ranged;
use super::upstream::{Ask, Upstream};
use super::{Error, checked, is_credential, parse_url};

/// Time limits of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Resolving, connecting and TLS, each hop.
    pub connect: Duration,
    /// From the request to the end of the response's head, each hop.
    pub head: Duration,
    /// Everything, redirects and body included.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), head: Duration::from_secs(10), whole: Duration::from_secs(20) }
    }
}

/// Redirects that are followed.
const HOPS_MAX: usize = 5;

/// Fetches from the network. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    allow: Vec<IpNet>,
    limits: Limits,
    tls: Arc<ClientConfig>,
}

/// A text that was fetched whole.
#[derive(Debug, Clone)]
pub struct Text {
    /// Where it came from after redirects: what relative URLs in it refer to.
    pub final_url: String,
    /// The bytes as they came.
    pub body: Bytes,
    /// As the origin says.
    pub content_type: Option<String>,
}

impl Client {
    /// Public addresses may be fetched, and those in `allow`.
    #[must_use]
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self::with_limits(allow, Limits::default())
    }

    /// The same with other time limits.
    #[must_use]
    pub fn with_limits(allow: Vec<IpNet>, limits: Limits) -> Self {
        Self { shared: Arc::new(Shared { allow, limits, tls: dial::tls() }) }
    }

    /// A reader of parts of this URL. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`Error::Url`].
    pub fn ranged(&self, url: &str) -> Result<Ranged, Error> {
        Ok(Ranged::new(self.clone(), parse_url(url)?))
    }

    /// The whole body, at most `max_bytes` long.
    ///
    /// # Errors
    /// [`Error`]; [`Error::TooLarge`] when it is longer.
    pub async fn text(&self, url: &str, max_bytes: usize) -> Result<Text, Error> {
        let deadline = self.deadline();
        let mut connection = None;
        let (url, response) = self.get(parse_url(url)?, None, &mut connection, deadline).await?;
        if response.status() != 200 {
            return Err(Error::Status(response.status().as_u16()));
        }
        let content_type = header(&response, CONTENT_TYPE).map(str::to_owned);
        if content_length(&response).is_some_and(|length| length > max_bytes as u64) {
            return Err(Error::TooLarge);
        }
        let body = body(response.into_body(), max_bytes, deadline).await?;
        Ok(Text { final_url: url.into(), body, content_type })
    }

    /// What may be dialled besides public addresses.
    pub(super) fn allow(&self) -> &[IpNet] {
        &self.shared.allow
    }

    /// When a request that begins now must be over.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.shared.limits.whole
    }

    /// A GET through redirects, on `kept` when that leads to the right place; leaves the connection there. The answer is no redirect and not encoded.
    pub(super) async fn get(
        &self,
        mut url: Url,
        range: Option<(u64, u64)>,
        kept: &mut Option<Connection>,
        deadline: Instant,
    ) -> Result<(Url, Response<Incoming>), Error> {
        for _ in 0..=HOPS_MAX {
            let exchange = self.exchange(&url, range, kept);
            let response = timeout_at(deadline, exchange).await.map_err(|_| Error::Timeout("answer"))??;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                let plain =
                    header(&response, CONTENT_ENCODING).is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
                return if plain { Ok((url, response)) } else { Err(Error::Encoded) };
            }
            let location = header(&response, LOCATION).ok_or(Error::Url("the origin redirects to nowhere"))?;
            url = checked(url.join(location).map_err(|_| Error::Url("the origin redirects to what is no URL"))?)?;
            // A redirect's body is nothing that is worth waiting for.
            *kept = None;
        }
        Err(Error::Redirects)
    }

    /// Asks an origin, through redirects; answers as soon as the head is there. Credentials go to the origin of `ask.url` alone, and are
    /// gone for good after the first hop that leads elsewhere.
    ///
    /// # Errors
    /// [`Error`], never [`Error::Status`]: whatever status comes is an answer.
    pub async fn open(&self, mut ask: Ask) -> Result<Upstream, Error> {
        ask.url = checked(ask.url)?;
        for _ in 0..=HOPS_MAX {
            let Limits { connect, head, .. } = self.shared.limits;
            let opened = Connection::open(&ask.url, &self.shared.allow, &self.shared.tls);
            let mut connection =
                timeout(connect, opened).await.map_err(|_| Error::Timeout("accept the connection"))??;
            let sent = timeout(head, connection.send(asked(&ask)?)).await;
            let response = sent.map_err(|_| Error::Timeout("answer"))??;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                let plain = header(&response, CONTENT_ENCODING).is_none_or(|c| c.eq_ignore_ascii_case("identity"));
                if !plain {
                    return Err(Error::Encoded);
                }
                let (parts, body) = response.into_parts();
                let (final_url, stripped) = (ask.url, ask.stripped);
                let (status, headers) = (parts.status, parts.headers);
                return Ok(Upstream { final_url, stripped, status, headers, body, connection: Some(connection) });
            }
            let location = header(&response, LOCATION).ok_or(Error::Url("the origin redirects to nowhere"))?;
            let next = ask.url.join(location).map_err(|_| Error::Url("the origin redirects to what is no URL"))?;
            let next = checked(next)?;
            ask.stripped |= next.origin() != ask.url.origin();
            ask.url = next;
        }
        Err(Error::Redirects)
    }

    async fn exchange(
        &self,
        url: &Url,
        range: Option<(u64, u64)>,
        kept: &mut Option<Connection>,
    ) -> Result<Response<Incoming>, Error> {
        let Limits { connect, head, .. } = self.shared.limits;
        if let Some(mut connection) = kept.take().filter(|connection| connection.serves(url)) {
            match timeout(head, connection.send(request(url, range)?)).await {
                Ok(Ok(response)) => {
                    *kept = Some(connection);
                    return Ok(response);
                }
                // The origin may close a connection just as it is used again: that is no failure yet.
                Ok(Err(_)) => {}
                Err(_) => return Err(Error::Timeout("answer")),
            }
        }
        let opened = Connection::open(url, &self.shared.allow, &self.shared.tls);
        let mut connection = timeout(connect, opened).await.map_err(|_| Error::Timeout("accept the connection"))??;
        let sent = timeout(head, connection.send(request(url, range)?)).await;
        let response = sent.map_err(|_| Error::Timeout("answer"))??;
        *kept = Some(connection);
        Ok(response)
    }
}

/// The request that asks; what the source configured stands in for our own `User-Agent` and `Accept`.
fn asked(ask: &Ask) -> Result<Request<Empty<Bytes>>, Error> {
    let mut request = request(&ask.url, None)?;
    *request.method_mut() = ask.method.clone();
    let headers = request.headers_mut();
    for (name, value) in &ask.headers {
        if !(ask.stripped && is_credential(name)) {
            headers.insert(name, value.clone());
        }
    }
    for (name, value) in &ask.conditions {
        headers.insert(name, value.clone());
    }
    if let Some((first, last)) = ask.range {
        let last = last.map(|last| last.to_string()).unwrap_or_default();
        let value = HeaderValue::from_str(&format!("bytes={first}-{last}"));
        headers.insert(RANGE, value.map_err(|_| Error::Range)?);
    }
    Ok(request)
}

fn request(url: &Url, range: Option<(u64, u64)>) -> Result<Request<Empty<Bytes>>, Error> {
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(HOST, host)
        .header(USER_AGENT, concat!("Mozilla/5.0 (compatible; synctv/", env!("CARGO_PKG_VERSION"), ")"))
        .header(ACCEPT, "*/*")
        .header(ACCEPT_ENCODING, "identity");
    if let Some((first, last)) = range {
        request = request.header(RANGE, format!("bytes={first}-{last}"));
    }
    request.body(Empty::new()).map_err(|_| Error::Url("the URL cannot stand in a request"))
}

/// A header's value, when it is text.
pub(super) fn header<B>(response: &Response<B>, name: impl hyper::header::AsHeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

pub(super) fn content_length<B>(response: &Response<B>) -> Option<u64> {
    header(response, CONTENT_LENGTH)?.parse().ok()
}

/// The whole body.
pub(super) async fn body(mut body: Incoming, max: usize, deadline: Instant) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    while let Some(piece) = next_piece(&mut body, deadline).await? {
        if whole.len() + piece.len() > max {
            return Err(Error::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The next bytes of a body; `None` at its end.
pub(super) async fn next_piece(body: &mut Incoming, deadline: Instant) -> Result<Option<Bytes>, Error> {
    loop {
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| Error::Timeout("send the body"))?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(Error::Length),
            Some(Ok(frame)) => {
                // Trailers are passed over.
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
        }
    }
}
