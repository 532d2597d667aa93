//! Asking an origin whether what is kept still holds, and whether it opens to this request.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::answer;
use super::freshness::{Age, Freshness};
use super::identity::Want;
use super::pass::ask;
use super::version::{Validator, Version};
use super::{Cache, Failure};
use crate::fetch;

/// Nobody waits longer for the questions of others: an origin that hangs would have them wait one after the other.
const TURN_WITHIN: Duration = Duration::from_secs(20);

/// What an origin says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answered {
    /// The version holds.
    Holds,
    /// There is another one.
    Other,
}

impl Cache {
    /// Asks while somebody is served from what is kept; at most one question at a time.
    pub(super) fn ask_aside(self: &Arc<Self>, version: &Arc<Version>, want: &Arc<Want>) {
        if !version.begin_asking(self.clock.now_ms()) {
            return;
        }
        let (cache, version, want) = (self.clone(), version.clone(), want.clone());
        tokio::spawn(async move {
            let answered = cache.ask_whether(&version, &want).await.is_ok();
            version.end_asking(cache.clock.now_ms(), answered);
        });
    }

    /// Makes sure that a version holds and opens to this request. One question serves all who wait for its answer; whatever that is, it
    /// serves those who came with the same URL before it was there.
    ///
    /// # Errors
    /// [`Failure::Changed`]: there is another version, and this one was overtaken; or this URL alone leads to something else.
    pub(super) async fn ask_whether(self: &Arc<Self>, version: &Arc<Version>, want: &Want) -> Result<(), Failure> {
        let (before, failures) = (version.answers(), version.failures());
        let Ok(turn) = timeout(TURN_WITHIN, version.question.acquire()).await else {
            return Err(fetch::Error::Timeout("answer").into());
        };
        let Ok(_turn) = turn else { return Err(Failure::Changed) };
        if version.is_dead() || version.is_overtaken() {
            return Err(Failure::Changed);
        }
        let now_ms = self.clock.now_ms();
        if version.is_proven(want) && (version.answers() > before || version.age(now_ms) == Age::Fresh) {
            return Ok(());
        }
        if let Some(failure) = version.failure_since(want, failures) {
            return Err(failure);
        }
        if let Some(known) = self.negatives.get(&want.exact, now_ms) {
            return Err(Failure::Remembered(Box::new(known)));
        }
        let failure = match self.ask_origin(version, want).await {
            Ok(Answered::Holds) => {
                if let Some(disk) = self.disk.as_ref().filter(|_| version.is_kept()) {
                    disk.describe(version);
                }
                return Ok(());
            }
            Ok(Answered::Other) => {
                // Somebody to whom it was open before has seen another one, or nobody has seen this one for long.
                if version.is_proven(want) || version.age(self.clock.now_ms()) == Age::Expired {
                    self.overtake(version);
                }
                Failure::Changed
            }
            Err(failure) => failure,
        };
        match &failure {
            failure if failure.ends_version() && want.speaks_for(version) => self.overtake(version),
            // Dead signatures are answered with whatever there is: that says nothing of the version that others read.
            failure if failure.ends_version() => version.refute(want),
            Failure::Status(401 | 403) => version.refute(want),
            _ => {}
        }
        version.note_failure(want, &failure);
        self.negatives.note(&want.exact, want.resource.kind, &failure, self.clock.now_ms());
        Err(failure)
    }

    /// A conditional request for the first byte: it costs next to nothing where conditions are ignored, and works with URLs that are signed
    /// for GET.
    async fn ask_origin(self: &Arc<Self>, version: &Arc<Version>, want: &Want) -> Result<Answered, Failure> {
        let _slot = self.slots.turn(want.origin()).await?;
        let mut ask = ask(&want.resource);
        ask.range = Some((0, Some(0)));
        // Any older file is unchanged since a date: that is asked where it is certain which file is spoken of.
        if version.is_proven(want) || matches!(version.validator, Validator::Tag(_)) {
            ask.conditions.extend(version.validator.unless());
        }
        let conditional = !ask.conditions.is_empty();
        let mut upstream = self.client.open(ask).await?;
        match upstream.status.as_u16() {
            304 if conditional && version.validator.is_denied_by(&upstream) => return Ok(Answered::Other),
            304 if conditional => {}
            200 if version.validator.is_of(&upstream) && upstream.length() == Some(version.total) => {}
            206 => match answer::of_version(&upstream, version, 0, 0) {
                // So that the connection can be used again.
                Ok(()) => while !upstream.is_over() && upstream.next().await?.is_some_and(|piece| piece.len() <= 1) {},
                Err(Failure::Changed) => return Ok(Answered::Other),
                Err(failure) => return Err(failure),
            },
            200 | 412 | 416 => return Err(Failure::Changed),
            status => return Err(Failure::Status(status)),
        }
        let (headers, now_ms) = (&upstream.headers, self.clock.now_ms());
        let freshness = match upstream.status.as_u16() {
            304 => version.freshness().confirmed(headers, now_ms, want.with_credentials),
            _ => Freshness::of(headers, now_ms, want.with_credentials),
        };
        if freshness.is_none() {
            self.overtake(version);
        }
        version.renew(freshness, want);
        Ok(Answered::Holds)
    }
}
