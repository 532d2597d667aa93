//! Which pulls run, and who wants them.

use super::{
    Hold, NotPlaying, PullError, PullStatus, Upstreams,
    entry::{Entry, Phase},
    puller,
};
use crate::{
    fetch,
    live::{hub::Hub, stream::Stream},
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

/// A viewer waits this long for the first frames.
const FIRST_FRAMES: Duration = Duration::from_secs(10);
/// Requests without a signature that look a name up at the same time: strangers ask for anything.
const STRANGERS_MAX: usize = 16;
/// Others wait this long for their turn.
const STRANGERS_PATIENCE: Duration = Duration::from_secs(2);
/// A pull outlasts a viewer's request at least this long, however short the idle time: the viewer is not counted before its answer began.
const IDLE_MIN: Duration = Duration::from_secs(1);

/// The limits of pull streams.
#[derive(Debug, Clone)]
pub struct PullLimits {
    /// A pull that nobody wants stops after this.
    pub idle: Duration,
    /// Pulls on this node.
    pub max: usize,
    /// Hosts and ports under which this gateway is reached: nothing is pulled from there.
    pub own: Vec<(String, u16)>,
}

/// What pulls work with.
pub struct Surroundings {
    /// Where the frames go.
    pub hub: Arc<Hub>,
    /// The way out.
    pub client: fetch::Client,
    /// Who knows the pull streams.
    pub upstreams: Arc<dyn Upstreams>,
    /// Where the tasks are counted.
    pub tasks: TaskTracker,
    /// The end of the server.
    pub stop: CancellationToken,
}

/// The pulls of this node.
pub struct Pulls {
    around: Surroundings,
    limits: PullLimits,
    running: Mutex<HashMap<Arc<str>, Arc<Entry>>>,
    strangers: Semaphore,
    me: Weak<Self>,
}

impl std::fmt::Debug for Pulls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pulls").field("running", &self.running()).finish_non_exhaustive()
    }
}

impl Pulls {
    /// Nothing is pulled yet.
    #[must_use]
    pub fn new(around: Surroundings, limits: PullLimits) -> Arc<Self> {
        let (running, strangers) = (Mutex::default(), Semaphore::new(STRANGERS_MAX));
        Arc::new_cyclic(|me| Self { around, limits, running, strangers, me: me.clone() })
    }

    /// For tests that pull nothing.
    #[cfg(test)]
    #[must_use]
    pub fn none() -> Arc<Self> {
        let around = Surroundings {
            hub: Hub::new(crate::live::LiveLimits::default()),
            client: fetch::Client::new(Vec::new()),
            upstreams: Arc::new(super::NoUpstreams),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Self::new(around, PullLimits { idle: Duration::ZERO, max: 0, own: Vec::new() })
    }

    /// Whether a stream is one that is pulled, and needs a signature; for requests without one. What runs is not looked up.
    ///
    /// # Errors
    /// [`NotPlaying::Unknown`] when there is none, [`NotPlaying::Unavailable`] when too many ask, or nobody can say.
    pub async fn is_private(&self, name: &str) -> Result<bool, NotPlaying> {
        if let Some(private) = self.known_private(name) {
            return Ok(private);
        }
        let place = timeout(STRANGERS_PATIENCE, self.strangers.acquire()).await;
        let _place = place.map_err(|_| NotPlaying::Unavailable)?.map_err(|_| NotPlaying::Unavailable)?;
        // Of many who come at once, the first one starts it.
        if let Some(private) = self.known_private(name) {
            return Ok(private);
        }
        match self.around.upstreams.find(name).await {
            Ok(Some(upstream)) => Ok(upstream.private),
            Err(PullError::Unavailable) => Err(NotPlaying::Unavailable),
            // A source that cannot be read says nothing of who may watch.
            Ok(None) | Err(_) => Err(NotPlaying::Unknown),
        }
    }

    fn known_private(&self, name: &str) -> Option<bool> {
        self.running.lock().get(name)?.private()
    }

    /// The stream, once it can be played; starts the pull, and waits for its first frames within a limit.
    ///
    /// # Errors
    /// [`NotPlaying`].
    pub async fn watch(&self, name: &str) -> Result<Arc<Stream>, NotPlaying> {
        let (entry, waiter) = self.start(name, |entry| entry.wait())?;
        let mut phases = entry.phases();
        let played = phases.wait_for(|phase| !matches!(phase, Phase::Connecting) && !is_passing(phase));
        let phase = match timeout(FIRST_FRAMES, played).await {
            Ok(Ok(phase)) => phase.clone(),
            Ok(Err(_)) => Phase::Over,
            Err(_) => return Err(NotPlaying::Silent),
        };
        drop(waiter);
        match phase {
            Phase::Live => self.around.hub.get(name).ok_or(NotPlaying::Silent),
            Phase::Unknown => Err(NotPlaying::Unknown),
            Phase::Waiting(PullError::Unavailable, _) => Err(NotPlaying::Unavailable),
            Phase::Waiting(..) => Err(NotPlaying::Failed),
            Phase::Connecting | Phase::Over => Err(NotPlaying::Silent),
        }
    }

    /// Notes that somebody asked for what a pull brings.
    pub fn touch(&self, name: &str) {
        if let Some(entry) = self.running.lock().get(name) {
            entry.touch();
        }
    }

    /// Keeps a stream pulled, watched or not, until the answer is dropped.
    ///
    /// # Errors
    /// [`NotPlaying::Full`].
    pub fn hold(&self, name: &str) -> Result<Hold, NotPlaying> {
        let (entry, ()) = self.start(name, |entry| entry.hold())?;
        Ok(Hold::new(entry, self.idle()))
    }

    /// What a pull does; `None` when nobody wants the stream, or there is none.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<PullStatus> {
        self.running.lock().get(name).map(|entry| entry.status())
    }

    /// What the operator is told of a pull stream, running or not; `None` when there is none.
    pub async fn describe(&self, name: &str) -> Option<PullStatus> {
        if let Some(status) = self.status(name) {
            return Some(status);
        }
        match self.around.upstreams.find(name).await {
            Ok(upstream) => Some(PullStatus::idle(upstream?.from.shown())),
            // Then it cannot be said whether it is one.
            Err(PullError::Unavailable) => None,
            Err(error) => Some(PullStatus { last_error: Some(error.to_string()), ..PullStatus::idle(String::new()) }),
        }
    }

    /// Has a running pull look its source up again: it was changed or deleted, or who may watch it.
    pub fn recheck(&self, name: &str) {
        if let Some(entry) = self.running.lock().get(name) {
            entry.recheck();
        }
    }

    /// Has all running pulls look their sources up again: some were deleted, nobody says which.
    pub fn recheck_all(&self) {
        for entry in self.running.lock().values() {
            entry.recheck();
        }
    }

    /// How many run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.lock().len()
    }

    /// The pull of this name, started unless it runs; `want` is done before it can end.
    fn start<T>(&self, name: &str, want: impl FnOnce(&Arc<Entry>) -> T) -> Result<(Arc<Entry>, T), NotPlaying> {
        let mut running = self.running.lock();
        if let Some(entry) = running.get(name) {
            return Ok((entry.clone(), want(entry)));
        }
        if running.len() >= self.limits.max {
            return Err(NotPlaying::Full);
        }
        let me = self.me.upgrade().filter(|_| !self.around.stop.is_cancelled()).ok_or(NotPlaying::Unavailable)?;
        let entry = Entry::new(name, &self.around.stop);
        let wanted = want(&entry);
        running.insert(entry.name.clone(), entry.clone());
        self.around.tasks.spawn(puller::run(me, entry.clone()));
        Ok((entry, wanted))
    }

    /// Ends a pull that nobody wants: whoever asks from now on starts another.
    pub(super) fn end_if_unwanted(&self, entry: &Arc<Entry>) -> bool {
        let mut running = self.running.lock();
        let unused_for = self.around.hub.get(&entry.name).map_or(Duration::MAX, |stream| stream.unused_for());
        if !entry.is_unwanted(self.idle(), unused_for) {
            return false;
        }
        remove(&mut running, entry);
        self.around.hub.retire(&entry.name);
        true
    }

    /// Takes out what is over.
    pub(super) fn forget(&self, entry: &Arc<Entry>) {
        if remove(&mut self.running.lock(), entry) {
            self.around.hub.retire(&entry.name);
        }
    }

    pub(super) fn idle(&self) -> Duration {
        self.limits.idle.max(IDLE_MIN)
    }

    pub(super) const fn hub(&self) -> &Arc<Hub> {
        &self.around.hub
    }

    pub(super) const fn client(&self) -> &fetch::Client {
        &self.around.client
    }

    pub(super) fn upstreams(&self) -> &dyn Upstreams {
        &*self.around.upstreams
    }

    /// Whether a URL leads to where this gateway is reached.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let port = url.port_or_known_default().unwrap_or(1935);
        self.limits.own.iter().any(|(own, at)| *at == port && own.eq_ignore_ascii_case(host))
    }
}

/// Whether those who wait for the stream go on waiting: the next attempt may succeed.
fn is_passing(phase: &Phase) -> bool {
    matches!(phase, Phase::Waiting(error, _) if !error.is_lasting() && !matches!(error, PullError::Unavailable))
}

/// Takes an entry out, unless another one has its name; false then.
fn remove(running: &mut HashMap<Arc<str>, Arc<Entry>>, entry: &Arc<Entry>) -> bool {
    let is_it = running.get(&entry.name).is_some_and(|other| Arc::ptr_eq(other, entry));
    if is_it {
        running.remove(&entry.name);
    }
    is_it
}
