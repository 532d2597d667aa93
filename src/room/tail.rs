//! The tail of the store's events: one task a node that announces what happened in the rooms with connections here.
//!
//! Without a hint it asks nothing. A hint makes a room dirty; all dirty rooms are read in one query, from the event up to which each
//! is announced. While the store fails they stay dirty.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use synctv_store::{EventKind, Hint, Mark, Result, RoomEvent};
use tokio::sync::broadcast::{Receiver, error::RecvError, error::TryRecvError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::RoomPlane;
use super::message::{Said, State};
use super::runtime::{Announcement, Closing, Heed, Which};

/// Events read at once, over all rooms.
const BATCH: u32 = 500;
/// The pause after a failure, which doubles up to the second one.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));

/// Announces until `stop`.
pub async fn run(plane: Arc<RoomPlane>, stop: CancellationToken) {
    let hints = plane.store.hints();
    let _ = stop.run_until_cancelled(Tail::new(plane).follow(hints)).await;
}

/// What cannot be taken from an event's body and is read before it is announced.
#[derive(Debug, Clone, Copy, Default)]
struct Stale {
    settings: bool,
    playback: bool,
    /// The event that says so.
    seq: i64,
}

struct Tail {
    plane: Arc<RoomPlane>,
    /// Rooms with events up to this number at least.
    dirty: HashMap<String, i64>,
    stale: HashMap<String, Stale>,
    /// The newest version announced in rooms that had to be read: events behind it say nothing new.
    versions: HashMap<String, i64>,
    /// Hints were lost.
    resync: bool,
}

impl Tail {
    fn new(plane: Arc<RoomPlane>) -> Self {
        Self { plane, dirty: HashMap::new(), stale: HashMap::new(), versions: HashMap::new(), resync: false }
    }

    async fn follow(mut self, mut hints: Receiver<Hint>) {
        let mut pause = PAUSE.0;
        loop {
            if !self.has_work() {
                tokio::select! {
                    hint = hints.recv() => match hint {
                        Ok(hint) => self.note(hint),
                        Err(RecvError::Lagged(_)) => self.resync = true,
                        Err(RecvError::Closed) => return,
                    },
                    () = self.plane.runtime.settled() => {}
                }
            }
            self.note_all(&mut hints);
            match self.round().await {
                Ok(()) => pause = PAUSE.0,
                Err(error) => {
                    if pause == PAUSE.0 {
                        tracing::warn!(%error, "events of rooms cannot be read; trying again");
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }

    /// Whether there is something to be read. A room whose first member has not read the state yet waits for that.
    fn has_work(&self) -> bool {
        let ready = |room: &String| self.plane.runtime.heed(room) != Heed::Unsettled;
        self.resync || !self.stale.is_empty() || self.dirty.keys().any(ready)
    }

    fn note_all(&mut self, hints: &mut Receiver<Hint>) {
        loop {
            match hints.try_recv() {
                Ok(hint) => self.note(hint),
                Err(TryRecvError::Lagged(_)) => self.resync = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn note(&mut self, hint: Hint) {
        match hint {
            Hint::Events(Mark { room_id, seq }) => self.note_head(room_id, seq),
            Hint::Gone(room_id) => self.gone(&room_id),
            Hint::Presence(_) => {}
            Hint::Resync => self.resync = true,
        }
    }

    fn note_head(&mut self, room_id: String, seq: i64) {
        let news = match self.plane.runtime.heed(&room_id) {
            Heed::Absent => false,
            Heed::Unsettled => true,
            Heed::UpTo(seen) => seq > seen,
        };
        if news {
            let head = self.dirty.entry(room_id).or_default();
            *head = seq.max(*head);
        }
    }

    fn gone(&mut self, room_id: &str) {
        self.dirty.remove(room_id);
        self.stale.remove(room_id);
        self.plane.runtime.close_room(room_id, Closing::GONE);
    }

    async fn round(&mut self) -> Result<()> {
        if self.resync {
            self.compare_heads().await?;
            self.resync = false;
        }
        self.versions.retain(|room, _| self.plane.runtime.heed(room) != Heed::Absent);
        loop {
            let marks = self.marks();
            if marks.is_empty() {
                break;
            }
            let events = self.plane.store.events_after(&marks, BATCH).await?;
            let more = events.len() >= BATCH as usize;
            for event in events {
                self.announce(event);
            }
            if !more {
                self.close_gaps(&marks);
                break;
            }
        }
        self.read_stale().await
    }

    async fn compare_heads(&mut self) -> Result<()> {
        let rooms = self.plane.runtime.active_room_ids();
        if rooms.is_empty() {
            return Ok(());
        }
        let mut heads: HashMap<String, i64> =
            self.plane.store.heads(&rooms).await?.into_iter().map(|mark| (mark.room_id, mark.seq)).collect();
        for room in rooms.iter() {
            match heads.remove(room) {
                Some(head) => self.note_head(room.clone(), head),
                None => self.gone(room),
            }
        }
        Ok(())
    }

    /// From where each dirty room is to be read. Rooms that are up to date or left by all are dirty no more.
    fn marks(&mut self) -> Vec<Mark> {
        let runtime = &self.plane.runtime;
        let mut marks = Vec::new();
        self.dirty.retain(|room_id, head| match runtime.heed(room_id) {
            Heed::Absent => false,
            Heed::Unsettled => true,
            Heed::UpTo(seen) if seen >= *head => false,
            Heed::UpTo(seq) => {
                marks.push(Mark { room_id: room_id.clone(), seq });
                true
            }
        });
        marks
    }

    fn announce(&mut self, event: RoomEvent) {
        let RoomEvent { room_id, seq, kind, body } = event;
        let runtime = Arc::clone(&self.plane.runtime);
        match runtime.heed(&room_id) {
            Heed::UpTo(seen) if seq > seen + 1 => self.note_gap(&room_id, seq),
            Heed::UpTo(seen) if seq > seen => {}
            _ => return,
        }
        match kind {
            EventKind::Playback if self.is_behind(&room_id, &body) => {}
            EventKind::Playback | EventKind::Chat | EventKind::Result => {
                runtime.announce(&room_id, Announcement { text: body.into(), seq: Some(seq) });
            }
            EventKind::Settings => self.stale(&room_id, seq).settings = true,
            EventKind::Length => self.stale(&room_id, seq).playback = true,
            EventKind::Playlist => {
                let text = Said::Playlist { playlist_id: &body }.encoded();
                runtime.announce(&room_id, Announcement { text, seq: Some(seq) });
            }
            EventKind::Kick => {
                let member = body.split(' ').next().unwrap_or_default();
                runtime.close_members(&room_id, Which::Member(member), Closing::KICKED);
            }
            EventKind::Revoked => runtime.close_members(&room_id, Which::Token(&body), Closing::REVOKED),
        }
        runtime.seen(&room_id, seq);
        if matches!(kind, EventKind::Playback | EventKind::Settings | EventKind::Playlist | EventKind::Length) {
            runtime.nudge();
        }
    }

    /// Whether a state as new as this one was read and announced already.
    fn is_behind(&self, room_id: &str, body: &str) -> bool {
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: i64,
        }
        let Some(announced) = self.versions.get(room_id) else { return false };
        serde_json::from_str::<Versioned>(body).is_ok_and(|state| state.version <= *announced)
    }

    fn stale(&mut self, room_id: &str, seq: i64) -> &mut Stale {
        let stale = self.stale.entry(room_id.to_owned()).or_default();
        stale.seq = seq.max(stale.seq);
        stale
    }

    /// Events are missing (older than what is kept): everything is read anew.
    fn note_gap(&mut self, room_id: &str, seq: i64) {
        let stale = self.stale(room_id, seq);
        (stale.settings, stale.playback) = (true, true);
    }

    /// Rooms whose hinted events are not there after all have lost them.
    fn close_gaps(&mut self, marks: &[Mark]) {
        for Mark { room_id, .. } in marks {
            let Some(head) = self.dirty.remove(room_id) else { continue };
            if matches!(self.plane.runtime.heed(room_id), Heed::UpTo(seen) if seen < head) {
                self.note_gap(room_id, head);
                self.plane.runtime.seen(room_id, head);
                self.plane.runtime.nudge();
            }
        }
    }

    async fn read_stale(&mut self) -> Result<()> {
        while let Some((room_id, stale)) = self.stale.iter().next().map(|(room, stale)| (room.clone(), *stale)) {
            let read = match self.plane.runtime.heed(&room_id) {
                Heed::Absent => Ok(()),
                _ => self.read_one(&room_id, stale).await,
            };
            match read {
                Ok(()) => drop(self.stale.remove(&room_id)),
                Err(synctv_store::Error::NotFound { .. }) => self.gone(&room_id),
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    async fn read_one(&mut self, room_id: &str, stale: Stale) -> Result<()> {
        // What is read holds everything up to its head: whoever joined since the event that asks for it needs the rest too, and the
        // events between say nothing new any more.
        let upto = |head: i64| Some(head.max(stale.seq));
        if stale.settings {
            let room = self.plane.store.room(room_id).await?;
            let seq = upto(room.head);
            self.plane.runtime.announce(room_id, Announcement { text: Said::settings(&room).encoded(), seq });
        }
        if stale.playback {
            let snapshot = self.plane.store.snapshot(room_id).await?;
            self.versions.insert(room_id.to_owned(), snapshot.playback.version);
            let text = Said::Playback { state: State::of(&snapshot) }.encoded();
            let seq = upto(snapshot.head);
            self.plane.runtime.announce(room_id, Announcement { text, seq });
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tail_tests.rs"]
mod tests;
