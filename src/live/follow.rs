//! A viewer behind a stack of its own (HTTP/2, TLS): a task follows the ring and hands batches over one by one.

use super::{
    batch::{Batch, Framing},
    cursor::{Batches, Cursor},
    stream::Stream,
};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::{
    convert::Infallible,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

/// Batches in flight between the follower and the connection.
const IN_FLIGHT: usize = 4;
/// A connection that takes nothing for this long is closed.
const STALL: Duration = Duration::from_secs(10);

/// Follows the stream in a task of its own; the batches end with the stream, or when the receiver is dropped.
pub fn follow(stream: Arc<Stream>, framing: Framing) -> mpsc::Receiver<Arc<Batch>> {
    let (to, batches) = mpsc::channel(IN_FLIGHT);
    tokio::spawn(async move {
        stream.counters.viewers.fetch_add(1, Relaxed);
        run(&stream, framing, &to).await;
        stream.counters.viewers.fetch_sub(1, Relaxed);
    });
    batches
}

async fn run(stream: &Stream, framing: Framing, to: &mpsc::Sender<Arc<Batch>>) {
    let tail = stream.tail();
    let mut cursor = Cursor::default();
    let mut batches = Batches::default();
    loop {
        let mut news = pin!(tail.notified());
        news.as_mut().enable();
        let (end, ended) = stream.read(|core| (core.feed.ring.end(), core.is_ended()));
        while let Some(batch) = batches.next(&mut cursor, stream, end, framing) {
            batches.clear();
            let bytes = batch.len() as u64;
            if bytes == 0 {
                continue;
            }
            match timeout(STALL, to.send(batch)).await {
                Ok(Ok(())) => stream.counters.bytes_out.fetch_add(bytes, Relaxed),
                Ok(Err(_)) => return,
                Err(_) => {
                    stream.counters.slow_closed.fetch_add(1, Relaxed);
                    return;
                }
            };
        }
        if ended {
            if framing == Framing::WebSocket {
                let _ = to.send(Arc::new(Batch::of(Bytes::from_static(framing.goodbye())))).await;
            }
            return;
        }
        tokio::select! {
            () = &mut news => {}
            () = to.closed() => return,
        }
    }
}

/// A stream's FLV as a response body.
#[derive(Debug)]
pub struct FlvBody {
    batches: mpsc::Receiver<Arc<Batch>>,
    current: Option<(Arc<Batch>, usize)>,
}

impl FlvBody {
    /// The body of a viewer that joins now.
    #[must_use]
    pub fn new(stream: Arc<Stream>) -> Self {
        Self { batches: follow(stream, Framing::Raw), current: None }
    }
}

impl Body for FlvBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some((batch, at)) = &mut self.current
                && let Some(part) = batch.parts().get(*at)
            {
                *at += 1;
                return Poll::Ready(Some(Ok(Frame::data(part.clone()))));
            }
            match ready!(self.batches.poll_recv(cx)) {
                Some(batch) => self.current = Some((batch, 0)),
                None => return Poll::Ready(None),
            }
        }
    }
}
