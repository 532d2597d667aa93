//! One HTTP/1.1 connection to an origin.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::Url;

use super::Error;
use super::dial::Dialer;
use super::head_budget::{Budgeted, HeadBudget};

/// The longest response head, in bytes.
const HEAD_MAX: usize = 64 << 10;
/// The most bytes that are read before a head is complete: interim responses, the head, and what of the body comes with it.
const BEFORE_BODY_MAX: usize = 4 * HEAD_MAX;

/// An HTTP/1.1 connection; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    origin: String,
    budget: HeadBudget,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Resolves, dials what was judged, and greets.
    pub(super) async fn open(url: &Url, dialer: &Dialer, tls: &Arc<ClientConfig>) -> Result<Self, Error> {
        let host = url.host().ok_or(Error::Url("the URL has no host"))?;
        let port = url.port_or_known_default().ok_or(Error::Url("the URL has no port"))?;
        let socket = dialer.dial(&host, port).await?;
        if url.scheme() == "http" {
            return Self::handshake(url, socket).await;
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned()).map_err(|_| Error::Tls)?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, socket).await.map_err(|_| Error::Tls)?;
        Self::handshake(url, stream).await
    }

    async fn handshake(url: &Url, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, Error> {
        let budget = HeadBudget::unlimited();
        let io = Budgeted { socket: io, budget: budget.clone() };
        let handshake = http1::Builder::new().max_buf_size(HEAD_MAX).handshake(TokioIo::new(io));
        let (sender, connection) = handshake.await.map_err(|_| Error::Connection)?;
        // An error of the connection also reaches whoever waits for a response or a body.
        let driver = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { sender, origin: url.origin().ascii_serialization(), budget, driver })
    }

    /// Sends a request and waits for the response's head.
    pub(super) async fn send(&mut self, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, Error> {
        self.sender.ready().await.map_err(|_| Error::Connection)?;
        self.budget.allow(BEFORE_BODY_MAX);
        let response = self.sender.send_request(request).await.map_err(|_| Error::Connection)?;
        self.budget.allow(usize::MAX);
        Ok(response)
    }

    /// Whether it leads to this URL's scheme, host and port, and is still open.
    pub(super) fn serves(&self, url: &Url) -> bool {
        self.origin == url.origin().ascii_serialization() && !self.is_closed()
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// TLS that trusts the public certificate authorities, and these.
pub(super) fn tls(authorities: Vec<CertificateDer<'static>>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // What is no certificate authority is found when the file is read.
    roots.add_parsable_certificates(authorities);
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
