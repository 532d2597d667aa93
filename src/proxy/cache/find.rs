//! From a request to something that can be read.

use std::sync::Arc;

use tokio::sync::watch;

use super::fill::Source;
use super::freshness::Age;
use super::identity::Want;
use super::pass::{Passing, SKIP_MAX};
use super::read::Reading;
use super::shelf::{Discovered, Discovery, Entry, Slice};
use super::version::Version;
use super::{Cache, Failure, Found, Outcome, Start};
use crate::fetch::{self, Upstream};
use crate::proxy::resource::Resource;

/// What is found may change while it is being found; after so many times that is a failure.
const ATTEMPTS: usize = 6;

/// What is to be done next.
enum Step {
    Known(Arc<Version>),
    Passing,
    Refused(Failure),
    /// Somebody finds out; `true`: on behalf of this request.
    Wait(Discovery, bool),
}

impl Cache {
    /// Finds a resource: answers as soon as its head is known and its bytes are on their way.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn find(self: &Arc<Self>, resource: &Resource, start: Start) -> Result<Found, Failure> {
        if let Some(disk) = &self.disk {
            disk.ready().await;
        }
        let found = self.look(&Arc::new(Want::new(resource)), start).await;
        match &found {
            Ok(found) => self.counters.note(found.outcome),
            Err(Failure::Remembered(_)) => self.counters.note(Outcome::Negative),
            Err(_) => {}
        }
        found
    }

    async fn look(self: &Arc<Self>, want: &Arc<Want>, start: Start) -> Result<Found, Failure> {
        let (mut want, mut asked) = (want.clone(), false);
        for _ in 0..ATTEMPTS {
            match self.step(&want, start) {
                Step::Refused(failure) => return Err(Failure::Remembered(Box::new(failure))),
                Step::Passing => return self.pass(&want, start, None).await,
                Step::Known(version) => match self.known(&version, &want, start, asked).await {
                    Err(Failure::Changed) => {
                        asked = false;
                        if version.is_kept() && !version.is_proven(&want) {
                            want = Arc::new(want.alone());
                        }
                    }
                    found => return found,
                },
                Step::Wait(mut discovery, mine) => match discovered(&mut discovery).await {
                    Discovered::Shelved => asked = true,
                    Discovered::Passed(answer) => {
                        let answer = if mine { answer.lock().take() } else { None };
                        return self.pass(&want, start, answer).await;
                    }
                    // What another signature or another position met with says nothing of this one.
                    Discovered::Failed(_, Failure::Status(416)) if !mine => {}
                    Discovered::Failed(exact, failure) if mine || exact == want.exact => return Err(failure),
                    Discovered::Failed(..) => {}
                },
            }
        }
        Err(Failure::Changed)
    }

    fn step(self: &Arc<Self>, want: &Arc<Want>, start: Start) -> Step {
        let now_ms = self.clock.now_ms();
        let mut shelf = self.shelf.lock();
        // First what stands there for this URL alone.
        for key in [&want.exact, &want.stable] {
            match shelf.resources.get(key) {
                Some(Entry::Known(version)) => return Step::Known(version.clone()),
                Some(Entry::Passing(until)) if now_ms < *until => return Step::Passing,
                _ => {}
            }
        }
        if let Some(discovery) = shelf.discoveries.get(&want.stable) {
            return Step::Wait(discovery.clone(), false);
        }
        if let Some(failure) = self.negatives.get(&want.exact, now_ms) {
            return Step::Refused(failure);
        }
        let (tell, discovery) = watch::channel(None);
        shelf.discoveries.insert(want.stable, discovery.clone());
        drop(shelf);
        let nth = match start {
            Start::From(first) => first / self.slice_len,
            Start::Whole | Start::Suffix(_) => 0,
        };
        self.discover(want, nth, tell);
        Step::Wait(discovery, true)
    }

    /// `asked`: its origin has just told that this is the version.
    async fn known(
        self: &Arc<Self>,
        version: &Arc<Version>,
        want: &Arc<Want>,
        start: Start,
        asked: bool,
    ) -> Result<Found, Failure> {
        let proven = version.is_proven(want);
        let mut outcome = if asked { Outcome::Miss } else { Outcome::Hit };
        if !(asked && proven) {
            match version.age(self.clock.now_ms()) {
                Age::Fresh if proven => {}
                Age::Stale if proven => outcome = Outcome::Stale,
                age => {
                    self.ask_whether(version, want).await?;
                    if age != Age::Fresh {
                        outcome = Outcome::Revalidated;
                    }
                }
            }
        }
        let from = match start {
            Start::Whole => 0,
            Start::From(first) => first,
            Start::Suffix(len) => version.total.saturating_sub(len),
        };
        if from < version.total
            && let Slice::Coming(fill) = self.slice(version, from / self.slice_len, want)
            && !fill.is_full()
        {
            match fill.begun().await {
                Ok(Source::Disk) => {}
                Ok(Source::Origin) => outcome = Outcome::Miss,
                // It was fetched for somebody whose signature did not open it.
                Err(failure) if fill.exact != want.exact && failure.is_of_one_url() => return Err(Failure::Changed),
                Err(failure) => return Err(failure),
            }
        }
        if outcome == Outcome::Stale {
            self.ask_aside(version, want);
        }
        let reading = Reading { cache: self.clone(), version: version.clone(), want: want.clone() };
        Ok(Found { head: version.head.clone(), outcome, way: super::Way::Kept(reading) })
    }

    async fn pass(
        self: &Arc<Self>,
        want: &Arc<Want>,
        start: Start,
        answer: Option<(u64, Upstream)>,
    ) -> Result<Found, Failure> {
        let from = if let Start::From(first) = start { first } else { 0 };
        let mut passing = match answer {
            Some(answer) if answer.0 <= from => Passing::begun(self, want, answer).await?,
            _ => {
                if let Some(failure) = self.negatives.get(&want.exact, self.clock.now_ms()) {
                    return Err(Failure::Remembered(Box::new(failure)));
                }
                let (exact, kind) = (&want.exact, want.resource.kind);
                let opened = Passing::open(self, want, from).await;
                opened.inspect_err(|failure| self.negatives.note(exact, kind, failure, self.clock.now_ms()))?
            }
        };
        // The end is asked for where it lies, now that this is known, and not read up to.
        if let (Start::Suffix(len), Some(total)) = (start, passing.head.total)
            && let from = total.saturating_sub(len)
            && from > SKIP_MAX
            && passing.reaches(from)
        {
            drop(passing);
            passing = Passing::open(self, want, from).await?;
        }
        Ok(Found { head: passing.head.clone(), outcome: Outcome::Bypass, way: super::Way::Passing(Box::new(passing)) })
    }
}

async fn discovered(discovery: &mut Discovery) -> Discovered {
    match discovery.wait_for(Option::is_some).await.map(|told| told.clone()) {
        Ok(Some(discovered)) => discovered,
        // Whoever finds out tells in any case.
        _ => Discovered::Failed([0; 32], fetch::Error::Connection.into()),
    }
}
