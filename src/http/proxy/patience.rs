//! Bodies over HTTP/2. A client may leave one stream of a connection alone and use the others: nothing of the connection shows it, so
//! each body looks after itself.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::http::handover::STALL;

/// Why a body breaks off.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished<E> {
    /// As the body inside says.
    #[error(transparent)]
    Broken(E),
    /// Nobody took anything of it for [`STALL`].
    #[error("the client takes nothing")]
    Left,
}

/// A body that is let go when nobody takes what it has.
pub struct Patience<B> {
    shared: Arc<Mutex<Shared<B>>>,
    watch: AbortHandle,
}

struct Shared<B> {
    body: Option<B>,
    /// Since when something was there to be taken; `None` while its source is waited for.
    offered: Option<Instant>,
}

impl<B: Send + 'static> Patience<B> {
    /// Looks after a body from this moment.
    pub fn with(body: B) -> Self {
        let shared = Arc::new(Mutex::new(Shared { body: Some(body), offered: Some(Instant::now()) }));
        let watched = shared.clone();
        let watch = tokio::spawn(async move {
            loop {
                let until = watched.lock().offered.unwrap_or_else(Instant::now) + STALL;
                sleep_until(until).await;
                let mut shared = watched.lock();
                if shared.offered.is_some_and(|since| since.elapsed() >= STALL) {
                    shared.body = None;
                    return;
                }
            }
        });
        Self { shared, watch: watch.abort_handle() }
    }
}

impl<B> Drop for Patience<B> {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Patience<B> {
    type Data = Bytes;
    type Error = Unfinished<B::Error>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut shared = self.shared.lock();
        let Some(body) = &mut shared.body else { return Poll::Ready(Some(Err(Unfinished::Left))) };
        let polled = Pin::new(body).poll_frame(cx);
        shared.offered = polled.is_ready().then(Instant::now);
        polled.map(|frame| frame.map(|frame| frame.map_err(Unfinished::Broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.shared.lock().body.as_ref().is_some_and(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.shared.lock().body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use http_body_util::BodyExt;
    use tokio::sync::oneshot;
    use tokio::time::sleep;

    use super::*;

    /// Gives bytes for ever, or never any; says when it is dropped.
    struct Source {
        gives: bool,
        _dropped: oneshot::Sender<()>,
    }

    impl Body for Source {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.gives { Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x"))))) } else { Poll::Pending }
        }
    }

    fn source(gives: bool) -> (Patience<Source>, oneshot::Receiver<()>) {
        let (dropped, is_dropped) = oneshot::channel();
        (Patience::with(Source { gives, _dropped: dropped }), is_dropped)
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_takes_is_let_go() {
        let (mut body, dropped) = source(true);
        for _ in 0..5 {
            sleep(STALL - Duration::from_secs(1)).await;
            assert!(body.frame().await.is_some_and(|frame| frame.is_ok()), "it is taken, however slowly");
        }
        let began = Instant::now();
        let _ = dropped.await;
        assert!(began.elapsed() <= STALL + Duration::from_secs(1));
        assert!(matches!(body.frame().await, Some(Err(Unfinished::Left))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_source_is_not_the_clients_fault() {
        let (mut body, mut dropped) = source(false);
        assert!(tokio::time::timeout(STALL * 5, body.frame()).await.is_err());
        assert!(dropped.try_recv().is_err_and(|err| err == oneshot::error::TryRecvError::Empty));
        drop(body);
        let _ = tokio::time::timeout(STALL, dropped).await.expect("it goes with its body");
    }
}
