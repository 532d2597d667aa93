//! Slices on disk: a file each. They outlive the process; what is damaged is noticed and fetched anew.

mod folder;
mod index;
mod slice_file;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;

use super::identity::Key;
use super::stats::Counters;
use super::version::{Version, Written};
use folder::Folder;
use index::{FileId, Index};
use slice_file::Label;
use writer::{Job, Writer};

/// Slices that wait to be written; when there are more, the disk is too slow for them and they are not.
pub(super) const QUEUE_MAX: usize = 32;
/// Slices that are read at the same time.
const READS_MAX: usize = 16;
/// After a start so long is waited for what is on disk to be known.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// The slices of one directory.
#[derive(Debug)]
pub(super) struct Disk {
    folder: Folder,
    index: Arc<Mutex<Index>>,
    jobs: SyncSender<Job>,
    /// Files that are to be deleted; never more than there are in the index.
    doomed: Arc<Mutex<Vec<FileId>>>,
    reads: Semaphore,
    counters: Arc<Counters>,
    ready: watch::Receiver<bool>,
}

impl Disk {
    /// Takes a directory into use. What is in it is looked through by and by; each version is told to `found`, which says whether it is
    /// wanted. `None`, with a warning: the directory cannot be had.
    pub fn open(
        path: PathBuf,
        bytes_max: u64,
        slice_len: u64,
        counters: Arc<Counters>,
        found: impl FnMut(Written) -> bool + Send + 'static,
    ) -> Option<Self> {
        let index = Arc::new(Mutex::new(Index::new(bytes_max)));
        let doomed = Arc::<Mutex<Vec<FileId>>>::default();
        let (jobs, waiting) = sync_channel(QUEUE_MAX);
        let (send_ready, ready) = watch::channel(false);
        let started = Folder::open(path).and_then(|folder| {
            let (index, doomed, counters) = (index.clone(), doomed.clone(), counters.clone());
            let writer =
                Writer { folder: folder.clone(), index, doomed, counters, slice_len, paused: None, warned: false };
            let run = move || writer.run(&waiting, found, &send_ready);
            std::thread::Builder::new().name("cache-disk".into()).spawn(run)?;
            Ok(folder)
        });
        match started {
            Ok(folder) => Some(Self { folder, index, jobs, doomed, reads: Semaphore::new(READS_MAX), counters, ready }),
            Err(err) => {
                tracing::warn!(%err, "the cache's directory cannot be used: slices are kept in memory alone");
                None
            }
        }
    }

    /// Waits until it is known what is there, though not for long.
    pub async fn ready(&self) {
        if !*self.ready.borrow() {
            let mut ready = self.ready.clone();
            let _ = timeout(READY_WITHIN, ready.wait_for(|ready| *ready)).await;
        }
    }

    /// Reads a slice of this length; `None`: it is not there, or not right any more.
    pub async fn read(&self, version: &Version, nth: u64, len: usize) -> Option<Bytes> {
        if !self.index.lock().uses((version.key, nth)) {
            return None;
        }
        let label = Label { version: version.key, total: version.total, nth, len: u32::try_from(len).ok()? };
        let _turn = self.reads.acquire().await.ok()?;
        let folder = self.folder.clone();
        let read = tokio::task::spawn_blocking(move || folder.read(&label)).await.ok()?;
        if let Ok(Some(bytes)) = read {
            self.counters.disk_read(bytes.len());
            return Some(bytes);
        }
        tracing::warn!("a file of the cache is damaged; it is deleted, and what was in it fetched anew");
        self.counters.damaged.fetch_add(1, Relaxed);
        let gone = self.index.lock().remove((version.key, nth));
        self.delete(gone);
        None
    }

    /// Writes a slice when there is time for it.
    pub fn write(&self, version: &Arc<Version>, nth: u64, bytes: &Bytes) {
        if self.jobs.try_send(Job::Slice(version.clone(), nth, bytes.clone())).is_err() {
            self.counters.not_written.fetch_add(1, Relaxed);
        }
    }

    /// Writes down what has become known of a version that has slices here.
    pub fn describe(&self, version: &Arc<Version>) {
        // It is no loss when there is no time: after a restart the origin is asked.
        let _ = self.jobs.try_send(Job::Describe(version.clone()));
    }

    /// Deletes what there is of these versions.
    pub fn forget(&self, versions: &[Key]) {
        let gone = self.index.lock().remove_versions(versions);
        self.delete(gone);
    }

    /// Deletes everything.
    pub fn clear(&self) {
        let gone = self.index.lock().clear();
        self.delete(gone);
    }

    /// The writer deletes, so that nothing is deleted that was written again meanwhile.
    fn delete(&self, gone: Vec<FileId>) {
        if gone.is_empty() {
            return;
        }
        self.doomed.lock().extend(gone);
        // When there is no room, the writer is at work and comes by here anyway.
        let _ = self.jobs.try_send(Job::Sweep);
    }

    /// Slices and bytes.
    pub fn held(&self) -> (usize, u64) {
        let index = self.index.lock();
        (index.len(), index.bytes())
    }

    /// Waits until everything before is written.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        let jobs = self.jobs.clone();
        let sent = tokio::task::spawn_blocking(move || jobs.send(Job::Flush(done)).is_ok());
        if sent.await.unwrap_or(false) {
            let _ = flushed.await;
        }
    }
}
