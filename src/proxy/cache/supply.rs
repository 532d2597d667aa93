//! How slices get here: from memory, from disk, or from the origin by one request however many want them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use hyper::header::{HeaderValue, IF_RANGE};
use tokio::sync::OwnedSemaphorePermit;

use super::answer;
use super::fill::{Fill, Source};
use super::freshness::Freshness;
use super::identity::Want;
use super::pass::ask;
use super::read::AHEAD;
use super::shelf::Slice;
use super::version::{Validator, Version};
use super::{Cache, Failure};
use crate::fetch;
use crate::proxy::resource::Kind;

/// Slices that are fetched before anybody asks for them, of all readers together.
pub(super) const AHEAD_MAX: usize = 16;

impl Cache {
    /// Positions of a slice, without the last one.
    pub(super) fn bounds(&self, total: u64, nth: u64) -> (u64, u64) {
        let first = nth.saturating_mul(self.slice_len);
        (first, first.saturating_add(self.slice_len).min(total))
    }

    /// A slice that is there, on its way, or is sent for.
    pub(super) fn slice(self: &Arc<Self>, version: &Arc<Version>, nth: u64, want: &Arc<Want>) -> Slice {
        let id = (version.number, nth);
        let (first, end) = self.bounds(version.total, nth);
        let fill = {
            let mut shelf = self.shelf.lock();
            if let Some(slice) = shelf.slice(id) {
                return slice;
            }
            let fill = Arc::new(Fill::new((end - first) as usize, want.exact));
            shelf.fills.insert(id, fill.clone());
            fill
        };
        self.send_for(version, nth, want, &fill, None);
        Slice::Coming(fill)
    }

    /// The same for a slice that nobody has asked for yet, when there is nothing better to do.
    pub(super) fn slice_ahead(self: &Arc<Self>, version: &Arc<Version>, nth: u64, want: &Arc<Want>) {
        let id = (version.number, nth);
        let (first, end) = self.bounds(version.total, nth);
        let (fill, turn) = {
            let mut shelf = self.shelf.lock();
            if shelf.holds(id) {
                return;
            }
            // Where turns are few, they are for those who wait.
            if self.slots.free(want.origin()) <= AHEAD as usize {
                return;
            }
            let Ok(turn) = self.ahead.clone().try_acquire_owned() else { return };
            let fill = Arc::new(Fill::new((end - first) as usize, want.exact));
            shelf.fills.insert(id, fill.clone());
            (fill, turn)
        };
        self.counters.ahead.fetch_add(1, Relaxed);
        self.send_for(version, nth, want, &fill, Some(turn));
    }

    fn send_for(
        self: &Arc<Self>,
        version: &Arc<Version>,
        nth: u64,
        want: &Arc<Want>,
        fill: &Arc<Fill>,
        ahead: Option<OwnedSemaphorePermit>,
    ) {
        let landing = Landing::new(self, version, nth, want, fill);
        let (cache, version, want) = (self.clone(), version.clone(), want.clone());
        tokio::spawn(async move {
            let _ahead = ahead;
            if let Some(disk) = &cache.disk
                && let Some(whole) = disk.read(&version, nth, landing.fill.len).await
            {
                landing.read(whole);
                return;
            }
            let poured = cache.fetch(&version, nth, &want, &landing.fill).await;
            landing.end(poured);
        });
    }

    /// One slice, from the origin.
    async fn fetch(
        self: &Arc<Self>,
        version: &Arc<Version>,
        nth: u64,
        want: &Want,
        fill: &Fill,
    ) -> Result<(), Failure> {
        if let Some(known) = self.negatives.get(&want.exact, self.clock.now_ms()) {
            return Err(Failure::Remembered(Box::new(known)));
        }
        self.counters.fills.fetch_add(1, Relaxed);
        let _slot = self.slots.turn(want.origin()).await?;
        let (first, end) = self.bounds(version.total, nth);
        let mut ask = ask(&want.resource);
        ask.range = Some((first, Some(end - 1)));
        // With a date an origin need not repeat it, and then nothing would tell the version (RFC 9110 15.3.7).
        if let Validator::Tag(tag) = &version.validator
            && let Ok(tag) = HeaderValue::from_str(tag)
        {
            ask.conditions.insert(IF_RANGE, tag);
        }
        let mut upstream = self.client.open(ask).await?;
        answer::of_version(&upstream, version, first, end - 1)?;
        let freshness = Freshness::of(&upstream.headers, self.clock.now_ms(), want.with_credentials);
        if freshness.is_none() {
            self.overtake(version);
        }
        version.renew(freshness, want);
        fill.begin(Source::Origin);
        answer::pour(&mut upstream, fill, &self.counters).await
    }

    /// Draws the conclusions from what an origin did instead of sending a slice.
    fn met(&self, version: &Version, want: &Want, failure: &Failure) {
        match failure {
            // It was met before, and must not be remembered for longer because somebody tries again.
            Failure::Remembered(_) => return,
            failure if failure.ends_version() && want.speaks_for(version) => self.forget(version),
            failure if failure.ends_version() => version.refute(want),
            Failure::Status(401 | 403) => version.refute(want),
            _ => {}
        }
        self.negatives.note(&want.exact, want.resource.kind, failure, self.clock.now_ms());
    }
}

/// Ends a fill in any case: nobody waits for what does not come.
pub(super) struct Landing {
    cache: Arc<Cache>,
    version: Arc<Version>,
    nth: u64,
    want: Arc<Want>,
    pub fill: Arc<Fill>,
    landed: bool,
}

impl Landing {
    pub fn new(cache: &Arc<Cache>, version: &Arc<Version>, nth: u64, want: &Arc<Want>, fill: &Arc<Fill>) -> Self {
        let (cache, version, want, fill) = (cache.clone(), version.clone(), want.clone(), fill.clone());
        Self { cache, version, nth, want, fill, landed: false }
    }

    /// It was on disk.
    fn read(mut self, whole: Bytes) {
        self.landed = true;
        self.cache.shelf.lock().land(&self.version, self.nth, Some(whole.clone()));
        self.fill.end_with(Source::Disk, whole);
    }

    /// It came from its origin, or did not.
    pub fn end(mut self, poured: Result<(), Failure>) {
        self.landed = true;
        if let Err(failure) = poured {
            self.fail(failure);
            return;
        }
        let whole = self.fill.end();
        if self.want.resource.kind != Kind::Key
            && self.version.is_kept()
            && let Some(disk) = &self.cache.disk
        {
            disk.write(&self.version, self.nth, &whole);
        }
        self.cache.shelf.lock().land(&self.version, self.nth, Some(whole));
    }

    fn fail(&self, failure: Failure) {
        if !matches!(failure, Failure::Remembered(_)) {
            self.cache.counters.failed_fills.fetch_add(1, Relaxed);
        }
        self.cache.met(&self.version, &self.want, &failure);
        self.cache.shelf.lock().land(&self.version, self.nth, None);
        self.fill.fail(failure);
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.landed {
            self.fail(fetch::Error::Connection.into());
        }
    }
}
