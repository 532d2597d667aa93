//! Where rooms stand, for whoever holds a URL that was given out in one: which generation plays, and who was thrown out since.
//!
//! Nothing is asked of the store per request: a room is read once, and again when a hint says that something happened in it. Hints are
//! taken in by the request itself, so that whoever has seen a command answered finds it counted. What nothing is heard to have happened
//! to does not wait for a store that is slow or away: it is judged by what is known, while one look goes on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use synctv_store::{Error, Hint, Mark, Result, Store};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

pub use super::claim::{Claim, Void};
use super::claim::{Read, Reads, Stored};

/// Rooms that are remembered.
const ROOMS_MAX: usize = 10_000;
/// Without any hint a room is compared with the store after so long: hints may get lost.
const COMPARED_AFTER: Duration = Duration::from_secs(15);
/// While the store does not answer, what is known counts for so long.
const TRUSTED_FOR: Duration = Duration::from_secs(600);
/// A request waits so long for a look that no event is known to call for; then what is known counts.
const COMPARED_WITHIN: Duration = Duration::from_millis(250);
/// After a look that failed none is begun for so long, unless more is heard.
const FAILED_FOR: Duration = Duration::from_secs(2);
/// A request waits for two looks at most: one that began before what it must see, and one that did not.
const WAITS: usize = 2;

/// The standing of all rooms that anybody asks about.
#[derive(Debug)]
pub struct Standings {
    source: Box<dyn Reads>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    hints: Receiver<Hint>,
    rooms: HashMap<String, Arc<Room>>,
    uses: u64,
}

#[derive(Debug, Default)]
struct Room {
    standing: Mutex<Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    /// `None` until it was read.
    read: Option<Arc<Read>>,
    /// The store says that there is no such room.
    gone: bool,
    /// Up to here.
    heard: Heard,
    /// When `read` was begun to be read.
    counted: Heard,
    /// The last look, unless it succeeded: when it ended, and what was heard when it began.
    failed: Option<(Instant, Heard)>,
    /// The look that was begun last.
    look: Option<Look>,
    used: u64,
}

/// What hints have told of a room.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    /// Events up to this number.
    seq: i64,
    /// So often hints were lost here, any among them.
    lost: u64,
    /// So often the store said that some may have been lost.
    doubts: u64,
}

/// A look at the store.
#[derive(Debug, Clone)]
struct Look {
    /// Its other end is dropped when the look is over.
    over: watch::Receiver<()>,
    began: Instant,
}

/// What is to be done about a claim.
enum Step {
    Judge(Arc<Read>),
    Refuse(Void),
    /// Wait for this look; `Some`: until then.
    Wait(Look, Option<Instant>),
}

impl Standings {
    /// Over this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> {
        let hints = store.hints();
        Self::over(Box::new(Stored(store)), hints)
    }

    fn over(source: Box<dyn Reads>, hints: Receiver<Hint>) -> Arc<Self> {
        Arc::new(Self { source, known: Mutex::new(Known { hints, rooms: HashMap::new(), uses: 0 }) })
    }

    /// Whether a claim counts at this moment.
    ///
    /// # Errors
    /// [`Void`].
    pub async fn check(self: &Arc<Self>, claim: Claim<'_>) -> std::result::Result<(), Void> {
        let room = self.room(claim.room_id);
        let heard = room.hears_of(claim.seq);
        for _ in 0..WAITS {
            match self.step(&room, claim.room_id, heard) {
                Step::Judge(read) => return read.judge(claim),
                Step::Refuse(void) => return Err(void),
                Step::Wait(mut look, None) => drop(look.over.changed().await),
                Step::Wait(mut look, Some(until)) => {
                    if timeout_at(until, look.over.changed()).await.is_err() {
                        break;
                    }
                }
            }
        }
        let standing = room.standing.lock();
        if standing.gone {
            return Err(Void::Over);
        }
        let trusted = standing.trusted();
        drop(standing);
        trusted.ok_or(Void::Unknown)?.judge(claim)
    }

    /// The room's place, with all hints taken in that came up to here.
    fn room(&self, room_id: &str) -> Arc<Room> {
        let mut known = self.known.lock();
        known.take_hints();
        known.uses += 1;
        let uses = known.uses;
        if !known.rooms.contains_key(room_id) {
            known.make_room();
            known.rooms.insert(room_id.to_owned(), Arc::default());
        }
        let room = Arc::clone(&known.rooms[room_id]);
        room.standing.lock().used = uses;
        room
    }

    /// What to do about a claim for which this counts that was heard up to its request.
    fn step(self: &Arc<Self>, room: &Arc<Room>, room_id: &str, heard: Heard) -> Step {
        let mut standing = room.standing.lock();
        if standing.gone {
            return Step::Refuse(Void::Over);
        }
        let trusted = standing.trusted();
        let behind = trusted.as_ref().is_none_or(|read| read.head < heard.seq || standing.counted.lost < heard.lost);
        let failed = standing.failed.filter(|(_, before)| before.seq >= heard.seq && before.lost >= heard.lost);
        match (trusted, failed) {
            (Some(read), _) if !behind && !standing.is_doubtful(&read, heard) => Step::Judge(read),
            (None, Some((at, _))) if at.elapsed() < FAILED_FOR => Step::Refuse(Void::Unknown),
            (Some(read), Some((at, _))) => {
                if at.elapsed() >= FAILED_FOR {
                    self.look(room, room_id, &mut standing);
                }
                Step::Judge(read)
            }
            (trusted, _) => {
                let look = self.look(room, room_id, &mut standing);
                let until = look.began + COMPARED_WITHIN;
                match trusted {
                    Some(read) if !behind && Instant::now() >= until => Step::Judge(read),
                    _ => Step::Wait(look, (!behind).then_some(until)),
                }
            }
        }
    }

    /// The look that is under way, or else a new one. It goes on when nobody waits for it any more.
    fn look(self: &Arc<Self>, room: &Arc<Room>, room_id: &str, standing: &mut Standing) -> Look {
        // An error means that it is over.
        if let Some(look) = standing.look.as_ref().filter(|look| look.over.has_changed().is_ok()) {
            return look.clone();
        }
        let (under_way, over) = watch::channel(());
        let look = Look { over, began: Instant::now() };
        standing.look = Some(look.clone());
        let (heard, before) = (standing.heard, standing.read.clone());
        let (standings, room, room_id) = (Arc::clone(self), Arc::clone(room), room_id.to_owned());
        tokio::spawn(async move {
            let read = standings.source.read(&room_id, before.as_deref()).await;
            standings.note(&room, &room_id, heard, read);
            drop(under_way);
        });
        look
    }

    /// Notes what a look found that began when this was heard.
    fn note(&self, room: &Arc<Room>, room_id: &str, heard: Heard, read: Result<Read>) {
        let mut standing = room.standing.lock();
        match read {
            Ok(read) => {
                (standing.counted, standing.failed) = (heard, None);
                standing.read = Some(Arc::new(read));
            }
            Err(Error::NotFound { .. }) => {
                standing.gone = true;
                drop(standing);
                let mut known = self.known.lock();
                if known.rooms.get(room_id).is_some_and(|kept| Arc::ptr_eq(kept, room)) {
                    known.rooms.remove(room_id);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "where a room stands cannot be read");
                standing.failed = Some((Instant::now(), heard));
            }
        }
    }
}

impl Known {
    fn take_hints(&mut self) {
        loop {
            match self.hints.try_recv() {
                Ok(Hint::Events(Mark { room_id, seq })) => {
                    if let Some(room) = self.rooms.get(&room_id) {
                        let heard = &mut room.standing.lock().heard;
                        heard.seq = heard.seq.max(seq);
                    }
                }
                Ok(Hint::Gone(room_id)) => drop(self.rooms.remove(&room_id)),
                Ok(Hint::Presence(_)) => {}
                Ok(Hint::Resync) => self.rooms.values().for_each(|room| room.standing.lock().heard.doubts += 1),
                // Anything may have been among them, the answer to a command that its sender has seen too.
                Err(TryRecvError::Lagged(_)) => {
                    self.rooms.values().for_each(|room| room.standing.lock().heard.lost += 1);
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// Forgets an eighth of the rooms, those that nobody asked about for the longest time, when there are too many.
    fn make_room(&mut self) {
        if self.rooms.len() < ROOMS_MAX {
            return;
        }
        let mut used: Vec<u64> = self.rooms.values().map(|room| room.standing.lock().used).collect();
        let (_, oldest, _) = used.select_nth_unstable(ROOMS_MAX / 8);
        let oldest = *oldest;
        self.rooms.retain(|_, room| room.standing.lock().used > oldest);
    }
}

impl Room {
    /// What is heard, and that there is this event: another node gave the URL out, and its hint is still on the way.
    fn hears_of(&self, seq: i64) -> Heard {
        let heard = &mut self.standing.lock().heard;
        heard.seq = heard.seq.max(seq);
        *heard
    }
}

impl Standing {
    /// What was read, unless it is too long ago.
    fn trusted(&self) -> Option<Arc<Read>> {
        self.read.clone().filter(|read| read.at.elapsed() < TRUSTED_FOR)
    }

    /// Whether something may have happened that nothing was heard of.
    fn is_doubtful(&self, read: &Read, heard: Heard) -> bool {
        self.counted.doubts < heard.doubts || read.at.elapsed() >= COMPARED_AFTER
    }
}

#[cfg(test)]
#[path = "standing_away_tests.rs"]
mod away_tests;
#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
