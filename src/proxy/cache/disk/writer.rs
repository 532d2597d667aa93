//! The thread that writes: no disk, however slow, holds anybody up.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::super::identity::Key;
use super::super::stats::Counters;
use super::super::version::{Version, Written};
use super::folder::Folder;
use super::index::{FileId, Index, SLICES_MAX};
use super::slice_file::{HEADER_LEN, Label};
use std::sync::atomic::Ordering::Relaxed;

/// After a disk that takes nothing the next try waits so long.
const PAUSE: Duration = Duration::from_secs(30);

/// What is to be done.
#[derive(Debug)]
pub(super) enum Job {
    Slice(Arc<Version>, u64, Bytes),
    /// A version that is on disk already is known better.
    Describe(Arc<Version>),
    /// Files are to be deleted.
    Sweep,
    /// Says when everything before it is done.
    Flush(oneshot::Sender<()>),
}

pub(super) struct Writer {
    pub folder: Folder,
    pub index: Arc<Mutex<Index>>,
    pub doomed: Arc<Mutex<Vec<FileId>>>,
    pub counters: Arc<Counters>,
    pub slice_len: u64,
    /// Nothing is tried before.
    pub paused: Option<Instant>,
    /// The last attempt failed, and it was said.
    pub warned: bool,
}

impl Writer {
    /// Looks what is there, then does what it is told until nobody is left to tell it anything.
    pub fn run(mut self, jobs: &Receiver<Job>, found: impl FnMut(Written) -> bool, ready: &watch::Sender<bool>) {
        if let Err(err) = self.scan(found) {
            self.trouble(&err);
        }
        ready.send_replace(true);
        while let Ok(job) = jobs.recv() {
            self.sweep();
            match job {
                Job::Sweep => {}
                Job::Slice(version, nth, bytes) => {
                    let written = self.trying(|writer| writer.slice(&version, nth, &bytes));
                    if !written {
                        self.counters.not_written.fetch_add(1, Relaxed);
                    }
                }
                Job::Describe(version) => {
                    if self.index.lock().describes(&version.key) {
                        self.trying(|writer| writer.describe(&version));
                    }
                }
                Job::Flush(done) => drop(done.send(())),
            }
        }
    }

    fn sweep(&self) {
        let mut doomed = std::mem::take(&mut *self.doomed.lock());
        if !doomed.is_empty() {
            let index = self.index.lock();
            // What is there again was written since.
            doomed.retain(|id| !index.has(*id));
            drop(index);
            self.folder.delete(&doomed);
        }
    }

    fn trying(&mut self, attempt: impl FnOnce(&Self) -> io::Result<()>) -> bool {
        if self.paused.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        match attempt(self) {
            Ok(()) => {
                (self.paused, self.warned) = (None, false);
                true
            }
            Err(err) => {
                self.trouble(&err);
                false
            }
        }
    }

    /// One warning, however long it lasts.
    fn trouble(&mut self, err: &io::Error) {
        if !self.warned {
            tracing::warn!(%err, "the cache's disk takes nothing: slices are kept in memory alone until it does");
        }
        (self.paused, self.warned) = (Some(Instant::now() + PAUSE), true);
    }

    fn slice(&self, version: &Arc<Version>, nth: u64, bytes: &Bytes) -> io::Result<()> {
        if !version.is_kept() {
            return Ok(());
        }
        let Ok(len) = u32::try_from(bytes.len()) else { return Ok(()) };
        let described = self.index.lock().describes(&version.key);
        if !described {
            self.describe(version)?;
        }
        let file_len = len + HEADER_LEN as u32;
        let written = self.folder.write(&Label { version: version.key, total: version.total, nth, len }, bytes);
        if written.is_err() {
            // What is written down of a version without slices would take room for ever: room is made by slices that go.
            let gone = self.index.lock().remove_empty(version.key);
            self.folder.delete(&gone);
        }
        written?;
        let gone = self.index.lock().put((version.key, nth), file_len);
        self.folder.delete(&gone);
        // One that was overtaken is read on; what is left of it goes with its last reader.
        if !version.is_kept() && !version.is_overtaken() {
            // It was forgotten meanwhile, when this file was not in the index yet.
            let gone = self.index.lock().remove_versions(&[version.key]);
            self.folder.delete(&gone);
        }
        Ok(())
    }

    fn describe(&self, version: &Version) -> io::Result<()> {
        let len = self.folder.describe(version.key, &version.to_write())?;
        let gone = self.index.lock().describe(version.key, len);
        self.folder.delete(&gone);
        Ok(())
    }

    /// Enters what an earlier process has left. What cannot be used is deleted.
    fn scan(&self, mut found: impl FnMut(Written) -> bool) -> io::Result<()> {
        let (mut heads, mut slices) = (HashMap::new(), Vec::new());
        let mut surplus = Vec::new();
        self.folder.each(|seen| match seen.id {
            (key, None) => drop(heads.insert(key, seen.len)),
            (key, Some(nth)) if slices.len() < SLICES_MAX => slices.push((seen.used, key, nth, seen.len)),
            id => surplus.push(id),
        })?;
        self.folder.delete(&surplus);
        let held: HashSet<Key> = slices.iter().map(|(_, key, ..)| *key).collect();
        let mut described: Vec<(Written, Key, u64)> = Vec::new();
        for (key, len) in heads {
            match self.folder.description(key).filter(|written| written.key(self.slice_len) == key) {
                Some(written) if held.contains(&key) => described.push((written, key, len)),
                _ => self.folder.delete(&[(key, None)]),
            }
        }
        // Of two versions the one that was fresh later is the newer one.
        described.sort_unstable_by_key(|(written, ..)| std::cmp::Reverse(written.freshness.fresh_until_ms));
        let mut kept = HashMap::new();
        for (written, key, len) in described {
            if found(written) {
                kept.insert(key, len);
            } else {
                self.folder.delete(&[(key, None)]);
            }
        }
        self.enter(&kept, slices);
        Ok(())
    }

    fn enter(&self, heads: &HashMap<Key, u64>, mut slices: Vec<(SystemTime, Key, u64, u64)>) {
        slices.sort_unstable();
        for (_, key, nth, len) in slices {
            let len = u32::try_from(len).ok().filter(|_| heads.contains_key(&key));
            let gone = match len {
                Some(len) => self.index.lock().put((key, nth), len),
                None => vec![(key, Some(nth))],
            };
            self.folder.delete(&gone);
        }
        for (key, len) in heads {
            // The quota may have become smaller.
            let gone = match self.index.lock() {
                mut index if index.knows(key) => index.describe(*key, *len),
                _ => vec![(*key, None)],
            };
            self.folder.delete(&gone);
        }
    }
}
