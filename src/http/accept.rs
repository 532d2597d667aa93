//! The accept loops: TCP (HTTP/1.1, HTTP/2 with prior knowledge, TLS when configured) and the Unix socket of the CLI.

use super::{
    handover::{Handover, Takeover, Watched, Watching},
    rooms::session,
    route::{Client, Gateway},
};
use crate::live::{Crowd, Viewer, follow};
use axum::body::Body;
use bytes::Bytes;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::{convert::Infallible, future::poll_fn, io, net::SocketAddr, pin::pin, sync::Arc, task::Poll, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixListener},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tracing::Instrument;

/// A request head, and a TLS handshake, come within this time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request head at most.
const HEAD_BYTES: usize = 16 * 1024;
/// Unsent bytes the kernel queues for a viewer before it is asked to wait: what makes a slow one visible early.
const UNSENT_BYTES: u32 = 256 * 1024;
/// How often an HTTP/2 peer is asked whether it is still there; nothing else would notice one that has vanished.
const H2_PING: Duration = Duration::from_secs(20);
/// How HTTP/2 (RFC 9113 3.4) opens a plain connection.
const H2_PREFACE: &[u8] = b"PRI";

/// A bound listener and how to talk on it.
pub struct Listener {
    /// The socket.
    pub tcp: TcpListener,
    /// TLS, when configured.
    pub tls: Option<TlsAcceptor>,
    /// Connections at most; one more is closed unanswered.
    pub max_connections: usize,
}

/// Accepts until `stop`; connections in flight are tracked by `tasks` and end by themselves.
pub async fn serve(listener: Listener, gateway: Arc<Gateway>, stop: CancellationToken, tasks: TaskTracker) {
    let room = Arc::new(Semaphore::new(listener.max_connections));
    let mut crowd = Crowd::new("http.max_connections");
    let mut next_id: u64 = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.tcp.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "HTTP accept failed");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = room.clone().try_acquire_owned() else {
            crowd.refuse(peer);
            continue;
        };
        next_id += 1;
        // At debug level, so that nothing is paid for it in front of thousands of viewers.
        let span = tracing::debug_span!("http", conn = next_id, %peer);
        let (gateway, tls, stop) = (gateway.clone(), listener.tls.clone(), stop.clone());
        let seat = Seat { _place: Some(place), tasks: tasks.clone() };
        let served = async move {
            if let Err(error) = connection(socket, peer, tls, gateway, stop, seat).await {
                tracing::debug!(%error, "HTTP connection ended");
            }
        };
        tasks.spawn(served.instrument(span));
    }
}

/// What a connection holds while it is HTTP's.
struct Seat {
    _place: Option<OwnedSemaphorePermit>,
    tasks: TaskTracker,
}

async fn connection(
    socket: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    seat: Seat,
) -> io::Result<()> {
    let _ = socket.set_nodelay(true);
    let Some(tls) = tls else {
        let mut opening = [0; H2_PREFACE.len()];
        // A connection that says nothing is not worth a parser.
        let Some(peeked) = stop.run_until_cancelled(timeout(HEAD_TIMEOUT, socket.peek(&mut opening))).await else {
            return Ok(());
        };
        let peeked = peeked??;
        if &opening[..peeked] == H2_PREFACE {
            return http2(socket, peer, gateway, stop).await;
        }
        return gateway_http1(socket, peer, gateway, stop, Plain, seat).await;
    };
    let Some(stream) = stop.run_until_cancelled(timeout(HEAD_TIMEOUT, tls.accept(socket))).await else {
        return Ok(());
    };
    let stream = stream??;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http2(stream, peer, gateway, stop).await
    } else {
        gateway_http1(stream, peer, gateway, stop, Encrypted, seat).await
    }
}

/// What can be done with a connection that hyper has given back.
trait Transport<T>: Copy + Send + 'static {
    /// Whether an FLV response may take the socket; else its body goes through hyper.
    const DIRECT: bool;
    /// Serves the viewer until it is over, or hands it to the stream's pump.
    fn start(self, watching: Watching, io: T, early: Bytes) -> impl Future<Output = ()> + Send;
}

#[derive(Clone, Copy)]
struct Plain;
#[derive(Clone, Copy)]
struct Encrypted;

impl Transport<TcpStream> for Plain {
    const DIRECT: bool = true;

    async fn start(self, watching: Watching, io: TcpStream, early: Bytes) {
        let _ = socket2::SockRef::from(&io).set_tcp_notsent_lowat(UNSENT_BYTES);
        let stream = watching.stream;
        let viewer = Viewer::new(stream.clone(), io, watching.framing, &early);
        stream.shard().add(&stream, viewer);
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport<T> for Encrypted {
    const DIRECT: bool = false;

    async fn start(self, watching: Watching, io: T, early: Bytes) {
        super::ws::relay(follow(watching.stream, watching.framing), io, early).await;
    }
}

async fn gateway_http1<T, P>(
    io: T,
    peer: SocketAddr,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    transport: P,
    seat: Seat,
) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Transport<T>,
{
    let handover = Arc::new(Handover::default());
    let client = Client { peer, handover: Some(handover.clone()), direct: P::DIRECT };
    let answer = move |request| {
        let (gateway, client) = (gateway.clone(), client.clone());
        async move { gateway.answer(request, client).await }
    };
    http1(io, handover, answer, stop, transport, seat).await
}

async fn http1<T, P, A, F>(
    io: T,
    handover: Arc<Handover>,
    answer: A,
    stop: CancellationToken,
    transport: P,
    seat: Seat,
) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Transport<T>,
    A: Fn(Request<Body>) -> F + Unpin,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answered = answer(request.map(Body::new));
        Box::pin(async move { Ok::<_, Infallible>(answered.await) })
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES).half_close(false);
    let mut connection = builder.serve_connection(Watched::new(io, handover.clone()), service);
    let mut stopped = pin!(stop.clone().cancelled_owned());
    let mut stopping = false;
    poll_fn(|cx| {
        if !stopping && stopped.as_mut().poll(cx).is_ready() {
            stopping = true;
            std::pin::Pin::new(&mut connection).graceful_shutdown();
        }
        match connection.poll_without_shutdown(cx) {
            Poll::Pending if handover.is_head_written() => Poll::Ready(Ok(())),
            polled => polled,
        }
    })
    .await
    .map_err(io::Error::other)?;
    let parts = connection.into_parts();
    let mut io = parts.io.into_inner().io;
    match handover.take() {
        Some(Takeover::Live(watching)) => transport.start(watching, io, parts.read_buf).await,
        // A task of its own: this one, with all that HTTP needed, ends. Members have limits of their own, so that a crowd in the rooms keeps
        // nobody from the API.
        Some(Takeover::Room(joined)) => {
            seat.tasks.spawn(session::run(*joined, Box::new(io), parts.read_buf, stop).in_current_span());
        }
        None => io.shutdown().await?,
    }
    Ok(())
}

async fn http2<T>(io: T, peer: SocketAddr, gateway: Arc<Gateway>, stop: CancellationToken) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let client = Client { peer, handover: None, direct: false };
    let service = service_fn(move |request: Request<Incoming>| {
        let (gateway, client) = (gateway.clone(), client.clone());
        async move { Ok::<_, Infallible>(gateway.answer(request.map(Body::new), client).await) }
    });
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    builder.keep_alive_interval(H2_PING);
    builder.timer(TokioTimer::new()).max_concurrent_streams(64).max_header_list_size(HEAD_BYTES as u32);
    let mut connection = pin!(builder.serve_connection(Watched::new(io, Arc::default()), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    ended.map_err(io::Error::other)
}

/// Serves the operator's API on the Unix socket: whoever may open the file is the operator.
pub async fn serve_unix(listener: UnixListener, api: axum::Router, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "accept on the operator's socket failed");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (api, stop) = (api.clone(), stop.clone());
        let seat = Seat { _place: None, tasks: tasks.clone() };
        let handover = Arc::new(Handover::default());
        let asked = handover.clone();
        let answer = move |mut request: Request<Body>| {
            request.extensions_mut().insert(asked.clone());
            let answered = api.clone().oneshot(request);
            async move { answered.await.unwrap_or_else(|never| match never {}) }
        };
        tasks.spawn(async move {
            let _ = http1(socket, handover, answer, stop, Encrypted, seat).await;
        });
    }
}
