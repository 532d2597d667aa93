//! Where rooms stand, for whoever holds a URL that was given out in one: which generation plays, and who was thrown out since.
//!
//! Nothing is asked of the store per request: a room is read once, and again when a hint says that something happened in it. Hints are
//! taken in by the request itself, so that whoever has seen a command answered finds it counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use synctv_store::{Error, EventKind, Hint, Mark, Result, RoomEvent, Store};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::time::Instant;

/// Rooms that are remembered.
const ROOMS_MAX: usize = 10_000;
/// Without any hint a room is compared with the store after so long: hints may get lost.
const COMPARED_AFTER: Duration = Duration::from_secs(15);
/// While the store does not answer, what is known counts for so long.
const TRUSTED_FOR: Duration = Duration::from_secs(600);
/// Events read at once; with more since the last look the room is read anew.
const EVENTS_MAX: u32 = 500;
/// Kicks and revocations of one room that are remembered; what was given out before older ones counts no more.
const OUSTED_MAX: usize = 512;

/// What a URL claims.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The room it was given out in.
    pub room_id: &'a str,
    /// The generation it was given out for.
    pub generation: i64,
    /// The room's newest event at that time.
    pub seq: i64,
    /// Public id of the token it was given to; `None` for the operator.
    pub holder: Option<&'a str>,
}

/// Why a claim does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// The room plays something else, is gone, or the holder was thrown out.
    #[error("this URL does not count any more: fetch the playback result again")]
    Over,
    /// The store does not answer, and the room is not known.
    #[error("it cannot be found out whether this URL still counts: try again")]
    Unknown,
}

/// The standing of all rooms that anybody asks about.
#[derive(Debug)]
pub struct Standings {
    store: Arc<dyn Store>,
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
    /// One look at the store at a time.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Standing {
    /// `None` until it was read.
    read: Option<Arc<Read>>,
    /// Events up to this number are hinted.
    hinted: i64,
    /// Hints were lost.
    doubtful: bool,
    used: u64,
}

#[derive(Debug, Clone)]
struct Read {
    generation: i64,
    /// Events up to this number are counted.
    head: i64,
    /// What was given out before this event counts no more.
    floor: i64,
    ousted: Vec<Ousted>,
    at: Instant,
}

/// Somebody who was thrown out.
#[derive(Debug, Clone)]
struct Ousted {
    seq: i64,
    /// Public id of the token; `None`: nobody knows whose it was.
    token: Option<String>,
    /// A revoked token is no good at all; after a kick it works again.
    for_good: bool,
}

impl Standings {
    /// Over this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> {
        let hints = store.hints();
        Arc::new(Self { store, known: Mutex::new(Known { hints, rooms: HashMap::new(), uses: 0 }) })
    }

    /// Whether a claim counts at this moment.
    ///
    /// # Errors
    /// [`Void`].
    pub async fn check(&self, claim: Claim<'_>) -> std::result::Result<(), Void> {
        let room = self.room(claim.room_id);
        if let Some(read) = room.fresh() {
            return read.judge(claim);
        }
        let _looking = room.looking.lock().await;
        // Somebody else may have looked meanwhile.
        if let Some(read) = room.fresh() {
            return read.judge(claim);
        }
        let before = room.standing.lock().read.clone();
        match self.look(claim.room_id, before.as_deref()).await {
            Ok(read) => {
                let read = Arc::new(read);
                let mut standing = room.standing.lock();
                standing.doubtful = false;
                standing.read = Some(Arc::clone(&read));
                drop(standing);
                read.judge(claim)
            }
            Err(Error::NotFound { .. }) => {
                self.known.lock().rooms.remove(claim.room_id);
                Err(Void::Over)
            }
            Err(error) => {
                tracing::debug!(%error, "where a room stands cannot be read");
                let trusted = before.filter(|read| read.at.elapsed() < TRUSTED_FOR);
                trusted.ok_or(Void::Unknown)?.judge(claim)
            }
        }
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

    async fn look(&self, room_id: &str, before: Option<&Read>) -> Result<Read> {
        if let Some(before) = before {
            let mark = Mark { room_id: room_id.to_owned(), seq: before.head };
            let events = self.store.events_after(&[mark], EVENTS_MAX).await?;
            if events.len() < EVENTS_MAX as usize
                && let Some(read) = before.after(&events)
                && self.exists(room_id, &events).await?
            {
                return Ok(read);
            }
        }
        let snapshot = self.store.snapshot(room_id).await?;
        let mut read = Read {
            generation: snapshot.playback.generation,
            head: snapshot.head,
            floor: 0,
            ousted: Vec::new(),
            at: Instant::now(),
        };
        for kind in [EventKind::Kick, EventKind::Revoked] {
            let events = self.store.last_events(room_id, kind, OUSTED_MAX as u32).await?;
            if events.len() >= OUSTED_MAX {
                read.floor = events.first().map_or(0, |first| first.seq).max(read.floor);
            }
            read.ousted.extend(events.iter().map(Ousted::by));
        }
        Ok(read)
    }

    /// A room that is gone has no events either.
    async fn exists(&self, room_id: &str, events: &[RoomEvent]) -> Result<bool> {
        Ok(!events.is_empty() || !self.store.heads(&[room_id.to_owned()]).await?.is_empty())
    }
}

impl Known {
    fn take_hints(&mut self) {
        loop {
            match self.hints.try_recv() {
                Ok(Hint::Events(Mark { room_id, seq })) => {
                    if let Some(room) = self.rooms.get(&room_id) {
                        let mut standing = room.standing.lock();
                        standing.hinted = standing.hinted.max(seq);
                    }
                }
                Ok(Hint::Gone(room_id)) => drop(self.rooms.remove(&room_id)),
                Ok(Hint::Presence(_)) => {}
                Ok(Hint::Resync) | Err(TryRecvError::Lagged(_)) => {
                    self.rooms.values().for_each(|room| room.standing.lock().doubtful = true);
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
    /// What was read, unless something happened since, or it was long ago.
    fn fresh(&self) -> Option<Arc<Read>> {
        let standing = self.standing.lock();
        let read = standing.read.as_ref()?;
        let current = !standing.doubtful && standing.hinted <= read.head && read.at.elapsed() < COMPARED_AFTER;
        current.then(|| Arc::clone(read))
    }
}

impl Read {
    fn judge(&self, claim: Claim<'_>) -> std::result::Result<(), Void> {
        let ousted = self.ousted.iter().any(|one| one.voids(claim));
        if claim.generation != self.generation || claim.seq < self.floor || ousted {
            return Err(Void::Over);
        }
        Ok(())
    }

    /// With these events counted; `None` when one of them cannot be.
    fn after(&self, events: &[RoomEvent]) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Generation {
            generation: i64,
        }
        let mut read = Self { at: Instant::now(), ..self.clone() };
        for event in events {
            // Older events are not kept for ever: a gap means that some were missed.
            if event.seq != read.head + 1 {
                return None;
            }
            read.head = event.seq;
            match event.kind {
                EventKind::Playback => {
                    read.generation = serde_json::from_str::<Generation>(&event.body).ok()?.generation;
                }
                EventKind::Kick | EventKind::Revoked => read.ousted.push(Ousted::by(event)),
                _ => {}
            }
        }
        (read.ousted.len() <= 2 * OUSTED_MAX).then_some(read)
    }
}

impl Ousted {
    fn by(event: &RoomEvent) -> Self {
        let for_good = event.kind == EventKind::Revoked;
        // A kick names the member, and its token where that is known.
        let token =
            if for_good { Some(event.body.as_str()) } else { event.body.split_once(' ').map(|(_, token)| token) };
        Self { seq: event.seq, token: token.map(str::to_owned), for_good }
    }

    fn voids(&self, claim: Claim<'_>) -> bool {
        if self.for_good {
            return claim.holder.is_some() && claim.holder == self.token.as_deref();
        }
        // What the operator was given may be in the hands of whoever was kicked.
        self.seq > claim.seq
            && (self.token.is_none() || claim.holder.is_none() || claim.holder == self.token.as_deref())
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
