//! One live stream: its feed, its viewers, and the edges between them.

use super::{
    StreamState, StreamStatus,
    feed::{Feed, TRACK_WAIT},
    hls::Hls,
    meter::OutRate,
    preamble::{self, Preamble},
    pump::Shard,
    ring::Position,
    status,
};
use parking_lot::Mutex;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use synctv_ingest::{Frame, hls::Origin, rtmp::Metadata};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Warnings of a publication; further ones are not kept.
pub const WARNINGS_MAX: usize = 32;

/// The limits and delays of the live plane; each has a configuration key of the same name.
#[derive(Debug, Clone)]
pub struct LiveLimits {
    /// Viewers are held this long after a publisher left.
    pub grace: Duration,
    /// Least time between two writes to the viewers of a stream; `None` adapts it to the machine's load.
    pub merge: Option<Duration>,
    /// Bytes of cached media a stream.
    pub gop_cache_bytes: usize,
    /// A lagging viewer below this rate (bytes a second) is closed.
    pub viewer_min_rate: u64,
    /// Viewers on all streams.
    pub max_viewers: u64,
    /// HLS of a stream stops when nobody asked for this long.
    pub hls_idle: Duration,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(30),
            merge: None,
            gop_cache_bytes: 32 << 20,
            viewer_min_rate: 4096,
            max_viewers: 100_000,
            hls_idle: Duration::from_secs(30),
        }
    }
}

/// The running publication of a stream.
#[derive(Debug, Clone)]
pub struct ActivePublication {
    pub key_id: Option<String>,
    /// Where the publisher is; a pull has none.
    pub peer: Option<SocketAddr>,
    pub since: Instant,
    /// Cancelled to close the publisher: takeover, kick, revocation.
    pub close: CancellationToken,
}

#[derive(Debug)]
pub struct Core {
    pub feed: Feed,
    pub epoch: u64,
    pub publication: Option<ActivePublication>,
    /// The publication replaced a live one: no gap is to be seen from outside.
    taken_over: bool,
    preamble: Option<Arc<Preamble>>,
    ended: bool,
}

/// Counts that viewers add to.
#[derive(Debug, Default)]
pub struct Counters {
    pub viewers: AtomicU64,
    pub bytes_out: AtomicU64,
    pub hls_bytes_out: AtomicU64,
    pub skips: AtomicU64,
    pub slow_closed: AtomicU64,
    out_rate: Mutex<OutRate>,
}

impl Counters {
    /// Bits a second sent to viewers on all outputs, over the time since it was last asked, 2 s or more ago.
    pub fn out_bits_per_second(&self, now: Instant) -> u64 {
        let total = self.bytes_out.load(Relaxed) + self.hls_bytes_out.load(Relaxed);
        self.out_rate.lock().sample(total, now)
    }
}

/// A stream that is live, or held for its publisher's return.
#[derive(Debug)]
pub struct Stream {
    /// Its name.
    pub name: Arc<str>,
    /// The limits it is held to.
    pub limits: Arc<LiveLimits>,
    /// What its viewers add up to.
    pub counters: Counters,
    private: AtomicBool,
    pulled: AtomicBool,
    core: Mutex<Core>,
    shards: Box<[Arc<Shard>]>,
    tail: Notify,
    tails: AtomicUsize,
    forgotten: CancellationToken,
    hls: Mutex<Option<Arc<Hls>>>,
    hls_origin: Mutex<Option<Origin>>,
}

/// Where a joining viewer starts.
#[derive(Debug, Clone)]
pub struct Start {
    pub preamble: Arc<Preamble>,
    pub position: Position,
    /// DTS in ms that becomes 0 for this viewer.
    pub base: i64,
}

impl Stream {
    /// A stream without a publication; `epoch` is the last one given out under this name.
    pub fn new(name: &str, private: bool, epoch: u64, limits: Arc<LiveLimits>, shards: usize) -> Self {
        let feed = Feed::new(limits.gop_cache_bytes, Instant::now());
        Self {
            name: name.into(),
            limits,
            counters: Counters::default(),
            private: AtomicBool::new(private),
            pulled: AtomicBool::new(false),
            core: Mutex::new(Core { feed, epoch, publication: None, taken_over: false, preamble: None, ended: false }),
            shards: (0..shards.max(1)).map(|_| Arc::new(Shard::default())).collect(),
            tail: Notify::new(),
            tails: AtomicUsize::new(0),
            forgotten: CancellationToken::new(),
            hls: Mutex::new(None),
            hls_origin: Mutex::new(None),
        }
    }

    /// Puts a publication on the stream; the former one is fenced and closed. Returns the new epoch.
    pub fn begin(&self, publication: ActivePublication, now: Instant) -> u64 {
        let mut core = self.core.lock();
        let was_live = core.is_live();
        if let Some(former) = core.publication.replace(publication) {
            former.close.cancel();
        }
        core.taken_over = was_live;
        core.epoch += 1;
        core.preamble = None;
        core.feed.begin_publication(now);
        core.epoch
    }

    /// Takes frames of the publication with this epoch; false when it has been fenced.
    pub fn push(&self, epoch: u64, frames: impl Iterator<Item = Frame>, now: Instant) -> bool {
        let watched = self.is_watched();
        let mut core = self.core.lock();
        if core.epoch != epoch || core.publication.is_none() {
            return false;
        }
        let version = core.feed.config_version;
        for frame in frames {
            core.feed.push(frame, watched, now);
        }
        if core.feed.config_version != version {
            core.preamble = None;
        }
        true
    }

    /// Takes the publisher's announcement.
    pub fn announce(&self, epoch: u64, metadata: Metadata) {
        let mut core = self.core.lock();
        if core.epoch == epoch {
            core.feed.metadata = Some(metadata);
        }
    }

    /// Notes what the operator should hear about the publication with this epoch, once.
    pub fn warn(&self, epoch: u64, warning: String) {
        let mut core = self.core.lock();
        let Core { feed, epoch: current, .. } = &mut *core;
        if *current == epoch && feed.warnings.len() < WARNINGS_MAX && !feed.warnings.contains(&warning) {
            feed.warnings.push(warning);
        }
    }

    /// Ends the publication with this epoch; false when another has taken over.
    pub fn unpublish(&self, epoch: u64, now: Instant) -> bool {
        let mut core = self.core.lock();
        if core.epoch != epoch || core.publication.take().is_none() {
            return false;
        }
        core.feed.end_publication(now);
        true
    }

    /// Ends the stream for its viewers, unless a publisher is there (`force` closes that one too).
    pub fn end(&self, force: bool) -> bool {
        {
            let mut core = self.core.lock();
            match core.publication.take() {
                Some(publication) if force => publication.close.cancel(),
                Some(publication) => {
                    core.publication = Some(publication);
                    return false;
                }
                None => {}
            }
            core.ended = true;
        }
        self.wake();
        true
    }

    /// Cancelled once the hub no longer knows the stream: nothing is to wait for its sake any more.
    pub const fn forgotten(&self) -> &CancellationToken {
        &self.forgotten
    }

    /// Tells every output that there is something to send.
    pub fn wake(&self) {
        for shard in &self.shards {
            shard.wake();
        }
        if self.tails.load(Relaxed) > 0 {
            self.tail.notify_waiters();
        }
    }

    /// Runs `read` under the stream's lock: short, no waiting.
    pub fn read<T>(&self, read: impl FnOnce(&Core) -> T) -> T {
        read(&self.core.lock())
    }

    /// Runs `write` under the stream's lock: short, no waiting.
    pub fn with<T>(&self, write: impl FnOnce(&mut Core) -> T) -> T {
        write(&mut self.core.lock())
    }

    /// The shard with the fewest viewers.
    pub fn shard(&self) -> &Arc<Shard> {
        self.shards.iter().min_by_key(|s| s.viewers()).unwrap_or(&self.shards[0])
    }

    /// Waits for the next [`Self::wake`] once polled; register before looking at the ring.
    pub fn tail(&self) -> TailGuard<'_> {
        self.tails.fetch_add(1, Relaxed);
        TailGuard(self)
    }

    /// Whether anybody consumes the stream.
    pub fn is_watched(&self) -> bool {
        self.counters.viewers.load(Relaxed) > 0 || self.tails.load(Relaxed) > 0
    }

    /// How long nobody has watched: counted viewers, and players that ask for HLS.
    pub fn unused_for(&self) -> Duration {
        if self.counters.viewers.load(Relaxed) > 0 {
            return Duration::ZERO;
        }
        self.hls.lock().as_ref().map_or(Duration::MAX, |hls| hls.idle_for())
    }

    /// Whether play URLs need a signature.
    pub fn is_private(&self) -> bool {
        self.private.load(Relaxed)
    }

    /// Sets whether play URLs need a signature.
    pub fn set_private(&self, private: bool) {
        self.private.store(private, Relaxed);
    }

    /// Whether its publication is a pull's, or the last one was.
    pub fn is_pulled(&self) -> bool {
        self.pulled.load(Relaxed)
    }

    /// Sets whose its publication is.
    pub fn set_pulled(&self, pulled: bool) {
        self.pulled.store(pulled, Relaxed);
    }

    /// The stream's HLS, while it runs.
    pub fn hls(&self) -> &Mutex<Option<Arc<Hls>>> {
        &self.hls
    }

    /// Where the numbers of the stream's next HLS go on.
    pub const fn hls_origin(&self) -> &Mutex<Option<Origin>> {
        &self.hls_origin
    }

    /// What is told outside.
    pub fn status(&self) -> StreamStatus {
        let hls_viewers = self.hls.lock().as_ref().map_or(0, |h| h.viewers());
        let viewers = self.counters.viewers.load(Relaxed) + hls_viewers;
        let core = self.core.lock();
        let mut status = StreamStatus::offline(&self.name, self.is_private());
        status.epoch = core.epoch;
        status.viewers = viewers;
        if let Some(publication) = &core.publication {
            if core.is_live() {
                status.state = StreamState::Live;
            }
            status.publisher = publication.peer.map(|peer| peer.to_string());
            status.uptime_s = Some(publication.since.elapsed().as_secs());
            status::describe(&mut status, &core.feed, Instant::now());
        }
        status
    }
}

impl Core {
    /// Where a viewer joins now: the newest key frame, once the tracks are known. Snapshot and position are one.
    pub fn join(&mut self) -> Option<Start> {
        if !self.feed.is_ready() {
            return None;
        }
        let position = self.feed.ring.newest_join()?;
        let base = self.feed.ring.get(position)?.dts;
        let preamble = self.preamble.get_or_insert_with(|| Arc::new(preamble::build(&self.feed))).clone();
        Some(Start { preamble, position, base })
    }

    /// Whether a publisher sends: its tracks are known, or have had their time, or it took over from one that was live.
    pub fn is_live(&self) -> bool {
        let Some(publication) = &self.publication else { return false };
        self.feed.is_ready() || self.taken_over || publication.since.elapsed() > TRACK_WAIT
    }

    /// Whether the stream is over for its viewers.
    pub const fn is_ended(&self) -> bool {
        self.ended
    }
}

/// Counts a consumer that follows the ring by itself (HLS, a response body) and hands out its wake-ups.
#[derive(Debug)]
pub struct TailGuard<'a>(&'a Stream);

impl<'a> TailGuard<'a> {
    /// Resolves at the next wake-up after this call.
    pub fn notified(&self) -> tokio::sync::futures::Notified<'a> {
        self.0.tail.notified()
    }
}

impl Drop for TailGuard<'_> {
    fn drop(&mut self) {
        self.0.tails.fetch_sub(1, Relaxed);
    }
}
