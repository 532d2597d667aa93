//! Where a pull's frames go: a publication that begins with the first of them.

use super::{
    PullError,
    entry::{Entry, Phase},
};
use crate::live::hub::{Hub, Publication};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use synctv_ingest::{Frame, rtmp::Metadata};

/// The frames of one attempt. Dropping it takes the stream offline; viewers are held for the hub's grace.
#[derive(Debug)]
pub struct Sink {
    hub: Arc<Hub>,
    entry: Arc<Entry>,
    publication: OnceLock<(Publication, Instant)>,
    /// Announced before the first frame.
    metadata: Mutex<Option<Metadata>>,
    playable: AtomicBool,
}

impl Sink {
    pub(super) fn new(hub: Arc<Hub>, entry: Arc<Entry>) -> Self {
        let (metadata, playable) = (Mutex::new(None), AtomicBool::new(false));
        Self { hub, entry, publication: OnceLock::new(), metadata, playable }
    }

    /// Hands frames to the stream and wakes its outputs once. Their times are the upstream's: the stream repairs them.
    ///
    /// # Errors
    /// [`PullError::Closed`] and [`PullError::Taken`]: the attempt is over.
    pub fn push(&self, frames: impl Iterator<Item = Frame>) -> Result<(), PullError> {
        let mut frames = frames.peekable();
        if frames.peek().is_none() {
            return Ok(());
        }
        let publication = self.publication()?;
        if publication.close().is_cancelled() || !publication.push(frames) {
            return Err(PullError::Closed);
        }
        if !self.playable.load(Relaxed) && publication.is_playable() {
            self.playable.store(true, Relaxed);
            self.entry.set_phase(Phase::Live);
            tracing::info!(epoch = publication.epoch(), "the pull is live");
        }
        Ok(())
    }

    /// Notes what the operator should hear about what comes.
    pub fn warn(&self, warning: String) {
        if let Some((publication, _)) = self.publication.get() {
            publication.warn(warning);
        }
    }

    /// Hands over what the upstream announced.
    pub fn announce(&self, metadata: Metadata) {
        match self.publication.get() {
            Some((publication, _)) => publication.announce(metadata),
            None => *self.metadata.lock() = Some(metadata),
        }
    }

    /// How long frames have been coming.
    pub(super) fn lived(&self) -> Duration {
        self.publication.get().map_or(Duration::ZERO, |(_, since)| since.elapsed())
    }

    fn publication(&self) -> Result<&Publication, PullError> {
        if let Some((publication, _)) = self.publication.get() {
            return Ok(publication);
        }
        let private = self.entry.is_private();
        let publication = self.hub.publish_pull(&self.entry.name, private).map_err(|_| PullError::Taken)?;
        // Whoever hid the stream on another node since it was looked up found no publication to act upon.
        self.entry.recheck();
        if let Some(metadata) = self.metadata.lock().take() {
            publication.announce(metadata);
        }
        Ok(&self.publication.get_or_init(|| (publication, Instant::now())).0)
    }
}
