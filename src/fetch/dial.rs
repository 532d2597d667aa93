//! A connection to a judged address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::{Host, Url};

use super::{Error, guard};

/// The longest response head, in bytes.
const HEAD_MAX: usize = 64 << 10;
/// Of the addresses of a name, so many are tried.
const ADDRESSES_MAX: usize = 4;

/// An HTTP/1.1 connection; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    origin: String,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Whether it leads to this URL's scheme, host and port, and is still open.
    pub(super) fn serves(&self, url: &Url) -> bool {
        self.origin == url.origin().ascii_serialization() && !self.sender.is_closed()
    }

    /// Sends a request and waits for the response's head.
    pub(super) async fn send(&mut self, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, Error> {
        self.sender.ready().await.map_err(|_| Error::Connection)?;
        self.sender.send_request(request).await.map_err(|_| Error::Connection)
    }

    /// Resolves once, has every address judged, dials one of them.
    pub(super) async fn open(url: &Url, allow: &[IpNet], tls: &Arc<ClientConfig>) -> Result<Self, Error> {
        let socket = connect(&judged(url, allow).await?).await?;
        // Small requests on a connection that is used again must not wait for acknowledgements.
        let _ = socket.set_nodelay(true);
        if url.scheme() == "http" {
            return Self::handshake(url, socket).await;
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned()).map_err(|_| Error::Tls)?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, socket).await.map_err(|_| Error::Tls)?;
        Self::handshake(url, stream).await
    }

    async fn handshake(url: &Url, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, Error> {
        let handshake = http1::Builder::new().max_buf_size(HEAD_MAX).handshake(TokioIo::new(io));
        let (sender, connection) = handshake.await.map_err(|_| Error::Connection)?;
        // An error of the connection also reaches whoever waits for a response or a body.
        let driver = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { sender, origin: url.origin().ascii_serialization(), driver })
    }
}

/// The addresses behind a URL, none of which may be a refused one: a name with one good and one bad address is an attack, or will be.
pub(super) async fn judged(url: &Url, allow: &[IpNet]) -> Result<Vec<SocketAddr>, Error> {
    let port = url.port_or_known_default().ok_or(Error::Url("the URL has no port"))?;
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(v4)) => vec![(IpAddr::V4(v4), port).into()],
        Some(Host::Ipv6(v6)) => vec![(IpAddr::V6(v6), port).into()],
        Some(Host::Domain(name)) => lookup_host((name, port)).await.map_err(|_| Error::Unresolved)?.collect(),
        None => return Err(Error::Url("the URL has no host")),
    };
    judge(addresses, allow)
}

fn judge(addresses: Vec<SocketAddr>, allow: &[IpNet]) -> Result<Vec<SocketAddr>, Error> {
    if addresses.is_empty() {
        return Err(Error::Unresolved);
    }
    if addresses.iter().all(|address| guard::permitted(address.ip(), allow)) {
        Ok(addresses)
    } else {
        Err(Error::Refused)
    }
}

pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    // A dead address must leave time for the next one; the caller bounds the whole.
    let each = Duration::from_millis(if addresses.len() == 1 { 60_000 } else { 2000 });
    for address in addresses.iter().take(ADDRESSES_MAX) {
        if let Ok(Ok(socket)) = timeout(each, TcpStream::connect(address)).await {
            return Ok(socket);
        }
    }
    Err(Error::Connection)
}

/// TLS that trusts the public certificate authorities.
pub(super) fn tls() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_address_among_good_ones_refuses_the_name() {
        let judged =
            |addresses: &[&str]| judge(addresses.iter().map(|address| address.parse().unwrap()).collect(), &[]);
        assert_eq!(judged(&["8.8.8.8:80", "[2a00::1]:80"]).map(|addresses| addresses.len()), Ok(2));
        assert_eq!(judged(&["8.8.8.8:80", "10.0.0.1:80"]), Err(Error::Refused));
        assert_eq!(judged(&["[::1]:80", "8.8.8.8:80"]), Err(Error::Refused));
        assert_eq!(judged(&[]), Err(Error::Unresolved));
    }
}
