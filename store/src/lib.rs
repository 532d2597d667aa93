//! The durable model: row types and the [`Store`] trait, in the caller's words.
//!
//! A backend is a crate of its own that implements [`Store`] for one database. Whatever compares times to decide
//! something durable (has this key expired?) does it in the statement, with the database's clock.

#[cfg(feature = "behaviour")]
pub mod behaviour;
pub mod columns;
mod error;
mod event;
mod name;
mod node;
mod playback;
mod playlist;
mod probe;
mod proxy_key;
mod pull;
mod room;
pub mod rows;
mod source;
mod store;
mod stream;

pub use error::{Error, Result};
pub use event::{EventKind, Events, Hint, Mark, RoomEvent};
pub use name::{NAME_MAX, NameError, check_name};
pub use node::{Housekept, NODE_TIMEOUT, NodePresence, Nodes, Presence, Retention};
pub use playback::{Cause, Change, Item, Length, Place, Playback, Playbacks, Snapshot, Target, Turn};
pub use playlist::{Media, NewMedia, PLAYLIST_MAX, PLAYLISTS_MAX, Playlist, Playlists, TargetHash};
pub use probe::{ProbeClaim, Probed, Probes};
pub use proxy_key::{ProxyKey, ProxyKeys};
pub use pull::{PlayedPull, Pulls};
pub use room::{
    ADVANCE_DELAY_MAX, Mode, NewRoom, NewToken, Role, Room, RoomChange, RoomCount, RoomToken, Rooms, Settings,
    TITLE_MAX, TOKENS_MAX, check_room_name, check_title, check_token_count,
};
pub use source::{DirectUrl, PlaybackKind, ProxyMode, Source, Track};
pub use store::{Store, Streams};
pub use stream::{Ensured, KeyHash, KeyOnStream, KeyUse, NewKey, PublishKey, Rotation, Stream, StreamKind};
