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
    answer: watch::Receiver<Option<(Answer, Instant)>>,
    /// When it was used last.
    used: u64,
}

impl Playables {
    /// Over these providers; media are read from the store.
    #[must_use]
    pub fn new(providers: Providers, store: Arc<dyn Store>) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(ASKED_AT_ONCE));
        Arc::new(Self { providers, store, turns, shelf: Mutex::default() })
    }

    /// A media's playable form.
    ///
    /// # Errors
    /// [`PlayFailure`]; `NotFound` in [`PlayFailure::Store`] when the room has no such media.
    pub async fn get(self: &Arc<Self>, room_id: &str, media_id: &str) -> Answer {
        let mut answer = self.asked((room_id.to_owned(), media_id.to_owned()));
        let answered = timeout(WAIT_MAX, answer.wait_for(Option::is_some)).await;
        match answered {
            Ok(Ok(answer)) => answer.as_ref().map_or(Err(PlayFailure::Late), |(answer, _)| answer.clone()),
            Ok(Err(_)) | Err(_) => Err(PlayFailure::Late),
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

    /// What is kept and still good, or a fresh question.
    fn asked(self: &Arc<Self>, key: Key) -> watch::Receiver<Option<(Answer, Instant)>> {
        let mut shelf = self.shelf.lock();
        shelf.uses += 1;
        let uses = shelf.uses;
        if let Some(kept) = shelf.kept.get_mut(&key) {
            // A sender that is gone without an answer will give none.
            let good = match &*kept.answer.borrow() {
                Some((_, until)) => Instant::now() < *until,
                None => kept.answer.has_changed().is_ok(),
            };
            if good {
                kept.used = uses;
                return kept.answer.clone();
            }
        }
        let (sender, answer) = watch::channel(None);
        shelf.make_room(&key);
        shelf.kept.insert(key.clone(), Kept { answer: answer.clone(), used: uses });
        drop(shelf);
        let playables = Arc::clone(self);
        tokio::spawn(async move {
            let answer = playables.ask(&key).await;
            let until = Instant::now() + good_for(&answer, OffsetDateTime::now_utc());
            // An error means that nobody wants it any more.
            let _ = sender.send(Some((answer, until)));
        });
        answer
    }

    async fn ask(&self, (room_id, media_id): &Key) -> Answer {
        let _turn = self.turns.acquire().await.map_err(|_| PlayFailure::Late)?;
        let media = self.store.media(room_id, media_id).await.map_err(crate::error::Error::from)?;
        let wanted = Wanted { room_id, source: &media.source, length: media.length };
        let answer = self.providers.playable(&wanted).await;
        if let Err(PlayFailure::Origin(reason)) = &answer {
            tracing::info!(room = room_id, media = media_id, reason, "a media cannot be played");
        }
        answer.map(Arc::new)
    }
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
mod tests {
    use synctv_store::{PlaybackKind, ProxyMode};

    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first() {
        let mut shelf = Shelf::default();
        let key = |n: usize| ("r_1".to_owned(), format!("m_{n}"));
        let (_sender, answer) = watch::channel(None);
        for n in 0..PLAYABLES_MAX + 10 {
            shelf.make_room(&key(n));
            shelf.kept.insert(key(n), Kept { answer: answer.clone(), used: n as u64 });
            assert!(shelf.kept.len() <= PLAYABLES_MAX);
        }
        assert!(!shelf.kept.contains_key(&key(0)));
        assert!(shelf.kept.contains_key(&key(PLAYABLES_MAX - 1)) && shelf.kept.contains_key(&key(PLAYABLES_MAX + 9)));
        shelf.make_room(&key(PLAYABLES_MAX - 1));
        assert!(shelf.kept.contains_key(&key(PLAYABLES_MAX / 2)), "what is kept already needs no room");
    }

    #[test]
    fn an_answer_is_kept_until_shortly_before_its_end() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let ends = |seconds: Option<i64>| {
            let expires_at = seconds.map(|seconds| now + time::Duration::seconds(seconds));
            let (kind, proxy_mode) = (PlaybackKind::Regular, ProxyMode::Auto);
            good_for(&Ok(Arc::new(Playable { kind, modes: Vec::new(), proxy_mode, expires_at })), now).as_secs()
        };
        assert_eq!([None, Some(100), Some(10), Some(-10), Some(100_000)].map(ends), [600, 70, 2, 2, 600]);
        assert_eq!(good_for(&Err(PlayFailure::Late), now), FAILED_FOR);
    }
}
