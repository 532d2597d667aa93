//! The fan-out: one task serves many viewers of a stream, so that a frame costs one wake-up and a viewer one write.

use super::{
    cursor::Batches,
    stream::Stream,
    viewer::{Progress, Viewer},
};
use parking_lot::Mutex;
use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

/// Work between two looks at other tasks.
const SLICE: Duration = Duration::from_micros(1000);
/// With few viewers a pause is this many times the cost of the last pass: a ninth of a core at most goes to writing.
const PAUSE_PER_COST: u32 = 8;
/// With many, the frames of a pause are merged into one write, so long as a pass begins this long after the one before:
/// no frame waits longer for its turn.
const PERIOD: Duration = Duration::from_millis(36);
/// Beyond what that allows, passes take 4 parts in 9 of the time.
const LOADED_PAUSE: f64 = 1.25;
/// Pauses below the timer's resolution are not taken.
const PAUSE_LEAST: Duration = Duration::from_millis(1);
/// How often viewers of a silent stream are looked after.
const TICK: Duration = Duration::from_secs(1);

/// The viewers of a stream that one task serves.
#[derive(Debug, Default)]
pub struct Shard {
    inbox: Mutex<Inbox>,
    arrivals: Notify,
    frames: Notify,
    viewers: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inbox {
    waiting: Vec<Viewer>,
    running: bool,
}

impl Shard {
    /// How many viewers it serves.
    pub fn viewers(&self) -> usize {
        self.viewers.load(Relaxed)
    }

    /// Tells the task that the ring has grown or that the stream has ended.
    pub fn wake(&self) {
        if self.viewers() > 0 {
            self.frames.notify_one();
        }
    }

    /// Adds a viewer; starts the task with the first one.
    pub fn add(self: &Arc<Self>, stream: &Arc<Stream>, viewer: Viewer) {
        self.viewers.fetch_add(1, Relaxed);
        let mut inbox = self.inbox.lock();
        inbox.waiting.push(viewer);
        if inbox.running {
            self.arrivals.notify_one();
        } else {
            inbox.running = true;
            let pump =
                Pump { stream: stream.clone(), shard: self.clone(), viewers: Vec::new(), batches: Batches::default() };
            tokio::spawn(pump.run());
        }
    }
}

struct Pump {
    stream: Arc<Stream>,
    shard: Arc<Shard>,
    viewers: Vec<Viewer>,
    batches: Batches,
}

enum Wake {
    Arrivals,
    Writable,
    Frames,
    Tick,
}

impl Pump {
    async fn run(mut self) {
        let mut pause: Option<Instant> = None;
        loop {
            let known = self.viewers.len();
            if !self.admit() {
                return;
            }
            if self.viewers.len() > known {
                self.serve(known).await;
            }
            match self.wait(pause).await {
                Wake::Arrivals => {}
                Wake::Writable => self.resume(),
                Wake::Tick => {
                    self.serve(0).await;
                }
                Wake::Frames => {
                    let began = Instant::now();
                    let cost = self.serve(0).await;
                    pause = self.pause_after(cost).map(|p| began + cost + p);
                }
            }
            self.drop_gone();
        }
    }

    /// Takes new viewers in; false when there is nobody left and the task is over.
    fn admit(&mut self) -> bool {
        let mut inbox = self.shard.inbox.lock();
        self.viewers.append(&mut inbox.waiting);
        inbox.running = !self.viewers.is_empty();
        inbox.running
    }

    async fn wait(&mut self, pause: Option<Instant>) -> Wake {
        let shard = self.shard.clone();
        let frames = async {
            if let Some(until) = pause {
                sleep_until(until).await;
            }
            shard.frames.notified().await;
        };
        tokio::select! {
            // Not biased: with many slow viewers one of them is writable at any time, and the others want their frames.
            () = shard.arrivals.notified() => Wake::Arrivals,
            () = writable(&mut self.viewers) => Wake::Writable,
            () = frames => Wake::Frames,
            () = sleep(TICK) => Wake::Tick,
        }
    }

    /// Brings the viewers from `first` on to the end of the ring, which is looked up again after each slice of the work: a
    /// frame that arrives meanwhile goes to all who have not had their turn. Says what the work took.
    async fn serve(&mut self, first: usize) -> Duration {
        let (mut end, mut ended) = self.stream.read(|core| (core.feed.ring.end(), core.is_ended()));
        let mut cost = Duration::ZERO;
        let mut since = std::time::Instant::now();
        for viewer in &mut self.viewers[first..] {
            viewer.serve(&self.stream, &mut self.batches, end, ended);
            let spent = since.elapsed();
            if spent > SLICE {
                cost += spent;
                tokio::task::yield_now().await;
                since = std::time::Instant::now();
                let known = end;
                (end, ended) = self.stream.read(|core| (core.feed.ring.end(), core.is_ended()));
                if end != known {
                    // Batches that stop short of the new end would cost a second write.
                    self.batches.clear();
                }
            }
        }
        self.batches.clear();
        cost + since.elapsed()
    }

    /// Goes on with the viewers whose sockets take bytes again.
    fn resume(&mut self) {
        let (end, ended) = self.stream.read(|core| (core.feed.ring.end(), core.is_ended()));
        for viewer in self.viewers.iter_mut().filter(|v| v.progress() == Progress::Writable) {
            viewer.serve(&self.stream, &mut self.batches, end, ended);
        }
        self.batches.clear();
    }

    fn drop_gone(&mut self) {
        let before = self.viewers.len();
        self.viewers.retain(|v| v.progress() != Progress::Gone);
        let gone = before - self.viewers.len();
        if gone > 0 {
            self.shard.viewers.fetch_sub(gone, Relaxed);
            self.viewers.shrink_to(self.viewers.len() * 2);
        }
    }

    fn pause_after(&self, cost: Duration) -> Option<Duration> {
        let pause = self.stream.limits.merge.unwrap_or_else(|| {
            (cost * PAUSE_PER_COST).min(PERIOD.saturating_sub(cost).max(cost.mul_f64(LOADED_PAUSE)))
        });
        (pause >= PAUSE_LEAST).then_some(pause)
    }
}

/// Resolves when a blocked viewer's socket takes bytes again, and marks all such viewers.
async fn writable(viewers: &mut [Viewer]) {
    poll_fn(|cx| {
        let mut any = Poll::Pending;
        for viewer in viewers.iter_mut().filter(|v| v.progress() == Progress::Blocked) {
            if viewer.poll_writable(cx) {
                any = Poll::Ready(());
            }
        }
        any
    })
    .await;
}
