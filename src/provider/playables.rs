//! What providers answered, kept until shortly before it ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use synctv_store::Store;
use time::OffsetDateTime;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

use super::result::Playable;
use super::{PlayFailure, Providers, Wanted};
use crate::error::Error;

/// Media whose answers are kept.
pub const PLAYABLES_MAX: usize = 4096;
/// Sources that are asked about at the same time; others wait for their turn.
const ASKED_AT_ONCE: usize = 64;
/// Nobody waits longer for an answer; the question goes on for whoever asks next.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// An answer without an end is asked for anew after so long.
const FRESH_FOR: Duration = Duration::from_secs(600);
/// An answer is asked for anew so long before it ends, and not sooner than [`FAILED_FOR`] after the last time.
const BEFORE_END: Duration = Duration::from_secs(30);
/// A failure is remembered so long.
const FAILED_FOR: Duration = Duration::from_secs(2);
/// An answer stands in so long, from when it was given, for one that is being asked for or cannot be had: what is cached can be played
/// while its origin is away.
const STANDS_IN_FOR: Duration = Duration::from_secs(6 * 3600);

type Answer = Result<Arc<Playable>, PlayFailure>;
/// Room and media.
type Key = (String, String);

/// The playable form of media. An answer is asked for once however many want it; room and media are what it is kept under, because a
/// session with a service belongs to a room.
#[derive(Debug)]
pub struct Playables {
    providers: Providers,
    store: Arc<dyn Store>,
    turns: Arc<Semaphore>,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    kept: HashMap<Key, Kept>,
    /// Grows with each use.
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    question: Question,
    /// What was answered before, and until when it stands in.
    old: Option<(Arc<Playable>, Instant)>,
    /// When it was used last.
    used: u64,
}

/// A question, and in the end its answer.
type Question = watch::Receiver<Option<Answered>>;

#[derive(Debug)]
struct Answered {
    answer: Answer,
    at: Instant,
    /// Then it is asked for anew.
    until: Instant,
}

impl Playables {
    /// Over these providers; media are read from the store.
    #[must_use]
    pub fn new(providers: Providers, store: Arc<dyn Store>) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(ASKED_AT_ONCE));
        Arc::new(Self { providers, store, turns, shelf: Mutex::default() })
    }

    /// A media's playable form. An old one of which nothing has expired is given at once while it is asked for anew.
    ///
    /// # Errors
    /// [`PlayFailure`]; `NotFound` in [`PlayFailure::Store`] when the room has no such media.
    pub async fn get(self: &Arc<Self>, room_id: &str, media_id: &str) -> Answer {
        let now = OffsetDateTime::now_utc();
        self.get_while(room_id, media_id, |old| old.expires_at.is_none_or(|end| now < end)).await
    }

    /// The same for whoever needs no more of an old one than that this holds.
    ///
    /// # Errors
    /// As [`Playables::get`].
    pub async fn get_while(
        self: &Arc<Self>,
        room_id: &str,
        media_id: &str,
        holds: impl Fn(&Playable) -> bool,
    ) -> Answer {
        let (mut question, old) = self.asked((room_id.to_owned(), media_id.to_owned()));
        let answer = match old.as_ref().filter(|old| holds(old)) {
            Some(_) => question.borrow().as_ref().map(|answered| answered.answer.clone()),
            None => match timeout(WAIT_MAX, question.wait_for(Option::is_some)).await {
                Ok(Ok(answered)) => answered.as_ref().map(|answered| answered.answer.clone()),
                Ok(Err(_)) | Err(_) => None,
            },
        };
        match (answer.unwrap_or(Err(PlayFailure::Late)), old) {
            (Err(failure), Some(old)) if !is_gone(&failure) => Ok(old),
            (answer, _) => answer,
        }
    }

    /// Drops what is kept of a media: it was removed or changed.
    pub fn forget(&self, room_id: &str, media_id: &str) {
        self.shelf.lock().kept.remove(&(room_id.to_owned(), media_id.to_owned()));
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shelf.lock().kept.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is kept and still good, or a fresh question; and what stands in for its answer.
    fn asked(self: &Arc<Self>, key: Key) -> (Question, Option<Arc<Playable>>) {
        let now = Instant::now();
        let mut shelf = self.shelf.lock();
        shelf.uses += 1;
        let uses = shelf.uses;
        let mut old = None;
        if let Some(kept) = shelf.kept.get_mut(&key) {
            old = kept.stands_in(now);
            // A sender that is gone without an answer will give none.
            let good = match &*kept.question.borrow() {
                Some(answered) => now < answered.until,
                None => kept.question.has_changed().is_ok(),
            };
            if good {
                kept.used = uses;
                return (kept.question.clone(), old.map(|(old, _)| old));
            }
        }
        let (sender, question) = watch::channel(None);
        shelf.make_room(&key);
        shelf.kept.insert(key.clone(), Kept { question: question.clone(), old: old.clone(), used: uses });
        drop(shelf);
        let playables = Arc::clone(self);
        tokio::spawn(async move {
            let answer = playables.ask(&key).await;
            let at = Instant::now();
            let until = at + good_for(&answer, OffsetDateTime::now_utc());
            // An error means that nobody wants it any more.
            let _ = sender.send(Some(Answered { answer, at, until }));
        });
        (question, old.map(|(old, _)| old))
    }

    async fn ask(&self, (room_id, media_id): &Key) -> Answer {
        let _turn = self.turns.acquire().await.map_err(|_| PlayFailure::Late)?;
        let media = self.store.media(room_id, media_id).await.map_err(Error::from)?;
        let wanted = Wanted { room_id, source: &media.source, length: media.length };
        let answer = self.providers.playable(&wanted).await;
        if let Err(PlayFailure::Origin(reason)) = &answer {
            tracing::info!(room = room_id, media = media_id, reason, "a media cannot be played");
        }
        answer.map(Arc::new)
    }
}

impl Kept {
    /// The last answer that can be played; nothing when there is no such media any more.
    fn stands_in(&self, now: Instant) -> Option<(Arc<Playable>, Instant)> {
        let newer = self.question.borrow().as_ref().map(|answered| match &answered.answer {
            Ok(playable) => Some((Arc::clone(playable), answered.at + STANDS_IN_FOR)),
            Err(failure) if is_gone(failure) => None,
            Err(_) => self.old.clone(),
        });
        newer.unwrap_or_else(|| self.old.clone()).filter(|(_, until)| now < *until)
    }
}

/// Whether the room has no such media: what was known of it counts no more.
const fn is_gone(failure: &PlayFailure) -> bool {
    matches!(failure, PlayFailure::Store(Error::NotFound(_)))
}

impl Shelf {
    /// Lets go of what was not used for the longest time.
    fn make_room(&mut self, key: &Key) {
        if self.kept.len() < PLAYABLES_MAX || self.kept.contains_key(key) {
            return;
        }
        // An eighth at once, so that a full shelf is not searched for each newcomer.
        let mut used: Vec<u64> = self.kept.values().map(|kept| kept.used).collect();
        let (_, oldest, _) = used.select_nth_unstable(PLAYABLES_MAX / 8);
        let oldest = *oldest;
        self.kept.retain(|_, kept| kept.used > oldest);
    }
}

/// How long an answer may be given.
fn good_for(answer: &Answer, now: OffsetDateTime) -> Duration {
    let Ok(playable) = answer else { return FAILED_FOR };
    let Some(end) = playable.expires_at else { return FRESH_FOR };
    let left = Duration::try_from(end - now).unwrap_or_default();
    left.saturating_sub(BEFORE_END).clamp(FAILED_FOR, FRESH_FOR)
}

#[cfg(test)]
#[path = "playables_tests.rs"]
mod tests;
