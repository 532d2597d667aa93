//! Connections of this process: who is in which room, and what is said to all of them.
//!
//! A room has one ring of encoded texts; a connection is a cursor in it. Nobody waits for a slow reader: one that falls a whole ring
//! behind is told so ([`super::connection::Heard::Missed`]) and gets the state anew. A [`Connection`] leaves by being dropped.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use synctv_store::Role;
use tokio::sync::{Notify, broadcast, oneshot, watch};

use super::connection::Connection;
use crate::error::Error;

/// Texts a connection may be behind.
const RING: usize = 64;
/// The longest name of a member, in characters.
pub const MEMBER_NAME_MAX: usize = 64;
/// Members of one room that a node names; the others are only counted.
pub const MEMBERS_LISTED: usize = 100;

/// How much members may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomLimits {
    /// Connections in one room on this process.
    pub connections_per_room: usize,
    /// Connections on this process.
    pub connections: usize,
    /// The longest message of a member, in bytes.
    pub message_bytes: usize,
    /// Messages a member may send each second over a longer time; twice as many at once.
    pub messages_per_s: u32,
}

impl Default for RoomLimits {
    fn default() -> Self {
        Self { connections_per_room: 10_000, connections: 20_000, message_bytes: 16 << 10, messages_per_s: 20 }
    }
}

/// Who a connection belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `c_` and 10 characters: each connection is a member of its own.
    pub id: String,
    /// What the others read, at most [`MEMBER_NAME_MAX`] characters.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Public id of the token that let them in; `None` for the operator.
    pub token_id: Option<String>,
}

/// A text for all members of a room, encoded once.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// JSON.
    pub text: Bytes,
    /// Number of the event behind it; who joined at that event or later knows it. `None`: for everybody.
    pub seq: Option<i64>,
}

/// Why the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// Status code of the close frame (RFC 6455 7.4).
    pub code: u16,
    /// In words.
    pub reason: &'static str,
}

impl Closing {
    /// The server stops.
    pub const STOPPING: Self = Self { code: 1001, reason: "the server stops" };
    /// The member's token was revoked.
    pub const REVOKED: Self = Self { code: 4001, reason: "token revoked" };
    /// The member's token has expired.
    pub const EXPIRED: Self = Self { code: 4001, reason: "token expired" };
    /// An owner threw the member out.
    pub const KICKED: Self = Self { code: 4003, reason: "kicked" };
    /// The room is no more.
    pub const GONE: Self = Self { code: 4004, reason: "room deleted" };
}

/// Some of a room's members.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// The one with this id.
    Member(&'a str),
    /// Those that came with this token.
    Token(&'a str),
}

/// How far the events of a room have been announced on this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heed {
    /// Nobody is connected here.
    Absent,
    /// The first member has not read the state yet.
    Unsettled,
    /// Up to this number.
    UpTo(i64),
}

/// The members of a room on this process, for the other nodes.
#[derive(Debug, Clone)]
pub struct Crew {
    /// The room.
    pub room_id: String,
    /// How many there are.
    pub connections: u32,
    /// The first of them, at most [`MEMBERS_LISTED`].
    pub members: Vec<Arc<Member>>,
}

/// All connections of this process.
#[derive(Debug)]
pub struct ConnectionRuntime {
    limits: RoomLimits,
    rooms: Mutex<Rooms>,
    nudges: watch::Sender<u64>,
    crews_changed: Notify,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Rooms {
    by_id: HashMap<String, LocalRoom>,
    connections: usize,
    next_seat: u64,
    /// Ids of `by_id`, sorted; rebuilt after an edge.
    active: Option<Arc<[String]>>,
    /// Rooms where somebody came or went since the last [`ConnectionRuntime::changed_crews`].
    changed: HashSet<String>,
}

#[derive(Debug)]
struct LocalRoom {
    ring: broadcast::Sender<Announcement>,
    /// By number, in the order they came.
    seats: BTreeMap<u64, Seat>,
    /// The event at which the first member read the state.
    base: Option<i64>,
    /// The event up to which everything is announced; not before `base`.
    seen: i64,
}

#[derive(Debug)]
struct Seat {
    member: Arc<Member>,
    /// `None` once it was used.
    close: Option<oneshot::Sender<Closing>>,
}

impl ConnectionRuntime {
    /// Without a connection.
    #[must_use]
    pub fn new(limits: RoomLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            rooms: Mutex::default(),
            nudges: watch::Sender::new(0),
            crews_changed: Notify::new(),
            settled: Notify::new(),
        })
    }

    /// Takes a member in. It hears everything from now on.
    ///
    /// # Errors
    /// `Unavailable` when the room or the process is full.
    pub fn join(self: &Arc<Self>, room_id: &str, member: Member) -> Result<Connection, Error> {
        let member = Arc::new(member);
        let (close, closing) = oneshot::channel();
        let mut rooms = self.rooms.lock();
        if rooms.connections >= self.limits.connections {
            return Err(Error::Unavailable("too many members on this server (room.max_connections)".into()));
        }
        let taken = rooms.by_id.get(room_id).map_or(0, |room| room.seats.len());
        if taken >= self.limits.connections_per_room {
            return Err(Error::Unavailable("the room is full (room.max_connections_per_room)".into()));
        }
        let seat = rooms.next_seat;
        rooms.next_seat += 1;
        rooms.connections += 1;
        let room = rooms.by_id.entry(room_id.to_owned()).or_insert_with(LocalRoom::new);
        room.seats.insert(seat, Seat { member: Arc::clone(&member), close: Some(close) });
        let announcements = room.ring.subscribe();
        rooms.changed.insert(room_id.to_owned());
        if taken == 0 {
            rooms.active = None;
        }
        drop(rooms);
        if taken == 0 {
            self.nudge();
        }
        self.crews_changed.notify_one();
        Ok(Connection::new(Arc::clone(self), room_id, seat, member, announcements, closing))
    }

    pub(super) fn leave(&self, room_id: &str, seat: u64) {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.by_id.get_mut(room_id) else { return };
        room.seats.remove(&seat);
        let emptied = room.seats.is_empty();
        rooms.connections -= 1;
        rooms.changed.insert(room_id.to_owned());
        if emptied {
            rooms.by_id.remove(room_id);
            rooms.active = None;
        }
        drop(rooms);
        if emptied {
            self.nudge();
        }
        self.crews_changed.notify_one();
    }

    /// The rooms with at least one connection, sorted: the scheduling input of the playback workers.
    #[must_use]
    pub fn active_room_ids(&self) -> Arc<[String]> {
        let mut rooms = self.rooms.lock();
        if let Some(active) = &rooms.active {
            return Arc::clone(active);
        }
        let mut ids: Vec<String> = rooms.by_id.keys().cloned().collect();
        ids.sort_unstable();
        let active: Arc<[String]> = ids.into();
        rooms.active = Some(Arc::clone(&active));
        active
    }

    /// Changes whenever a room becomes active or inactive, and when what its workers look at changed.
    #[must_use]
    pub fn nudges(&self) -> watch::Receiver<u64> {
        self.nudges.subscribe()
    }

    /// Wakes the workers.
    pub fn nudge(&self) {
        self.nudges.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Says something to all members of a room that are connected here.
    pub fn announce(&self, room_id: &str, announcement: Announcement) {
        let ring = self.rooms.lock().by_id.get(room_id).map(|room| room.ring.clone());
        if let Some(ring) = ring {
            // An error means that nobody listens any more.
            let _ = ring.send(announcement);
        }
    }

    /// Closes some of a room's connections.
    pub fn close_members(&self, room_id: &str, which: Which<'_>, why: Closing) {
        self.close_where(room_id, why, |member| match which {
            Which::Member(id) => member.id == id,
            Which::Token(id) => member.token_id.as_deref() == Some(id),
        });
    }

    /// Public id of the token that a member who is connected here came with, `o` for the operator.
    #[must_use]
    pub fn token_of(&self, room_id: &str, member_id: &str) -> Option<String> {
        let rooms = self.rooms.lock();
        let mut seats = rooms.by_id.get(room_id)?.seats.values();
        let member = &seats.find(|seat| seat.member.id == member_id)?.member;
        Some(member.token_id.clone().unwrap_or_else(|| "o".to_owned()))
    }

    /// Closes all connections of a room.
    pub fn close_room(&self, room_id: &str, why: Closing) {
        self.close_where(room_id, why, |_| true);
    }

    fn close_where(&self, room_id: &str, why: Closing, chosen: impl Fn(&Member) -> bool) {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.by_id.get_mut(room_id) else { return };
        for seat in room.seats.values_mut().filter(|seat| chosen(&seat.member)) {
            if let Some(close) = seat.close.take() {
                let _ = close.send(why);
            }
        }
    }

    /// How many rooms are active, and how many connections they have together.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let rooms = self.rooms.lock();
        (rooms.by_id.len(), rooms.connections)
    }

    /// Notes the event at which a joiner read the state. False: the others are further already, and the state must be read again,
    /// since what lies between will not be announced any more.
    #[must_use]
    pub fn settle(&self, room_id: &str, head: i64) -> bool {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.by_id.get_mut(room_id) else { return true };
        if let Some(base) = room.base {
            return head >= base;
        }
        (room.base, room.seen) = (Some(head), head);
        drop(rooms);
        self.settled.notify_one();
        // The workers may have looked when the room turned active; what happened since then is not announced.
        self.nudge();
        true
    }

    /// Returns when a room was settled.
    pub async fn settled(&self) {
        self.settled.notified().await;
    }

    /// How far a room's events have been announced here.
    #[must_use]
    pub fn heed(&self, room_id: &str) -> Heed {
        match self.rooms.lock().by_id.get(room_id) {
            None => Heed::Absent,
            Some(room) if room.base.is_none() => Heed::Unsettled,
            Some(room) => Heed::UpTo(room.seen),
        }
    }

    /// Notes that a room's events are announced up to this one.
    pub fn seen(&self, room_id: &str, seq: i64) {
        if let Some(room) = self.rooms.lock().by_id.get_mut(room_id) {
            room.seen = room.seen.max(seq);
        }
    }

    /// Returns when somebody came or went.
    pub async fn crews_changed(&self) {
        self.crews_changed.notified().await;
    }

    /// Who is in the rooms where somebody came or went since the last call.
    #[must_use]
    pub fn changed_crews(&self) -> Vec<Crew> {
        let mut rooms = self.rooms.lock();
        let changed = std::mem::take(&mut rooms.changed);
        changed.into_iter().map(|room_id| rooms.crew(room_id)).collect()
    }

    /// Lets [`Self::changed_crews`] name these rooms again.
    pub fn crews_unsaid(&self, room_ids: impl IntoIterator<Item = String>) {
        self.rooms.lock().changed.extend(room_ids);
        self.crews_changed.notify_one();
    }
}

impl Rooms {
    fn crew(&self, room_id: String) -> Crew {
        let room = self.by_id.get(&room_id);
        let members = room.into_iter().flat_map(|room| room.seats.values());
        let members = members.take(MEMBERS_LISTED).map(|seat| Arc::clone(&seat.member)).collect();
        let connections = room.map_or(0, |room| u32::try_from(room.seats.len()).unwrap_or(u32::MAX));
        Crew { room_id, connections, members }
    }
}

impl LocalRoom {
    fn new() -> Self {
        let (ring, _) = broadcast::channel(RING);
        Self { ring, seats: BTreeMap::new(), base: None, seen: 0 }
    }
}

#[cfg(test)]
#[path = "runtime_tests.rs"]
mod tests;
