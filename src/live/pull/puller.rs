//! The task of one pull: attempts, waits between them, and the end when nobody wants it.

use super::{
    Backoff, Origin, PullError, PullFrom, Sink, Upstream,
    entry::{Entry, Phase},
    flv, hls,
    pulls::Pulls,
    rtmp,
};
use parking_lot::Mutex;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tracing::Instrument;

/// The source is looked up again after this, or after the idle time if that is shorter: another node may have changed or deleted it.
const RECHECK: Duration = Duration::from_secs(30);
/// How often it is asked whether anybody still watches; oftener for a shorter idle time.
const LOOK: Duration = Duration::from_secs(1);

/// What the task works on.
struct Puller {
    pulls: Arc<Pulls>,
    entry: Arc<Entry>,
    /// Where the running attempt pulls from.
    current: Mutex<Option<Upstream>>,
    /// The source is another one than `current`.
    moved: Notify,
}

/// Pulls until nobody wants the stream, it is deleted, or the server stops. Nothing is left behind then.
pub async fn run(pulls: Arc<Pulls>, entry: Arc<Entry>) {
    let span = tracing::info_span!("pull", stream = %entry.name);
    let puller = Puller { pulls, entry, current: Mutex::new(None), moved: Notify::new() };
    async {
        tokio::select! {
            () = puller.pull() => {}
            () = puller.until_unwanted() => {}
            () = puller.entry.cancel.cancelled() => {}
        }
    }
    .instrument(span)
    .await;
}

impl Puller {
    /// Attempt after attempt; ends when there is no such stream.
    async fn pull(&self) {
        let mut backoff = Backoff::default();
        loop {
            let found = self.pulls.upstreams().find(&self.entry.name).await;
            let (error, lived) = match found {
                Ok(None) => {
                    self.entry.set_phase(Phase::Unknown);
                    return;
                }
                Ok(Some(upstream)) => self.attempt(upstream).await,
                Err(error) => (error, Duration::ZERO),
            };
            if error == PullError::Moved {
                continue;
            }
            let mut random = [0; 1];
            // Without random bytes several pulls may come at once; nothing else depends on them.
            let _ = getrandom::fill(&mut random);
            let wait = backoff.after(lived, random[0]);
            tracing::info!(reason = %error, retry_in_ms = wait.as_millis() as u64, "the pull ended");
            self.entry.end_attempt(error, Instant::now() + wait);
            // A source that was changed is tried at once.
            let _ = timeout(wait, self.moved.notified()).await;
        }
    }

    /// One attempt, and how long it brought frames.
    async fn attempt(&self, upstream: Upstream) -> (PullError, Duration) {
        let from = upstream.from.clone();
        self.entry.begin_attempt(&upstream);
        *self.current.lock() = Some(upstream);
        tracing::debug!(upstream = from.shown(), "the pull begins");
        let sink = Sink::new(self.pulls.hub().clone(), self.entry.clone());
        let ended = tokio::select! {
            ended = self.follow(&from, &sink) => ended,
            () = self.moved.notified() => Err(PullError::Moved),
        };
        let lived = sink.lived();
        (ended.err().unwrap_or(PullError::Ended), lived)
    }

    async fn follow(&self, from: &PullFrom, sink: &Sink) -> Result<(), PullError> {
        if self.pulls.is_own(&from.url) {
            return Err(PullError::Own);
        }
        let client = self.pulls.client();
        match from.origin() {
            Origin::Rtmp => rtmp::play(client, from, sink).await,
            Origin::Hls => hls::follow(client, from, sink).await,
            Origin::Http => match flv::open(client, from).await? {
                flv::Answer::Flv(upstream, _) if self.pulls.is_own(&upstream.final_url) => Err(PullError::Own),
                flv::Answer::Flv(upstream, first) => flv::play(*upstream, first, sink).await,
                flv::Answer::Hls => hls::follow(client, from, sink).await,
            },
        }
    }

    /// Looks now and then whether anybody wants the stream, and whether its source is still the same.
    async fn until_unwanted(&self) {
        let look = (self.pulls.idle() / 4).clamp(Duration::from_millis(20), LOOK);
        let mut checked = Instant::now();
        loop {
            tokio::select! {
                () = sleep(look) => {}
                () = self.entry.nudge.notified() => {}
            }
            if self.pulls.end_if_unwanted(&self.entry) {
                tracing::info!("nobody wants the stream any more; the pull stops");
                return;
            }
            if self.entry.take_recheck() || checked.elapsed() >= RECHECK.min(self.pulls.idle()) {
                checked = Instant::now();
                if self.is_gone().await {
                    tracing::info!("the stream was deleted; the pull stops");
                    return;
                }
            }
        }
    }

    /// Whether the stream was deleted; notices that its source was changed, or who may watch it.
    async fn is_gone(&self) -> bool {
        match self.pulls.upstreams().find(&self.entry.name).await {
            Ok(None) => true,
            Ok(Some(upstream)) => {
                self.entry.set_private(upstream.private);
                self.pulls.hub().set_private(&self.entry.name, upstream.private);
                let before = self.current.lock().clone();
                if before.as_ref().is_some_and(|before| before.from != upstream.from) {
                    self.moved.notify_one();
                }
                false
            }
            Err(_) => false,
        }
    }
}

/// However the task ends: what stayed in the list could never be started again.
impl Drop for Puller {
    fn drop(&mut self) {
        self.pulls.forget(&self.entry);
        if *self.entry.phases().borrow() != Phase::Unknown {
            self.entry.set_phase(Phase::Over);
        }
    }
}
