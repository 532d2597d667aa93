//! One member's place in a room: a cursor in the room's ring, and the way to be closed.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use tokio::sync::oneshot;

use super::runtime::{Announcement, Closing, ConnectionRuntime, Member};

/// What a connection hears next.
#[derive(Debug)]
pub enum Heard {
    /// Something for all.
    Said(Announcement),
    /// It was too slow: texts are lost, and the state has to be read anew.
    Missed,
    /// It is to be closed.
    Close(Closing),
}

/// One member's place in a room; dropping it leaves.
#[derive(Debug)]
pub struct Connection {
    runtime: Arc<ConnectionRuntime>,
    room_id: String,
    seat: u64,
    member: Arc<Member>,
    announcements: broadcast::Receiver<Announcement>,
    closing: oneshot::Receiver<Closing>,
    /// The event at which this member read the state.
    knows: Option<i64>,
    /// Texts were lost and nobody was told yet.
    missed: bool,
}

impl Connection {
    pub(super) fn new(
        runtime: Arc<ConnectionRuntime>,
        room_id: &str,
        seat: u64,
        member: Arc<Member>,
        announcements: broadcast::Receiver<Announcement>,
        closing: oneshot::Receiver<Closing>,
    ) -> Self {
        Self { runtime, room_id: room_id.to_owned(), seat, member, announcements, closing, knows: None, missed: false }
    }

    /// The room.
    #[must_use]
    pub fn room_id(&self) -> &str {
        &self.room_id
    }

    /// Whose it is.
    #[must_use]
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// Notes that the member has the state as it was at this event. False: read it again, see [`ConnectionRuntime::settle`].
    #[must_use]
    pub fn read_at(&mut self, head: i64) -> bool {
        self.knows = Some(head);
        self.runtime.settle(&self.room_id, head)
    }

    /// What comes next. Cancelling loses nothing.
    pub async fn hear(&mut self) -> Heard {
        loop {
            if std::mem::take(&mut self.missed) {
                self.announcements = self.announcements.resubscribe();
                return Heard::Missed;
            }
            let heard = tokio::select! {
                biased;
                // The sender is dropped unused only together with the room.
                why = &mut self.closing, if !self.closing.is_terminated() => {
                    return Heard::Close(why.unwrap_or(Closing::GONE));
                }
                heard = self.announcements.recv() => heard,
            };
            match heard {
                Ok(said) if self.is_news(&said) => return Heard::Said(said),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.missed = true,
                Err(RecvError::Closed) => return Heard::Close(Closing::GONE),
            }
        }
    }

    /// What has come already, without waiting.
    pub fn hear_now(&mut self) -> Option<Announcement> {
        while !self.missed {
            match self.announcements.try_recv() {
                Ok(said) if self.is_news(&said) => return Some(said),
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => self.missed = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        None
    }

    fn is_news(&self, said: &Announcement) -> bool {
        said.seq.is_none_or(|seq| self.knows.is_none_or(|known| seq > known))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.runtime.leave(&self.room_id, self.seat);
    }
}
