//! Asking a running server: over the Unix socket in its data directory, or over TCP with a token.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Common, serve};
use crate::config::{Config, socket_path};
use crate::http::admin::wire::ProblemBody;
use crate::secret::Secret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Where a media's origin is slow, its server is asked again for so long.
const SLOW_ORIGIN: Duration = Duration::from_secs(20);
/// No answer of the API is longer, in bytes.
const ANSWER_MAX: usize = 64 << 20;

/// A server to ask.
#[derive(Debug)]
pub(super) struct Client {
    target: Target,
}

#[derive(Debug)]
enum Target {
    Local { data_dir: PathBuf },
    Remote { url: Uri, token: Option<Secret>, ca: Option<PathBuf> },
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

impl Client {
    /// The server that the common arguments name.
    pub(super) fn new(common: &Common) -> Result<Self> {
        let target = match &common.server {
            Some(server) => {
                let url: Uri = server.parse().ok().with_context(|| wrong_url(server))?;
                if url.authority().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
                    bail!(wrong_url(server));
                }
                Target::Remote { url, token: common.token.clone(), ca: common.ca.clone() }
            }
            None => Target::Local { data_dir: data_dir(common)? },
        };
        Ok(Self { target })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let answer = self.ask(Method::GET, path, Bytes::new()).await?;
            // The server waits a while for an origin before it says so, and goes on asking it.
            if answer.status != StatusCode::GATEWAY_TIMEOUT || begun.elapsed() > SLOW_ORIGIN {
                return answer.judge(&self.name());
            }
        }
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, Bytes::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value> {
        self.call(Method::POST, path, serde_json::to_vec(body)?.into()).await
    }

    pub(super) async fn patch(&self, path: &str, body: &impl Serialize) -> Result<Value> {
        self.call(Method::PATCH, path, serde_json::to_vec(body)?.into()).await
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Value> {
        self.ask(method, path, body).await?.judge(&self.name())
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, self.connect())
            .await
            .map_err(|_| anyhow!("{} does not answer: is the address right?", self.name()))??;
        let request = self.request(method, path, body)?;
        tokio::time::timeout(ANSWER_TIMEOUT, exchange(stream, request))
            .await
            .map_err(|_| anyhow!("{} took the request and did not answer in time", self.name()))?
            .with_context(|| format!("asking {} failed", self.name()))
    }

    /// Opens a WebSocket (RFC 6455 4.1).
    pub(super) async fn websocket(&self, path: &str) -> Result<Upgraded, NotJoined> {
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await;
        let stream = connected.unwrap_or_else(|_| Err(anyhow!("{} does not answer", self.name())));
        let stream = stream.map_err(NotJoined::Unreachable)?;
        let mut request = self.request(Method::GET, path, Bytes::new()).map_err(NotJoined::Refused)?;
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|err| NotJoined::Refused(anyhow!("no random bytes: {err}")))?;
        let key = HeaderValue::from_str(&STANDARD.encode(nonce)).expect("base64 can stand in a header");
        let headers = request.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, key);
        let answered = tokio::time::timeout(ANSWER_TIMEOUT, upgrade(stream, request)).await;
        let answered = answered.unwrap_or_else(|_| Err(anyhow!("{} does not answer in time", self.name())));
        match answered.map_err(NotJoined::Later)? {
            Upgrade::Switched(socket) => Ok(socket),
            Upgrade::Answered(answer) => {
                let later = answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS;
                let Err(err) = answer.judge(&self.name()) else {
                    return Err(NotJoined::Refused(anyhow!("{} speaks no WebSocket there", self.name())));
                };
                Err(if later { NotJoined::Later(err) } else { NotJoined::Refused(err) })
            }
        }
    }

    fn name(&self) -> String {
        match &self.target {
            Target::Local { data_dir } => format!("the synctv on {}", data_dir.display()),
            Target::Remote { url, .. } => url.to_string(),
        }
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>> {
        let (host, base, token) = match &self.target {
            Target::Local { .. } => ("localhost", "", None),
            Target::Remote { url, token, .. } => {
                (url.authority().map_or("", |a| a.as_str()), url.path().trim_end_matches('/'), token.as_ref())
            }
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{base}/api/v1{path}"))
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        request.body(Full::new(body)).context("the token cannot stand in a request")
    }

    async fn connect(&self) -> Result<Box<dyn Stream>> {
        match &self.target {
            Target::Local { data_dir } => connect_local(data_dir).await,
            Target::Remote { url, ca, .. } => connect_remote(url, ca.as_deref()).await,
        }
    }
}

/// Why there is no WebSocket.
#[derive(Debug)]
pub(super) enum NotJoined {
    /// The server does not want this client.
    Refused(anyhow::Error),
    /// The server cannot have it now.
    Later(anyhow::Error),
    /// Nothing answers there.
    Unreachable(anyhow::Error),
}

fn wrong_url(server: &str) -> String {
    format!("`{server}` is not the URL of a server: write it like http://HOST:8080 or https://HOST")
}

/// The data directory of the server on this machine, found the same way the server finds it.
fn data_dir(common: &Common) -> Result<PathBuf> {
    match &common.data_dir {
        Some(dir) => Ok(dir.clone()),
        None => Ok(Config::load(&serve::flags(common))?.data_dir),
    }
}

async fn connect_local(data_dir: &Path) -> Result<Box<dyn Stream>> {
    let dir = data_dir.display();
    let path = socket_path(data_dir);
    match UnixStream::connect(&path).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(err) => match err.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory => {
                bail!("no synctv is running on {dir}: start one with `synctv serve --data-dir {dir}`")
            }
            ErrorKind::PermissionDenied => {
                bail!("you may not talk to the synctv on {dir}: use the account that runs it, or --server and --token")
            }
            _ => Err(err).with_context(|| format!("cannot talk to the synctv on {dir} ({})", path.display())),
        },
    }
}

async fn connect_remote(url: &Uri, ca: Option<&Path>) -> Result<Box<dyn Stream>> {
    let tls = url.scheme_str() == Some("https");
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port))
        .await
        .with_context(|| format!("nothing answers at {url}: is synctv running there, and is the address right?"))?;
    if !tls {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(host).with_context(|| format!("{url} has no name a certificate could carry"))?;
    let connector = TlsConnector::from(Arc::new(tls_config(ca)?));
    let stream = connector
        .connect(name, stream)
        .await
        .with_context(|| format!("no trusted TLS connection to {url} (for a certificate of your own: --ca FILE)"))?;
    Ok(Box::new(stream))
}

fn tls_config(ca: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let wrong = || format!("cannot read certificates from {}", file.display());
            for cert in CertificateDer::pem_file_iter(file).with_context(wrong)? {
                roots.add(cert.with_context(wrong)?).with_context(wrong)?;
            }
            if roots.is_empty() {
                bail!("there is no certificate in {}", file.display());
            }
        }
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// An answer, not judged yet.
struct Answer {
    status: StatusCode,
    body: Bytes,
}

async fn exchange(stream: Box<dyn Stream>, request: Request<Full<Bytes>>) -> Result<Answer> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
    let body = body.map_err(|err| anyhow!("the answer broke off: {err}"))?.to_bytes();
    driver.abort();
    Ok(Answer { status, body })
}

/// What became of a request for a WebSocket.
enum Upgrade {
    Switched(Upgraded),
    Answered(Answer),
}

async fn upgrade(stream: Box<dyn Stream>, request: Request<Full<Bytes>>) -> Result<Upgrade> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Upgrade::Switched(hyper::upgrade::on(response).await?));
    }
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
    let body = body.map_err(|err| anyhow!("the answer broke off: {err}"))?.to_bytes();
    Ok(Upgrade::Answered(Answer { status, body }))
}

impl Answer {
    /// The JSON of a success; of a failure, the server's own words.
    fn judge(self, server: &str) -> Result<Value> {
        if !self.status.is_success() {
            return match serde_json::from_slice::<ProblemBody>(&self.body) {
                Ok(problem) => Err(anyhow!(match next_step(&problem) {
                    Some(step) => format!("{}: {step}", problem.detail),
                    None => problem.detail,
                })),
                Err(_) => Err(anyhow!("{server} answered {}: is it a synctv?", self.status)),
            };
        }
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).with_context(|| format!("{server} did not answer in JSON: is it a synctv?"))
    }
}

/// What to do about a refusal, in words of this command line, which the server does not know.
fn next_step(problem: &ProblemBody) -> Option<&'static str> {
    if problem.state.is_some() {
        return Some(
            "`synctv playback get ROOM` shows what it is; without --version the command is done on any version",
        );
    }
    let what = problem.detail.strip_prefix("there is no ").filter(|_| problem.status == 404)?;
    match what.split(' ').next()? {
        "room" => Some("`synctv room list` shows those there are"),
        "playlist" => Some("`synctv playlist list ROOM` shows those there are"),
        "media" => Some("`synctv media list ROOM --all` shows those there are"),
        "token" => Some("`synctv room tokens ROOM` shows those there are"),
        "member" => Some("`synctv room members ROOM` shows who is there"),
        "stream" => Some("`synctv stream list` shows those there are"),
        "key" => Some("`synctv key list` shows those there are"),
        _ => None,
    }
}

/// Reads an answer into its type.
pub(super) fn read<T: DeserializeOwned>(answer: Value) -> Result<T> {
    serde_json::from_value(answer).context("the server speaks another version of the API: use its own synctv command")
}

/// A text as one segment of a path or one value of a query (RFC 3986 2.3).
pub(super) fn segment(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~') || b == b'.' && text.len() > 2;
    text.bytes().fold(String::new(), |mut out, b| {
        if keep(b) {
            out.push(char::from(b));
        } else {
            out += &format!("%{b:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_next() {
        let refusal = |status: u16, detail: &str| {
            let body = serde_json::json!({"type": "about:blank", "title": "x", "status": status, "detail": detail});
            let answer = Answer { status: StatusCode::from_u16(status).unwrap(), body: body.to_string().into() };
            answer.judge("s").unwrap_err().to_string()
        };
        let told = refusal(404, "there is no room `x`");
        assert_eq!(told, "there is no room `x`: `synctv room list` shows those there are");
        assert_eq!(refusal(404, "there is nothing at /x"), "there is nothing at /x");
        assert_eq!(refusal(409, "there is no room for it"), "there is no room for it");
    }

    #[test]
    fn odd_names_cannot_leave_their_segment() {
        assert_eq!(segment("demo-1_b.c"), "demo-1_b.c");
        assert_eq!(segment("../a?b=c#d e"), "..%2Fa%3Fb%3Dc%23d%20e");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
