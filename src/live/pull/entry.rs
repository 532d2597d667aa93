//! A pull that runs, as seen by its task and by those who want it.

use super::{PullError, PullFrom, PullState, PullStatus, Upstream};
use parking_lot::Mutex;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It asks the upstream.
    Connecting,
    /// It can be played.
    Live,
    /// It tries again at the time.
    Waiting(PullError, Instant),
    /// There is no such pull stream.
    Unknown,
    /// The task ends.
    Over,
}

/// One pull.
#[derive(Debug)]
pub struct Entry {
    /// The stream's name.
    pub name: Arc<str>,
    /// Ends the task.
    pub cancel: CancellationToken,
    /// Something happened that may change whether it is wanted, or its source.
    pub nudge: Notify,
    phase: watch::Sender<Phase>,
    use_: Mutex<Use>,
}

#[derive(Debug)]
struct Use {
    /// Active rooms that play it.
    holds: u64,
    /// Requests that wait for it.
    waiting: u64,
    /// When it was last wanted.
    last: Instant,
    /// The source is to be looked up again.
    recheck: bool,
    attempts: u64,
    last_error: Option<PullError>,
    from: Option<PullFrom>,
    /// As it was last looked up.
    private: Option<bool>,
}

impl Entry {
    /// A pull that begins.
    pub fn new(name: &str, stop: &CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            cancel: stop.child_token(),
            nudge: Notify::new(),
            phase: watch::Sender::new(Phase::Connecting),
            use_: Mutex::new(Use {
                holds: 0,
                waiting: 0,
                last: Instant::now(),
                recheck: false,
                attempts: 0,
                last_error: None,
                from: None,
                private: None,
            }),
        })
    }

    /// How far it is, and what comes of it.
    pub fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Says how far it is.
    pub fn set_phase(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// A request waits for it until the answer is dropped.
    pub fn wait(self: &Arc<Self>) -> Waiter {
        self.use_.lock().waiting += 1;
        Waiter(self.clone())
    }

    /// An active room plays it. The caller gives it back.
    pub fn hold(&self) {
        self.use_.lock().holds += 1;
    }

    /// A room no longer plays it. `at_once`: it need not outlast that by the idle time.
    pub fn let_go(&self, at_once: bool, idle: Duration) {
        let mut used = self.use_.lock();
        let now = Instant::now();
        used.holds = used.holds.saturating_sub(1);
        used.last = if at_once { now.checked_sub(idle).unwrap_or(now) } else { now };
        drop(used);
        self.nudge.notify_one();
    }

    /// Somebody asked for it just now.
    pub fn touch(&self) {
        self.use_.lock().last = Instant::now();
    }

    /// Whether nobody has wanted it for `idle`; `unused_for` is what the stream itself knows of that.
    pub fn is_unwanted(&self, idle: Duration, unused_for: Duration) -> bool {
        let mut used = self.use_.lock();
        let now = Instant::now();
        if used.holds > 0 || used.waiting > 0 {
            used.last = now;
        } else if let Some(last) = now.checked_sub(unused_for) {
            used.last = used.last.max(last);
        }
        now.duration_since(used.last) >= idle
    }

    /// Has the source looked up again soon.
    pub fn recheck(&self) {
        self.use_.lock().recheck = true;
        self.nudge.notify_one();
    }

    /// Whether that was asked for, since the last time.
    pub fn take_recheck(&self) -> bool {
        std::mem::take(&mut self.use_.lock().recheck)
    }

    /// Whether play URLs need a signature; `None` until it has been looked up.
    pub fn private(&self) -> Option<bool> {
        self.use_.lock().private
    }

    /// The same for who publishes: what is not known is not shown.
    pub fn is_private(&self) -> bool {
        self.private().unwrap_or(true)
    }

    /// Says whether play URLs need a signature.
    pub fn set_private(&self, private: bool) {
        self.use_.lock().private = Some(private);
    }

    /// Another attempt begins.
    pub fn begin_attempt(&self, upstream: &Upstream) {
        let mut used = self.use_.lock();
        used.attempts += 1;
        used.from = Some(upstream.from.clone());
        used.private = Some(upstream.private);
        drop(used);
        self.set_phase(Phase::Connecting);
    }

    /// An attempt ended; the next one comes at `again`.
    pub fn end_attempt(&self, error: PullError, again: Instant) {
        self.use_.lock().last_error = Some(error.clone());
        self.set_phase(Phase::Waiting(error, again));
    }

    /// What the operator is told.
    pub fn status(&self) -> PullStatus {
        let phase = self.phase.borrow().clone();
        let used = self.use_.lock();
        let state = match phase {
            Phase::Connecting => PullState::Connecting,
            Phase::Live => PullState::Live,
            Phase::Waiting(..) => PullState::Waiting,
            Phase::Unknown | Phase::Over => PullState::Idle,
        };
        let retry_in_ms = match phase {
            Phase::Waiting(_, at) => {
                Some(u64::try_from(at.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u64::MAX))
            }
            _ => None,
        };
        PullStatus {
            state,
            upstream: used.from.as_ref().map(PullFrom::shown).unwrap_or_default(),
            attempts: used.attempts,
            last_error: used.last_error.as_ref().map(ToString::to_string),
            retry_in_ms,
            holds: used.holds,
        }
    }
}

/// A request that waits.
#[derive(Debug)]
pub struct Waiter(Arc<Entry>);

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut used = self.0.use_.lock();
        used.waiting = used.waiting.saturating_sub(1);
        used.last = Instant::now();
    }
}
