//! Stream names to streams, and the life of a publication.

use super::{
    StreamStatus,
    gate::Grant,
    stream::{ActivePublication, LiveLimits, Stream},
};
use parking_lot::RwLock;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use synctv_ingest::{Frame, rtmp::Metadata};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// An ended stream's HLS stays fetchable this long.
const LINGER: Duration = Duration::from_secs(60);
/// Names whose last epoch is remembered after their stream is gone.
const REMEMBERED_EPOCHS: usize = 10_000;
/// Stands for the key of a pull's publications; no key has such an id.
const PULL: &str = "pull";

/// All streams that are live or held for a returning publisher.
#[derive(Debug)]
pub struct Hub {
    streams: RwLock<HashMap<Arc<str>, Arc<Stream>>>,
    epochs: RwLock<HashMap<Arc<str>, u64>>,
    limits: Arc<LiveLimits>,
    shards: usize,
    me: Weak<Hub>,
}

/// Why a publication did not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken;

impl Hub {
    /// An empty hub; the viewers of a stream are served by as many tasks as there are processors to run them.
    #[must_use]
    pub fn new(limits: LiveLimits) -> Arc<Self> {
        let shards = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new_cyclic(|me| Self {
            streams: RwLock::default(),
            epochs: RwLock::default(),
            limits: Arc::new(limits),
            shards,
            me: me.clone(),
        })
    }

    /// Starts a publication. The key that is publishing already takes over; another one is refused.
    ///
    /// # Errors
    /// [`Taken`] when another key publishes.
    pub fn publish(&self, name: &str, grant: &Grant, peer: SocketAddr) -> Result<Publication, Taken> {
        self.begin(name, grant, Some(peer))
    }

    /// Starts the publication of a pull stream: no publisher's key takes it over.
    ///
    /// # Errors
    /// [`Taken`] when somebody publishes.
    pub fn publish_pull(&self, name: &str, private: bool) -> Result<Publication, Taken> {
        self.begin(name, &Grant { key_id: Some(PULL.to_owned()), private }, None)
    }

    fn begin(&self, name: &str, grant: &Grant, peer: Option<SocketAddr>) -> Result<Publication, Taken> {
        let close = CancellationToken::new();
        let now = Instant::now();
        let active = ActivePublication { key_id: grant.key_id.clone(), peer, since: now, close: close.clone() };
        let mut streams = self.streams.write();
        let stream = match streams.get(name).filter(|s| !s.read(|core| core.is_ended())) {
            Some(stream) => stream.clone(),
            None => {
                let epoch = self.last_epoch(name).max(streams.get(name).map_or(0, |s| s.read(|core| core.epoch)));
                let stream = Arc::new(Stream::new(name, grant.private, epoch, self.limits.clone(), self.shards));
                if let Some(ended) = streams.insert(stream.name.clone(), stream.clone()) {
                    ended.forgotten().cancel();
                }
                stream
            }
        };
        let other = stream.read(|core| core.publication.as_ref().is_some_and(|p| p.key_id != grant.key_id));
        if other {
            return Err(Taken);
        }
        stream.set_private(grant.private);
        stream.set_pulled(grant.key_id.as_deref() == Some(PULL));
        let epoch = stream.begin(active, now);
        drop(streams);
        Ok(Publication { stream, epoch, close, hub: self.me.clone() })
    }

    fn last_epoch(&self, name: &str) -> u64 {
        self.epochs.read().get(name).copied().unwrap_or(0)
    }

    /// The stream, while it is live or held.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Stream>> {
        self.streams.read().get(name).cloned()
    }

    /// All streams that are live or held.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Stream>> {
        let mut all: Vec<_> = self.streams.read().values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The status of a stream this process knows; `None` when nobody published it lately.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<StreamStatus> {
        self.get(name).map(|s| s.status())
    }

    /// Closes the publisher of a stream; false when there is none.
    pub fn kick(&self, name: &str, reason: &'static str) -> bool {
        let Some(stream) = self.get(name) else { return false };
        let close = stream.read(|core| core.publication.as_ref().map(|p| p.close.clone()));
        let Some(close) = close else { return false };
        tracing::info!(stream = name, reason, "publisher closed");
        close.cancel();
        true
    }

    /// Closes every publisher that was let in by this key (revoked, expired); says how many.
    pub fn kick_key(&self, key_id: &str, reason: &'static str) -> usize {
        let theirs = |s: &Arc<Stream>| {
            s.read(|core| core.publication.as_ref().is_some_and(|p| p.key_id.as_deref() == Some(key_id)))
        };
        self.all().iter().filter(|s| theirs(s) && self.kick(&s.name, reason)).count()
    }

    /// Closes the publisher and every viewer of a stream and forgets it (deleted).
    pub fn remove(&self, name: &str) {
        let stream = self.streams.write().remove(name);
        if let Some(stream) = stream {
            stream.end(true);
            stream.forgotten().cancel();
        }
    }

    /// Ends a stream that comes to no more, in good order for whoever still watches, and forgets it at once but for its epoch.
    pub fn retire(&self, name: &str) {
        let mut streams = self.streams.write();
        // Somebody may ask for the pull of a name that is a publisher's.
        if !streams.get(name).is_some_and(|stream| stream.is_pulled()) {
            return;
        }
        if let Some(stream) = streams.remove(name) {
            self.remember(&stream);
            drop(streams);
            stream.end(true);
            stream.forgotten().cancel();
        }
    }

    fn remember(&self, stream: &Stream) {
        let mut epochs = self.epochs.write();
        if epochs.len() >= REMEMBERED_EPOCHS {
            epochs.clear();
        }
        epochs.insert(stream.name.clone(), stream.read(|core| core.epoch));
    }

    /// Ends all streams in good order: FLV at a tag boundary, HLS with its end marked.
    pub fn end_all(&self) {
        for stream in self.all() {
            stream.end(true);
        }
    }

    /// Sets whether viewers need a signature.
    pub fn set_private(&self, name: &str, private: bool) {
        if let Some(stream) = self.get(name) {
            stream.set_private(private);
        }
    }

    /// How many streams are live.
    #[must_use]
    pub fn live_count(&self) -> usize {
        self.all().iter().filter(|s| s.read(super::stream::Core::is_live)).count()
    }

    /// Viewers on all streams, HLS not counted.
    #[must_use]
    pub fn viewers(&self) -> u64 {
        self.streams.read().values().map(|s| s.counters.viewers.load(Relaxed)).sum()
    }

    /// Whether one more viewer is within the limit.
    #[must_use]
    pub fn has_room_for_a_viewer(&self) -> bool {
        self.viewers() < self.limits.max_viewers
    }

    /// Holds the viewers of an unpublished stream for the grace, then ends and forgets it; returns at once when others forget it.
    async fn hold(self: Arc<Self>, stream: Arc<Stream>, epoch: u64) {
        let forgotten = stream.forgotten();
        if timeout(self.limits.grace, forgotten.cancelled()).await.is_ok() {
            return;
        }
        let still = |s: &Stream| s.read(|core| core.epoch == epoch && core.publication.is_none());
        {
            // Under the map's lock, so that a publisher that comes back meets the stream held or gone.
            let _streams = self.streams.write();
            if !still(&stream) || !stream.end(false) {
                return;
            }
        }
        tracing::info!(stream = %stream.name, "the publisher did not come back; the stream has ended");
        if timeout(LINGER, forgotten.cancelled()).await.is_ok() {
            return;
        }
        let mut streams = self.streams.write();
        if streams.get(&stream.name).is_some_and(|s| Arc::ptr_eq(s, &stream)) {
            streams.remove(&stream.name);
            self.remember(&stream);
        }
    }
}

/// One publisher's stay on a stream; dropping it takes the stream offline unless another took over.
#[derive(Debug)]
pub struct Publication {
    stream: Arc<Stream>,
    epoch: u64,
    close: CancellationToken,
    hub: Weak<Hub>,
}

impl Publication {
    /// Its epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Cancelled when the publisher is to be closed.
    #[must_use]
    pub const fn close(&self) -> &CancellationToken {
        &self.close
    }

    /// Whether anybody consumes the stream.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.stream.is_watched()
    }

    /// Whether a viewer that joins now gets something.
    #[must_use]
    pub fn is_playable(&self) -> bool {
        self.stream.with(|core| core.join().is_some())
    }

    /// Hands frames to the stream and wakes its outputs once; false when the publication has been fenced.
    pub fn push(&self, frames: impl Iterator<Item = Frame>) -> bool {
        let taken = self.stream.push(self.epoch, frames, Instant::now());
        if taken {
            self.stream.wake();
        }
        taken
    }

    /// Notes what the operator should hear about this publication.
    pub fn warn(&self, warning: String) {
        self.stream.warn(self.epoch, warning);
    }

    /// Hands over the publisher's announcement.
    pub fn announce(&self, metadata: Metadata) {
        self.stream.announce(self.epoch, metadata);
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        if self.stream.unpublish(self.epoch, Instant::now()) {
            self.stream.wake();
            if let (Some(hub), Ok(runtime)) = (self.hub.upgrade(), tokio::runtime::Handle::try_current()) {
                runtime.spawn(hub.hold(self.stream.clone(), self.epoch));
            }
        }
    }
}
