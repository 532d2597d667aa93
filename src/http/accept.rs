//! The accept loops: TCP (HTTP/1.1, HTTP/2 with prior knowledge, TLS when configured) and the Unix socket of the CLI.

use super::{
    handover::{Handover, Takeover, Watched},
    route::{Client, Gateway},
};
use crate::live::{Crowd, Viewer, follow};
use axum::body::Body;
use bytes::Bytes;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::{convert::Infallible, future::poll_fn, io, net::SocketAddr, pin::pin, sync::Arc, task::Poll, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixListener},
    sync::Semaphore,
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
        let served = async move {
            let _place = place;
            if let Err(error) = connection(socket, peer, tls, gateway, stop).await {
                tracing::debug!(%error, "HTTP connection ended");
            }
        };
        tasks.spawn(served.instrument(span));
    }
}

async fn connection(
    socket: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
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
        return http1(socket, peer, gateway, stop, Plain).await;
    };
    let Some(stream) = stop.run_until_cancelled(timeout(HEAD_TIMEOUT, tls.accept(socket))).await else {
        return Ok(());
    };
    let stream = stream??;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http2(stream, peer, gateway, stop).await
    } else {
        http1(stream, peer, gateway, stop, Encrypted).await
    }
}

/// What can be done with a connection that hyper has given back.
trait Transport<T>: Copy + Send + 'static {
    /// Whether an FLV response may take the socket; else its body goes through hyper.
    const DIRECT: bool;
    /// Serves the viewer until it is over, or hands it to the stream's pump.
    fn start(self, takeover: Takeover, io: T, early: Bytes) -> impl Future<Output = ()> + Send;
}

#[derive(Clone, Copy)]
struct Plain;
#[derive(Clone, Copy)]
struct Encrypted;

impl Transport<TcpStream> for Plain {
    const DIRECT: bool = true;

    async fn start(self, takeover: Takeover, io: TcpStream, early: Bytes) {
        let _ = socket2::SockRef::from(&io).set_tcp_notsent_lowat(UNSENT_BYTES);
        let stream = takeover.stream;
        let viewer = Viewer::new(stream.clone(), io, takeover.framing, &early);
        stream.shard().add(&stream, viewer);
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport<T> for Encrypted {
    const DIRECT: bool = false;

    async fn start(self, takeover: Takeover, io: T, early: Bytes) {
        super::ws::relay(follow(takeover.stream, takeover.framing), io, early).await;
    }
}

async fn http1<T, P>(
    io: T,
    peer: SocketAddr,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    transport: P,
) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Transport<T>,
{
    let handover = Arc::new(Handover::default());
    let client = Client { peer, handover: Some(handover.clone()), direct: P::DIRECT };
    let service = service_fn(move |request: Request<Incoming>| {
        let (gateway, client) = (gateway.clone(), client.clone());
        Box::pin(async move { Ok::<_, Infallible>(gateway.answer(request.map(Body::new), client).await) })
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES).half_close(false);
    let mut connection = builder.serve_connection(Watched::new(io, handover.clone()), service);
    let mut stopped = pin!(stop.cancelled());
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
        Some(takeover) => transport.start(takeover, io, parts.read_buf).await,
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
pub async fn serve_unix(listener: UnixListener, api: axum::Router, stop: CancellationToken) {
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
        let api = api.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| api.clone().oneshot(request.map(Body::new)));
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}
