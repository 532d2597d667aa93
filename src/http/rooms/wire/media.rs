//! Playlists and the media in them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::source::{MediaAbout, MediaFrom};
use crate::http::admin::wire::PlayUrls;

/// A playlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaylistItem {
    /// `p_` and 10 characters.
    pub id: String,
    /// What people call it, unique in its room.
    pub name: String,
    /// Grows with every change of its order or contents.
    pub revision: i64,
    /// How many media it has.
    pub media: u64,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// `GET /api/v1/rooms/{room}/playlists`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaylistList {
    /// Oldest first.
    pub playlists: Vec<PlaylistItem>,
}

/// `POST /api/v1/rooms/{room}/playlists`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePlaylist {
    /// What to call it.
    pub name: String,
}

/// `PATCH /api/v1/rooms/{room}/playlists/{playlist}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePlaylist {
    /// Another name.
    pub name: String,
}

/// A media in its playlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaItem {
    /// `m_` and 10 characters.
    pub id: String,
    /// The playlist it is in.
    pub playlist_id: String,
    /// Its place there, from 1.
    pub position: u64,
    /// What people call it.
    pub name: String,
    /// direct_url, rtmp or live_proxy.
    pub source_kind: String,
    /// Where it comes from; null when that is not for everybody in the room, and of live media.
    pub url: Option<String>,
    /// The stream of a live media.
    pub stream: Option<String>,
    /// 64 hex digits: what the playback state says when this plays.
    pub target_hash: String,
    /// pending, known, live or failed.
    pub duration_status: String,
    /// When it is known.
    pub duration_ms: Option<i64>,
    /// When it was added.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// `GET /api/v1/rooms/{room}/media`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaList {
    /// The playlist's id.
    pub playlist_id: String,
    /// In order.
    pub media: Vec<MediaItem>,
    /// How many the playlist has.
    pub total: u64,
    /// The `offset` of the next page; null on the last one.
    pub next_offset: Option<u64>,
}

/// A media to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// Where it comes from.
    #[serde(flatten)]
    pub from: MediaFrom,
    /// What there is to say about it.
    #[serde(flatten)]
    pub about: MediaAbout,
    /// What to call it; absent: the last part of the URL's path, or the stream's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its duration, when it is known; it is not probed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// `POST /api/v1/rooms/{room}/media`: one media, or several as `media`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddMedia {
    /// Of one media: where it comes from.
    #[serde(flatten)]
    pub from: MediaFrom,
    /// Of one media: what there is to say about it.
    #[serde(flatten)]
    pub about: MediaAbout,
    /// Of one media: what to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of one media: its duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Several media, at most 1000, added all or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Vec<NewItem>>,
    /// Id or name of the playlist; absent: the room's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playlist: Option<String>,
}

/// Where a media came to stand. It may carry a secret, hence no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddedMedia {
    /// Its id.
    pub id: String,
    /// Its place in the playlist, from 1.
    pub position: u64,
    /// The stream it plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The publish key that was made with it.
    #[serde(flatten)]
    pub key: Option<Box<StreamKey>>,
}

/// A publish key just made for the stream of a media.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamKey {
    /// Public id.
    pub key_id: String,
    /// Shown this once.
    pub secret: String,
    /// What OBS calls the server: `rtmp://HOST:1935/live`.
    pub server_url: String,
    /// What OBS calls the stream key: `STREAM?key=SECRET`.
    pub stream_key: String,
    /// Both in one, as ffmpeg wants it.
    pub publish_url: String,
    /// Where to watch.
    pub play: PlayUrls,
    /// Whether the stream is private.
    pub private: bool,
}

/// The answer to adding: one media as it is, several as `added`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Added {
    /// One.
    One(AddedMedia),
    /// Several.
    Several {
        /// In the order they were given.
        added: Vec<AddedMedia>,
    },
}

/// `PATCH /api/v1/rooms/{room}/media/{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveMedia {
    /// From 1; beyond the end means the end.
    pub position: u64,
}
