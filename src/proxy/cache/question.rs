//! Asking an origin whether what is kept still holds, and whether it opens to this request.

use std::sync::Arc;

use super::answer;
use super::freshness::{Age, Freshness};
use super::identity::Want;
use super::pass::ask;
use super::version::Version;
use super::{Cache, Failure};

impl Cache {
    /// Asks while somebody is served from what is kept; at most one question at a time.
    pub(super) fn ask_aside(self: &Arc<Self>, version: &Arc<Version>, want: &Arc<Want>) {
        if !version.begin_asking(self.clock.now_ms()) {
            return;
        }
        let (cache, version, want) = (self.clone(), version.clone(), want.clone());
        tokio::spawn(async move {
            let _ = cache.ask_whether(&version, &want).await;
            version.end_asking(cache.clock.now_ms());
        });
    }

    /// Makes sure that a version holds and opens to this request. One question serves all who wait for its answer.
    ///
    /// # Errors
    /// [`Failure::Changed`]: there is another version, and this one is forgotten.
    pub(super) async fn ask_whether(&self, version: &Arc<Version>, want: &Want) -> Result<(), Failure> {
        let before = version.answers();
        let Ok(_turn) = version.question.acquire().await else { return Err(Failure::Changed) };
        if version.is_dead() {
            return Err(Failure::Changed);
        }
        let now_ms = self.clock.now_ms();
        if version.is_proven(want) && (version.answers() > before || version.age(now_ms) == Age::Fresh) {
            return Ok(());
        }
        if let Some(known) = self.negatives.get(&want.exact, now_ms) {
            return Err(Failure::Remembered(Box::new(known)));
        }
        match self.ask_origin(version, want).await {
            Ok(()) => {
                if let Some(disk) = &self.disk {
                    disk.describe(version);
                }
                Ok(())
            }
            Err(failure) => {
                self.met(version, want, &failure);
                Err(failure)
            }
        }
    }

    /// A conditional request for the first byte: it costs next to nothing where conditions are ignored, and works with URLs that are signed
    /// for GET.
    async fn ask_origin(&self, version: &Version, want: &Want) -> Result<(), Failure> {
        let _slot = self.slots.turn(want.origin()).await?;
        let mut ask = ask(&want.resource);
        ask.range = Some((0, Some(0)));
        ask.conditions.extend(version.validator.unless());
        let mut upstream = self.client.open(ask).await?;
        match upstream.status.as_u16() {
            304 => {}
            200 if version.validator.is_of(&upstream) && upstream.length() == Some(version.total) => {}
            206 => {
                answer::of_version(&upstream, version, 0, 0)?;
                // So that the connection can be used again.
                while !upstream.is_over() && upstream.next().await?.is_some_and(|piece| piece.len() <= 1) {}
            }
            200 | 412 | 416 => return Err(Failure::Changed),
            status => return Err(Failure::Status(status)),
        }
        let freshness = Freshness::of(&upstream.headers, self.clock.now_ms(), want.with_credentials);
        if freshness.is_none() {
            version.retire();
            self.shelf.lock().forget(version);
        }
        version.renew(freshness, want);
        Ok(())
    }
}
