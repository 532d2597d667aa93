//! The first request for a resource: its answer tells what it is, and is its first slice at the same time.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::fill::{Fill, Source};
use super::identity::Want;
use super::pass::ask;
use super::shelf::Discovered;
use super::slots::Slot;
use super::supply::Landing;
use super::version::Version;
use super::{Cache, Failure, answer};
use crate::fetch::{self, Upstream};

/// What cannot be kept is passed through without a try for so long.
const PASSING_MS: u64 = 30_000;

enum Found {
    Version(Arc<Version>, Upstream, Slot),
    /// It cannot be kept; what has come may be used from this position on.
    Passing(Option<(u64, Upstream)>),
}

impl Cache {
    /// Finds out what a resource is, by asking for one slice of it.
    pub(super) fn discover(self: &Arc<Self>, want: &Arc<Want>, nth: u64, tell: watch::Sender<Option<Discovered>>) {
        let telling = Telling { cache: self.clone(), want: want.clone(), tell: Some(tell) };
        let (cache, want) = (self.clone(), want.clone());
        tokio::spawn(async move {
            match cache.first(&want, nth).await {
                Ok((nth, Found::Version(version, mut upstream, _slot))) => {
                    let (first, end) = cache.bounds(version.total, nth);
                    let fill = Arc::new(Fill::new((end - first) as usize, want.exact));
                    fill.begin(Source::Origin);
                    {
                        let mut shelf = cache.shelf.lock();
                        shelf.shelve(&version);
                        shelf.fills.insert((version.number, nth), fill.clone());
                    }
                    let landing = Landing::new(&cache, &version, nth, &want, &fill);
                    telling.end(Discovered::Shelved);
                    let poured = answer::pour(&mut upstream, &fill, &cache.counters).await;
                    landing.end(poured);
                }
                Ok((_, Found::Passing(answer))) => {
                    let until = cache.clock.now_ms() + PASSING_MS;
                    // What another signature leads to may be kept.
                    cache.shelf.lock().pass(want.exact, until);
                    telling.end(Discovered::Passed(Arc::new(Mutex::new(answer))));
                }
                Err(failure) => {
                    cache.negatives.note(&want.exact, want.resource.kind, &failure, cache.clock.now_ms());
                    telling.end(Discovered::Failed(want.exact, failure));
                }
            }
        });
    }

    /// What came, and which slice of it.
    async fn first(&self, want: &Want, nth: u64) -> Result<(u64, Found), Failure> {
        let found = self.ask_first(want, nth).await;
        let is_at_a_loss = matches!(&found, Ok(Found::Passing(Some((0, _)))) | Err(Failure::Status(400)));
        if nth > 0 && is_at_a_loss {
            // It may be that it cannot count so far. The beginning tells what the resource is.
            drop(found);
            return Ok((0, self.ask_first(want, 0).await?));
        }
        Ok((nth, found?))
    }

    async fn ask_first(&self, want: &Want, nth: u64) -> Result<Found, Failure> {
        self.counters.fills.fetch_add(1, Relaxed);
        let slot = self.slots.turn(want.origin()).await?;
        let (first, end) = self.bounds(u64::MAX, nth);
        let mut ask = ask(&want.resource);
        ask.range = Some((first, Some(end - 1)));
        let upstream = self.client.open(ask).await?;
        let now_ms = self.clock.now_ms();
        let version = |total| Version::of(&upstream, want, total, now_ms, self.slice_len).map(Arc::new);
        match upstream.status.as_u16() {
            206 => {
                let Some(total) = answer::part(&upstream, first, end - 1)? else { return Ok(Found::Passing(None)) };
                match version(total) {
                    Some(version) => Ok(Found::Version(version, upstream, slot)),
                    None => Ok(Found::Passing((end >= total).then_some((first, upstream)))),
                }
            }
            // Ranges are ignored. What is no longer than a slice is none the less one.
            200 => {
                let short = upstream.length().filter(|total| nth == 0 && *total <= self.slice_len);
                match short.and_then(version) {
                    Some(version) => Ok(Found::Version(version, upstream, slot)),
                    None => Ok(Found::Passing(Some((0, upstream)))),
                }
            }
            // An empty file has no part.
            416 if nth == 0 => Ok(Found::Passing(None)),
            status => Err(Failure::Status(status)),
        }
    }
}

/// Tells those who wait how it ended, in any case.
struct Telling {
    cache: Arc<Cache>,
    want: Arc<Want>,
    tell: Option<watch::Sender<Option<Discovered>>>,
}

impl Telling {
    fn end(mut self, discovered: Discovered) {
        self.tell(discovered);
    }

    fn tell(&mut self, discovered: Discovered) {
        if let Some(tell) = self.tell.take() {
            self.cache.shelf.lock().discoveries.remove(&self.want.stable);
            tell.send_replace(Some(discovered));
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.tell(Discovered::Failed(self.want.exact, fetch::Error::Connection.into()));
    }
}
