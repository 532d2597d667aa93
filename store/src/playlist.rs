//! Playlists and the media in them.

use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{Result, Source};

/// Identifies what plays: SHA-256 over a length-prefixed encoding of playlist, media and, in a dynamic playlist, the item.
pub type TargetHash = [u8; 32];

/// An ordered list of media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    /// `p_` and 10 characters.
    pub id: String,
    /// The room it belongs to.
    pub room_id: String,
    /// What people call it, unique in its room.
    pub name: String,
    /// Grows by one with every change of its order or contents.
    pub revision: i64,
    /// How many media it has.
    pub media: u64,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// A media to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMedia {
    /// `m_` and 10 characters.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// Its target hash, see `room::playlist::target_hash`.
    pub target_hash: TargetHash,
    /// Its duration, when whoever adds it knows; it is not probed then. Whole ms.
    pub duration: Option<Duration>,
}

/// One playable item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its id.
    pub id: String,
    /// The playlist it is in.
    pub playlist_id: String,
    /// Its place in the playlist, from 1.
    pub position: u64,
    /// What people call it.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// Its target hash.
    pub target_hash: TargetHash,
    /// What is known of its duration.
    pub length: crate::Length,
    /// When it was added.
    pub created_at: OffsetDateTime,
}

/// The most media a playlist may have.
pub const PLAYLIST_MAX: u64 = 100_000;
/// The most playlists a room may have.
pub const PLAYLISTS_MAX: u64 = 1000;

/// Playlists and media. Each change of a playlist's media raises its revision and posts a [`crate::EventKind::Playlist`] event
/// with the playlist's id. "Not found" is `NotFound` with "playlist" or "media", also when it is another room's.
#[async_trait]
pub trait Playlists: Send + Sync {
    /// Makes an empty playlist.
    ///
    /// # Errors
    /// `NotFound` when there is no such room, `Invalid` for a bad name, `Conflict` when the name is taken in this room or the
    /// room has [`PLAYLISTS_MAX`].
    async fn create_playlist(&self, room_id: &str, id: &str, name: &str) -> Result<Playlist>;

    /// A room's playlists, oldest first.
    async fn playlists(&self, room_id: &str) -> Result<Vec<Playlist>>;

    /// The playlist with this id, else the one with this name; with `None` the room's oldest.
    ///
    /// # Errors
    /// `NotFound`.
    async fn playlist(&self, room_id: &str, id_or_name: Option<&str>) -> Result<Playlist>;

    /// Gives it another name.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Conflict` as for making one.
    async fn rename_playlist(&self, room_id: &str, id: &str, name: &str) -> Result<Playlist>;

    /// Deletes a playlist and its media.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it is the room's last one or what is selected is in it.
    async fn delete_playlist(&self, room_id: &str, id: &str) -> Result<()>;

    /// Appends media in this order, all or nothing; answers the position of the first, from 1. With a [`Source::LiveProxy`] goes its pull
    /// stream, which is private.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for a bad name; `Conflict` when the playlist would have more than [`PLAYLIST_MAX`], or a pull stream's name is
    /// taken.
    async fn add_media(&self, room_id: &str, playlist_id: &str, media: &[NewMedia]) -> Result<u64>;

    /// Media in order, from `offset` (0 is the first), at most `limit`.
    async fn media_page(&self, room_id: &str, playlist_id: &str, offset: u64, limit: u32) -> Result<Vec<Media>>;

    /// One media.
    ///
    /// # Errors
    /// `NotFound`.
    async fn media(&self, room_id: &str, id: &str) -> Result<Media>;

    /// Moves a media to a position in its playlist, from 1; beyond the end means the end.
    ///
    /// # Errors
    /// `NotFound`.
    async fn move_media(&self, room_id: &str, id: &str, position: u64) -> Result<Media>;

    /// Removes a media.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it is selected.
    async fn remove_media(&self, room_id: &str, id: &str) -> Result<()>;
}
