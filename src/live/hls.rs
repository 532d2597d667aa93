//! HLS of one stream: a task that feeds the segmenter while somebody asks, and the answers to those who do.

use super::{
    ring::{Break, Position},
    stream::Stream,
};
use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use synctv_ingest::{
    Frame,
    hls::{Container, Origin, Snapshot, Window},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

/// A first playlist waits this long for a first segment.
const FIRST_SEGMENT: Duration = Duration::from_secs(10);
/// Viewers that have not asked for this long are not counted.
const VIEWER_GONE: Duration = Duration::from_secs(15);
/// Viewers told apart at most; more are served, not counted.
const VIEWERS_COUNTED: usize = 100_000;
/// Frames taken under the stream's lock at once.
const TAKE_FRAMES: u64 = 256;

/// What a request for a file of a stream's HLS comes to.
#[derive(Debug)]
pub enum HlsAnswer {
    /// A playlist, and how long it may be cached.
    Playlist {
        /// Its text.
        body: Bytes,
        /// Seconds.
        max_age_s: i64,
    },
    /// A segment or an init section.
    Media {
        /// Its bytes.
        body: Bytes,
        /// Its type.
        content_type: &'static str,
    },
    /// There is no such file.
    Missing(&'static str),
    /// There will be one, but the stream has not begun.
    NotYet,
}

/// The HLS of a stream while somebody asks for it.
#[derive(Debug)]
pub struct Hls {
    snapshot: ArcSwap<Snapshot>,
    changed: Notify,
    /// Somebody asks for what the driver does not make yet.
    asked: Notify,
    wants_ts: AtomicBool,
    refuses_ts: AtomicBool,
    audience: Mutex<Audience>,
}

#[derive(Debug)]
struct Audience {
    last_request: Instant,
    seen: HashMap<u64, Instant>,
}

impl Hls {
    /// The HLS of the stream for a request of this viewer. A playlist starts it; `None` when the stream ended without any, or
    /// when there is none that the file could be of.
    pub fn of(stream: &Arc<Stream>, file: &str, viewer: u64) -> Option<Arc<Self>> {
        // The slot's lock is held until the request is noted: the driver does not stop between the two.
        let mut slot = stream.hls().lock();
        if let Some(hls) = &*slot {
            hls.seen(viewer);
            return Some(hls.clone());
        }
        if playlist_named(file).is_none() || stream.read(|core| core.is_ended()) {
            return None;
        }
        let hls = Arc::new(Self {
            snapshot: ArcSwap::default(),
            changed: Notify::new(),
            asked: Notify::new(),
            wants_ts: AtomicBool::new(false),
            refuses_ts: AtomicBool::new(false),
            audience: Mutex::new(Audience { last_request: Instant::now(), seen: HashMap::new() }),
        });
        hls.seen(viewer);
        *slot = Some(hls.clone());
        tokio::spawn(Driver::new(stream.clone(), hls.clone()).run());
        Some(hls)
    }

    /// Notes a request of a viewer.
    fn seen(&self, viewer: u64) {
        let now = Instant::now();
        let mut audience = self.audience.lock();
        audience.last_request = now;
        if audience.seen.len() < VIEWERS_COUNTED || audience.seen.contains_key(&viewer) {
            audience.seen.insert(viewer, now);
        }
    }

    /// How many viewers asked lately.
    pub fn viewers(&self) -> u64 {
        let mut audience = self.audience.lock();
        audience.seen.retain(|_, at| at.elapsed() < VIEWER_GONE);
        audience.seen.len() as u64
    }

    /// How long nobody has asked.
    pub fn idle_for(&self) -> Duration {
        self.audience.lock().last_request.elapsed()
    }

    /// A file by its name. `query` goes onto every URI in a playlist.
    pub async fn get(&self, file: &str, query: Option<&str>) -> HlsAnswer {
        if let Some((container, multivariant)) = playlist_named(file) {
            return self.playlist(container, multivariant, query).await;
        }
        match self.snapshot.load().resource(file) {
            Some(found) => HlsAnswer::Media { body: found.bytes, content_type: found.content_type },
            None => HlsAnswer::Missing("no such file, or it is no longer kept"),
        }
    }

    async fn playlist(&self, container: Container, multivariant: bool, query: Option<&str>) -> HlsAnswer {
        if container == Container::Ts && !self.wants_ts.swap(true, Relaxed) {
            self.asked.notify_one();
        }
        let find = || {
            let snapshot = self.snapshot.load();
            let body = match multivariant {
                true => snapshot.multivariant_playlist(container, query)?,
                false => snapshot.media_playlist(container, query)?,
            };
            let max_age_s =
                if multivariant { snapshot.target_duration() } else { (snapshot.target_duration() / 2).max(1) };
            Some(HlsAnswer::Playlist { body, max_age_s })
        };
        let waiting = async {
            loop {
                let mut changed = pin!(self.changed.notified());
                changed.as_mut().enable();
                if let Some(answer) = find() {
                    return answer;
                }
                if container == Container::Ts && self.refuses_ts.load(Relaxed) {
                    return HlsAnswer::Missing("the stream's codecs do not fit MPEG-TS; use index.m3u8");
                }
                if self.snapshot.load().ended() {
                    return HlsAnswer::Missing("the stream has ended");
                }
                changed.await;
            }
        };
        timeout(FIRST_SEGMENT, waiting).await.unwrap_or(HlsAnswer::NotYet)
    }
}

/// The container of a playlist by its name, and whether it is the multivariant one.
fn playlist_named(file: &str) -> Option<(Container, bool)> {
    [Container::Fmp4, Container::Ts].into_iter().find_map(|container| {
        let multivariant = file == container.multivariant_playlist();
        (multivariant || file == container.media_playlist()).then_some((container, multivariant))
    })
}

/// Moves frames from the ring into the window.
struct Driver {
    stream: Arc<Stream>,
    hls: Arc<Hls>,
    window: Window,
    /// The next frame; `None` until the stream can be joined.
    position: Option<Position>,
    /// The sequence headers of the publication are still to be given.
    needs_headers: bool,
    /// The break that was acted on last: one behind the newest frame is met again and again.
    acted: Option<(Position, Break)>,
    version: u64,
    /// The version that MPEG-TS was last asked of.
    ts_version: u64,
}

/// What the ring holds for the driver.
#[derive(Default)]
struct Taken {
    /// Breaks and frames in order.
    steps: Vec<Taking>,
    ended: bool,
}

enum Taking {
    Break(Break),
    Frame(Frame),
}

impl Driver {
    fn new(stream: Arc<Stream>, hls: Arc<Hls>) -> Self {
        let unix_ms = u64::try_from(unix_ms()).unwrap_or_default();
        let origin = match *stream.hls_origin().lock() {
            Some(former) => Origin::at(unix_ms).after(former),
            None => Origin::at(unix_ms),
        };
        let window = Window::new(origin);
        Self { stream, hls, window, position: None, needs_headers: true, acted: None, version: 0, ts_version: 0 }
    }

    async fn run(mut self) {
        let stream = self.stream.clone();
        let tail = stream.tail();
        let mut look = pin!(sleep(stream.limits.hls_idle));
        loop {
            let mut news = pin!(tail.notified());
            news.as_mut().enable();
            let taken = self.take();
            let (ended, got) = (taken.ended, !taken.steps.is_empty());
            self.feed(taken);
            if ended && !got {
                self.window.end(unix_ms());
            }
            self.enable_ts();
            self.publish();
            if got {
                continue;
            }
            if ended {
                return;
            }
            tokio::select! {
                () = &mut news => {}
                () = self.hls.asked.notified() => {}
                () = &mut look => match self.stop_if_idle() {
                    Some(left) => look.as_mut().reset(tokio::time::Instant::now() + left),
                    None => return,
                }
            }
        }
    }

    /// Takes what the ring has beyond the position.
    fn take(&mut self) -> Taken {
        let (position, needs_headers, acted) = (&mut self.position, &mut self.needs_headers, &mut self.acted);
        self.stream.read(|core| {
            let ring = &core.feed.ring;
            let mut taken = Taken { ended: core.is_ended(), ..Taken::default() };
            let mut at = match *position {
                Some(at) if at >= ring.first() => at,
                fallen_behind => {
                    let Some(join) = ring.oldest_join().filter(|_| core.feed.is_ready()) else { return taken };
                    if fallen_behind.is_some() {
                        taken.steps.push(Taking::Break(Break::Timeline));
                    }
                    *needs_headers = true;
                    join
                }
            };
            let last = ring.end().min(at + TAKE_FRAMES);
            loop {
                // A break behind the newest frame is acted on at once: viewers get the last seconds of what ended.
                if let Some(found) = ring.break_before(at)
                    && acted.replace((at, found)) != Some((at, found))
                {
                    taken.steps.push(Taking::Break(found));
                    *needs_headers |= found == Break::Publication;
                }
                if at >= last || (*needs_headers && !core.feed.is_ready()) {
                    break;
                }
                if std::mem::take(needs_headers) {
                    let video = core.feed.video.as_ref().filter(|_| core.feed.has_video());
                    let headers = [video, core.feed.audio.as_ref()].into_iter().flatten();
                    taken.steps.extend(headers.map(|track| Taking::Frame(track.setup.clone())));
                }
                taken.steps.extend(ring.get(at).cloned().map(Taking::Frame));
                at += 1;
            }
            *position = Some(at);
            taken
        })
    }

    fn feed(&mut self, taken: Taken) {
        let now = unix_ms();
        for step in taken.steps {
            match step {
                Taking::Break(Break::Timeline) => self.window.discontinuity(now),
                Taking::Break(Break::Publication) => self.window.begin_publication(now),
                Taking::Frame(frame) => self.window.push(&frame, now),
            };
        }
    }

    fn enable_ts(&mut self) {
        let version = self.window.snapshot().version();
        if version > 0 && version != self.ts_version && self.hls.wants_ts.load(Relaxed) {
            let refused = self.window.enable_ts().is_err();
            self.hls.refuses_ts.store(refused, Relaxed);
            self.ts_version = version;
            self.hls.changed.notify_waiters();
        }
    }

    /// Shows the window to those who ask, when it has changed.
    fn publish(&mut self) {
        let snapshot = self.window.snapshot();
        if snapshot.version() != self.version {
            self.version = snapshot.version();
            self.hls.snapshot.store(snapshot);
            self.hls.changed.notify_waiters();
        }
    }

    /// Stops when nobody has asked for long: the next one who does starts anew, with numbers that go on. Else says when
    /// to look again.
    fn stop_if_idle(&self) -> Option<Duration> {
        let mut slot = self.stream.hls().lock();
        let left = self.stream.limits.hls_idle.saturating_sub(self.hls.idle_for());
        if !left.is_zero() {
            return Some(left);
        }
        *self.stream.hls_origin().lock() = Some(self.window.next_origin());
        *slot = None;
        None
    }
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
