//! What a URL claims, and what is read of a room to judge it by.

use std::sync::Arc;

use async_trait::async_trait;
use synctv_store::{EventKind, Mark, Result, RoomEvent, Store};
use tokio::time::Instant;

/// Events read at once; with more since the last look the room is read anew.
pub(super) const EVENTS_MAX: u32 = 500;
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

/// What was read of a room.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub generation: i64,
    /// Events up to this number are counted.
    pub head: i64,
    /// What was given out before this event counts no more.
    pub floor: i64,
    pub ousted: Vec<Ousted>,
    pub at: Instant,
}

/// Somebody who was thrown out.
#[derive(Debug, Clone)]
pub(super) struct Ousted {
    seq: i64,
    /// Public id of the token; `None`: nobody knows whose it was.
    token: Option<String>,
    /// A revoked token is no good at all; after a kick it works again.
    for_good: bool,
}

/// Where rooms are read.
#[async_trait]
pub(super) trait Reads: Send + Sync + std::fmt::Debug {
    /// How a room is now; `before` is what was read of it last. `NotFound` when it is gone.
    async fn read(&self, room_id: &str, before: Option<&Read>) -> Result<Read>;
}

/// In the store.
#[derive(Debug)]
pub(super) struct Stored(pub Arc<dyn Store>);

#[async_trait]
impl Reads for Stored {
    async fn read(&self, room_id: &str, before: Option<&Read>) -> Result<Read> {
        if let Some(before) = before {
            let mark = Mark { room_id: room_id.to_owned(), seq: before.head };
            let events = self.0.events_after(&[mark], EVENTS_MAX).await?;
            if events.len() < EVENTS_MAX as usize
                && let Some(read) = before.after(&events)
                && self.exists(room_id, &events).await?
            {
                return Ok(read);
            }
        }
        let snapshot = self.0.snapshot(room_id).await?;
        let mut read = Read {
            generation: snapshot.playback.generation,
            head: snapshot.head,
            floor: 0,
            ousted: Vec::new(),
            at: Instant::now(),
        };
        for kind in [EventKind::Kick, EventKind::Revoked] {
            let events = self.0.last_events(room_id, kind, OUSTED_MAX as u32).await?;
            if events.len() >= OUSTED_MAX {
                read.floor = events.first().map_or(0, |first| first.seq).max(read.floor);
            }
            read.ousted.extend(events.iter().map(Ousted::by));
        }
        Ok(read)
    }
}

impl Stored {
    /// A room that is gone has no events either.
    async fn exists(&self, room_id: &str, events: &[RoomEvent]) -> Result<bool> {
        Ok(!events.is_empty() || !self.0.heads(&[room_id.to_owned()]).await?.is_empty())
    }
}

impl Read {
    pub fn judge(&self, claim: Claim<'_>) -> std::result::Result<(), Void> {
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
