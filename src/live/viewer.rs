//! One viewer on a plain socket: a cursor, at most one unfinished write, and the patience shown to a slow reader.

use super::{
    batch::{Batch, Framing},
    cursor::{Batches, Cursor},
    ring::Position,
    stream::Stream,
    websocket::Incoming,
};
use bytes::Bytes;
use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Waker},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// A lagging viewer's rate is judged over this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// After the stream's end a viewer has this long to take what is left.
const LEAVE: Duration = Duration::from_secs(5);

/// What a viewer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The next frame.
    CaughtUp,
    /// Its socket.
    Blocked,
    /// Nothing: its socket takes bytes again.
    Writable,
    /// It is over.
    Gone,
}

/// A viewer that is served by a pump.
#[derive(Debug)]
pub struct Viewer {
    socket: TcpStream,
    framing: Framing,
    cursor: Cursor,
    unfinished: Option<(Arc<Batch>, usize)>,
    progress: Progress,
    lag: Option<Lag>,
    /// When it saw the stream's end.
    leaving: Option<Instant>,
    said_goodbye: bool,
    incoming: Option<Incoming>,
    stream: Arc<Stream>,
}

#[derive(Debug)]
struct Lag {
    since: Instant,
    bytes: u64,
}

impl Viewer {
    /// A viewer whose response head has been sent. WebSocket viewers hand over what they sent behind their request.
    pub fn new(stream: Arc<Stream>, socket: TcpStream, framing: Framing, early: &Bytes) -> Self {
        stream.counters.viewers.fetch_add(1, Relaxed);
        // The task that read the request has ended, but the socket still holds its waker, and a waker all of its task's
        // memory: another one lets go of it.
        let _ = socket.poll_read_ready(&mut Context::from_waker(Waker::noop()));
        let incoming = (framing == Framing::WebSocket).then(|| Incoming::new(early));
        Self {
            socket,
            framing,
            cursor: Cursor::default(),
            unfinished: None,
            progress: Progress::CaughtUp,
            lag: None,
            leaving: None,
            said_goodbye: false,
            incoming,
            stream,
        }
    }

    /// What it waits for.
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Whether its socket takes bytes; else the caller's task is woken when it does.
    pub fn poll_writable(&mut self, cx: &mut Context<'_>) -> bool {
        let ready = self.socket.poll_write_ready(cx).is_ready();
        if ready {
            self.progress = Progress::Writable;
        }
        ready
    }

    /// Writes all that is there up to the frame `end`, or as much as the socket takes.
    pub fn serve(&mut self, stream: &Stream, batches: &mut Batches, end: Position, ended: bool) {
        if self.progress == Progress::Gone {
            return;
        }
        if ended {
            self.leaving.get_or_insert_with(Instant::now);
        }
        self.progress = match self.listen().and_then(|()| self.write(stream, batches, end, ended)) {
            Ok(progress) => progress,
            Err(_) => Progress::Gone,
        };
        if self.progress == Progress::Blocked && self.is_too_slow(stream) {
            self.progress = Progress::Gone;
        }
    }

    fn write(&mut self, stream: &Stream, batches: &mut Batches, end: Position, ended: bool) -> io::Result<Progress> {
        loop {
            if let Some((batch, from)) = self.unfinished.take() {
                match batch.write_to(&self.socket, from) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(n) => {
                        stream.counters.bytes_out.fetch_add(n as u64, Relaxed);
                        if let Some(lag) = &mut self.lag {
                            lag.bytes += n as u64;
                        }
                        if from + n < batch.len() {
                            self.unfinished = Some((batch, from + n));
                        }
                    }
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                        self.unfinished = Some((batch, from));
                        self.lag.get_or_insert(Lag { since: Instant::now(), bytes: 0 });
                        return Ok(Progress::Blocked);
                    }
                    Err(e) => return Err(e),
                }
                continue;
            }
            if self.said_goodbye {
                return Ok(Progress::Gone);
            }
            if let Some(reply) = self.incoming.as_mut().and_then(Incoming::reply) {
                self.unfinished = Some((Arc::new(Batch::of(reply)), 0));
            } else if let Some(batch) = batches.next(&mut self.cursor, stream, end, self.framing) {
                self.unfinished = Some((batch, 0)).filter(|(batch, _)| !batch.is_empty());
            } else if ended {
                self.said_goodbye = true;
                self.unfinished = Some((Arc::new(Batch::of(Bytes::from_static(self.framing.goodbye()))), 0));
                if self.framing == Framing::Raw {
                    return Ok(Progress::Gone);
                }
            } else {
                self.lag = None;
                return Ok(Progress::CaughtUp);
            }
        }
    }

    /// Reads what a WebSocket viewer says: pings are answered, a close ends it.
    fn listen(&mut self) -> io::Result<()> {
        match &mut self.incoming {
            Some(incoming) => incoming.read_from(&self.socket),
            None => Ok(()),
        }
    }

    /// Below the least rate for the whole of [`PATIENCE`], or not gone [`LEAVE`] after the end.
    fn is_too_slow(&mut self, stream: &Stream) -> bool {
        if self.leaving.is_some_and(|since| since.elapsed() > LEAVE) {
            return true;
        }
        let Some(lag) = &mut self.lag else { return false };
        let elapsed = lag.since.elapsed();
        if elapsed < PATIENCE {
            return false;
        }
        let too_slow = lag.bytes < stream.limits.viewer_min_rate * elapsed.as_secs();
        *lag = Lag { since: Instant::now(), bytes: 0 };
        if too_slow {
            stream.counters.slow_closed.fetch_add(1, Relaxed);
            tracing::info!(stream = %stream.name, "a viewer reads too slowly and is closed");
        }
        too_slow
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.stream.counters.viewers.fetch_sub(1, Relaxed);
    }
}
