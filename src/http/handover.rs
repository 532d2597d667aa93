//! Takes a connection back from hyper once it has sent a response head, so that the live plane or a room can use the socket
//! itself: no HTTP machinery is held for each, and one task writes to many viewers.
//!
//! WebSocket: hyper is done with the connection after the 101. FLV: the response's body never yields; its first poll says
//! that the head is encoded, and the flush that follows says that the head has been written.

use super::rooms::session::Joined;
use crate::live::{Framing, Stream};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// What becomes of the connection.
#[derive(Debug)]
pub enum Takeover {
    /// A viewer's.
    Live(Watching),
    /// A member's.
    Room(Box<Joined>),
}

/// A viewer of a live stream.
#[derive(Debug)]
pub struct Watching {
    /// The stream to watch.
    pub stream: Arc<Stream>,
    /// How FLV is framed behind the head.
    pub framing: Framing,
}

const IDLE: u8 = 0;
const HEAD_ENCODED: u8 = 1;
const HEAD_WRITTEN: u8 = 2;

/// Shared by the connection's driver, its socket and the service that answers on it.
#[derive(Debug, Default)]
pub struct Handover {
    takeover: Mutex<Option<Takeover>>,
    stage: AtomicU8,
}

impl Handover {
    /// Asks for the connection.
    pub fn ask(&self, takeover: Takeover) {
        *self.takeover.lock() = Some(takeover);
    }

    /// Whether the head of a response with a [`HeadOnly`] body is on the wire.
    pub fn is_head_written(&self) -> bool {
        self.stage.load(Relaxed) == HEAD_WRITTEN
    }

    /// What was asked for.
    pub fn take(&self) -> Option<Takeover> {
        self.takeover.lock().take()
    }
}

/// A body that never yields.
#[derive(Debug)]
pub struct HeadOnly(pub Arc<Handover>);

impl Body for HeadOnly {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let _ = self.0.stage.compare_exchange(IDLE, HEAD_ENCODED, Relaxed, Relaxed);
        Poll::Pending
    }
}

/// A peer that takes nothing for this long is given up: hyper itself would wait for ever.
pub const STALL: Duration = Duration::from_secs(20);

/// The connection as hyper sees it: notes when everything buffered has been written, and fails when the peer stalls.
#[derive(Debug)]
pub struct Watched<T> {
    pub io: T,
    pub handover: Arc<Handover>,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<T> Watched<T> {
    /// Ready for hyper.
    pub fn new(io: T, handover: Arc<Handover>) -> TokioIo<Self> {
        TokioIo::new(Self { io, handover, stalled: None })
    }
}

impl<T> Watched<T> {
    fn unless_stalled<R>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.unless_stalled(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.unless_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// hyper flushes the socket after it has written its whole buffer, never before.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            let _ = self.handover.stage.compare_exchange(HEAD_ENCODED, HEAD_WRITTEN, Relaxed, Relaxed);
        }
        self.unless_stalled(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.io).poll_shutdown(cx);
        self.unless_stalled(cx, closed)
    }
}
