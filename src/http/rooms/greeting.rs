//! What a joiner is told first: where the room is, and what was said lately.

use bytes::Bytes;
use synctv_store::{EventKind, Room};

use crate::error::Error;
use crate::room::RoomPlane;
use crate::room::connection::Connection;
use crate::room::message::{RoomName, Said, State, Who};

/// Chat messages that a joiner is shown.
const CHATS: u32 = 50;
/// A joiner that is overtaken by others' reading so often is unlucky beyond belief.
const ATTEMPTS: u32 = 8;

/// The whole state. The connection listens already, so that nothing is lost between reading it and hearing what comes next.
///
/// # Errors
/// `NotFound` when the room is gone, and those of the store.
pub(super) async fn state(plane: &RoomPlane, room: &Room, connection: &mut Connection) -> Result<(Bytes, i64), Error> {
    for _ in 0..ATTEMPTS {
        let snapshot = plane.store.snapshot(&room.id).await?;
        if connection.read_at(snapshot.head) {
            let you = Who::from(connection.member());
            let room = RoomName { id: &room.id, name: &room.name };
            let text = Said::State { state: State::of(&snapshot), room, you }.encoded();
            return Ok((text, snapshot.head));
        }
    }
    Err(Error::Unavailable("the room changes too fast to join it: try again".into()))
}

/// The newest chat messages up to that event, oldest first; later ones are heard.
///
/// # Errors
/// Those of the store.
pub(super) async fn chats(plane: &RoomPlane, room_id: &str, head: i64) -> Result<Vec<Bytes>, Error> {
    let chats = plane.store.last_events(room_id, EventKind::Chat, CHATS).await?;
    Ok(chats.into_iter().filter(|chat| chat.seq <= head).map(|chat| chat.body.into()).collect())
}
