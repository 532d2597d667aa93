//! GET and HEAD over HTTP/1.1, with redirects that are judged hop by hop.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, TRANSFER_ENCODING};
use ipnet::IpNet;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::rustls::ClientConfig;
use url::Host;

use super::connection::{Connection, tls};
use super::dial::{Dialer, Resolver};
use super::pool::Pool;
use super::ranged::Ranged;
use super::upstream::{Ask, Upstream};
use super::{Error, OwnPorts, checked, parse_url};

/// Time limits of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Resolving, connecting and TLS, each hop.
    pub connect: Duration,
    /// From the request to the end of the response's head, each hop.
    pub head: Duration,
    /// All hops to the last head; for a body that is read whole, until its end.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), head: Duration::from_secs(10), whole: Duration::from_secs(20) }
    }
}

/// What a [`Client`] is made with. By default only public addresses are fetched.
#[derive(Debug, Default)]
pub struct Settings {
    /// Addresses that may be fetched although they are not public.
    pub allow: Vec<IpNet>,
    /// What listens here, and is never fetched.
    pub own: OwnPorts,
    /// Certificate authorities that are trusted besides the public ones.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Time limits.
    pub limits: Limits,
}

/// Redirects that are followed.
const HOPS_MAX: usize = 5;

/// Fetches from the network, over connections that are kept for the next request. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dialer: Dialer,
    limits: Limits,
    tls: Arc<ClientConfig>,
    pool: Arc<Pool>,
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
    /// Public addresses may be fetched, and those in `allow`; nothing is known to listen here.
    #[must_use]
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self::with_settings(Settings { allow, ..Settings::default() })
    }

    /// A client with all its settings.
    #[must_use]
    pub fn with_settings(settings: Settings) -> Self {
        Self::resolving(settings, Resolver::System)
    }

    pub(super) fn resolving(settings: Settings, resolver: Resolver) -> Self {
        let Settings { allow, own, authorities, limits } = settings;
        let dialer = Dialer { allow, own, resolver };
        Self { shared: Arc::new(Shared { dialer, limits, tls: tls(authorities), pool: Arc::default() }) }
    }

    /// A reader of parts of this URL. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`Error::Url`].
    pub fn ranged(&self, url: &str) -> Result<Ranged, Error> {
        Ok(Ranged::new(self.clone(), Ask::get(parse_url(url)?)))
    }

    /// A reader of parts of what is asked for, with its headers. Nothing is fetched yet.
    #[must_use]
    pub fn ranged_as(&self, ask: Ask) -> Ranged {
        Ranged::new(self.clone(), ask)
    }

    /// The whole body, at most `max_bytes` long.
    ///
    /// # Errors
    /// As [`Client::text_as`].
    pub async fn text(&self, url: &str, max_bytes: usize) -> Result<Text, Error> {
        self.text_as(Ask::get(parse_url(url)?), max_bytes).await
    }

    /// The whole body of what is asked for, at most `max_bytes` long.
    ///
    /// # Errors
    /// [`Error`]; [`Error::TooLarge`] when it is longer, [`Error::Status`] for any answer but 200.
    pub async fn text_as(&self, ask: Ask, max_bytes: usize) -> Result<Text, Error> {
        let deadline = self.deadline();
        let mut upstream = self.open(ask).await?;
        if upstream.status != 200 {
            return Err(Error::Status(upstream.status.as_u16()));
        }
        let content_type = upstream.header(CONTENT_TYPE).map(str::to_owned);
        if upstream.length().is_some_and(|length| length > max_bytes as u64) {
            return Err(Error::TooLarge);
        }
        let body = body(&mut upstream, max_bytes, deadline).await?;
        Ok(Text { final_url: upstream.final_url.into(), body, content_type })
    }

    /// When a request that begins now must be over.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.shared.limits.whole
    }

    /// Asks an origin, through redirects; answers as soon as the head is there. Credentials go to the origin of `ask.url` alone, and are
    /// gone for good after the first hop that leads elsewhere.
    ///
    /// # Errors
    /// [`Error`], never [`Error::Status`]: whatever status comes is an answer.
    pub async fn open(&self, ask: Ask) -> Result<Upstream, Error> {
        let whole = self.shared.limits.whole.max(ask.head_within.unwrap_or_default());
        let opened = timeout(whole, self.follow(ask)).await.unwrap_or(Err(Error::Timeout("answer")));
        if let Err(error) = &opened {
            // What is told outside is less: see `Error::outward`.
            tracing::info!(%error, "an origin could not be fetched");
        }
        opened
    }

    async fn follow(&self, mut ask: Ask) -> Result<Upstream, Error> {
        ask.url = checked(ask.url)?;
        for _ in 0..=HOPS_MAX {
            let (response, connection) = self.exchange(&ask).await?;
            let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            if !redirects {
                return self.answer(ask, response, connection);
            }
            let location = header(&response, LOCATION).ok_or(Error::Url("the origin redirects to nowhere"))?;
            let next = ask.url.join(location).map_err(|_| Error::Url("the origin redirects to what is no URL"))?;
            let next = checked(next)?;
            ask.stripped |= next.origin() != ask.url.origin();
            ask.url = next;
            // A redirect's body is nothing that is worth waiting for.
            if response.body().is_end_stream() {
                self.shared.pool.put(connection);
            }
        }
        Err(Error::Redirects)
    }

    fn answer(&self, ask: Ask, response: Response<Incoming>, connection: Connection) -> Result<Upstream, Error> {
        let plain = |coding: &str| coding.eq_ignore_ascii_case("identity");
        if !response.headers().get_all(CONTENT_ENCODING).iter().all(|coding| coding.to_str().is_ok_and(plain)) {
            return Err(Error::Encoded);
        }
        // Two ways to tell the length: somebody on the way reads the other one (RFC 9112 6.3).
        if response.headers().contains_key(CONTENT_LENGTH) && response.headers().contains_key(TRANSFER_ENCODING) {
            return Err(Error::Length);
        }
        Ok(Upstream::new(ask, response, connection, Arc::clone(&self.shared.pool)))
    }

    /// One request and its head, on a kept connection when there is one.
    async fn exchange(&self, ask: &Ask) -> Result<(Response<Incoming>, Connection), Error> {
        if self.shared.dialer.own.publish(&ask.url) {
            return Err(Error::Refused);
        }
        let Limits { connect, head, .. } = self.shared.limits;
        let head = ask.head_within.unwrap_or(head);
        if let Some(mut connection) = self.shared.pool.take(&ask.url) {
            match timeout(head, connection.send(ask.request()?)).await {
                Ok(Ok(response)) => return Ok((response, connection)),
                // The origin may close a connection just as it is used again: that is no failure yet.
                Ok(Err(_)) => {}
                Err(_) => return Err(Error::Timeout("answer")),
            }
        }
        let opened = Connection::open(&ask.url, &self.shared.dialer, &self.shared.tls);
        let mut connection = timeout(connect, opened).await.map_err(|_| Error::Timeout("accept the connection"))??;
        let sent = timeout(head, connection.send(ask.request()?)).await;
        let response = sent.map_err(|_| Error::Timeout("answer"))??;
        Ok((response, connection))
    }

    /// A bare TCP connection to a judged address, for what does not speak HTTP. The host is a name, an IPv4 address in any spelling, or an
    /// IPv6 address with or without brackets.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Refused`], [`Error::Unresolved`], [`Error::Connection`], [`Error::Timeout`].
    pub async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let host = match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(v4)) => Host::Ipv4(v4),
            Ok(IpAddr::V6(v6)) => Host::Ipv6(v6),
            Err(_) => Host::parse(host).map_err(|_| Error::Url("the URL's host is none"))?,
        };
        let host = match &host {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(v4) => Host::Ipv4(*v4),
            Host::Ipv6(v6) => Host::Ipv6(*v6),
        };
        let dialled = timeout(self.shared.limits.connect, self.shared.dialer.dial(&host, port)).await;
        let dialled = dialled.unwrap_or(Err(Error::Timeout("accept the connection")));
        if let Err(error) = &dialled {
            tracing::info!(%error, "an origin could not be dialled");
        }
        dialled
    }

    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.shared.pool.len()
    }
}

/// A header's value, when it is text.
pub(super) fn header<B>(response: &Response<B>, name: impl hyper::header::AsHeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

/// The whole body.
pub(super) async fn body(upstream: &mut Upstream, max: usize, deadline: Instant) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    while let Some(piece) = upstream.next_until(deadline).await? {
        if whole.len() + piece.len() > max {
            return Err(Error::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}
