//! The bodies of the API of rooms, shared by the server and the command line. Times are RFC 3339, spans name their unit.

mod media;
mod playback;
mod result;
mod room;
mod source;

pub use media::{
    AddMedia, Added, AddedMedia, ChangePlaylist, CreatePlaylist, MediaItem, MediaList, MoveMedia, NewItem,
    PlaylistItem, PlaylistList, StreamKey,
};
pub use playback::{History, KickMember, Members, PlaybackCommand, TurnItem, Word};
pub use result::{PlaybackDanmaku, PlaybackMedia, PlaybackMode, PlaybackResult, PlaybackSubtitle};
pub use room::{
    ChangeRoom, CreateRoom, CreateToken, CreatedRoom, CreatedToken, JoinRoom, Joined, RoomItem, RoomList, TokenItem,
    TokenList,
};
pub use source::{MediaAbout, MediaFrom, NewDirectUrl, NewSource};

pub use crate::room::message::State;
