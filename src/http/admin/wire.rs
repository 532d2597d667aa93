//! The bodies of the API, shared by the server and the command line. Times are RFC 3339, spans are seconds.

use serde::{Deserialize, Serialize};
use synctv_store::StreamKind;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::live::{PullState, StreamState};
pub use crate::proxy::cache::Stats as CacheStats;
use crate::room::message::State;

/// `GET /api/v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// The address HTTP listens on: `127.0.0.1:8080`.
    pub http: String,
    /// The address RTMP listens on.
    pub rtmp: String,
    /// The database, in words.
    pub database: String,
    /// How many streams there are.
    pub streams: StreamCounts,
    /// How many rooms there are.
    pub rooms: RoomCounts,
    /// Seconds since the start.
    pub uptime_s: u64,
}

/// Streams, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamCounts {
    /// Streams with a publisher.
    pub live: u64,
    /// Streams in the store.
    pub known: u64,
}

/// Rooms, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomCounts {
    /// Rooms with a connection on this process.
    pub active: u64,
}

/// One stream in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamItem {
    /// Its name.
    pub name: String,
    /// Push or pull.
    #[schema(value_type = String, example = "push")]
    pub kind: StreamKind,
    /// Whether viewers need a signature.
    pub private: bool,
    /// Live or offline.
    pub state: StreamState,
    /// Of a pull stream: what fetching it does on this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<PullState>,
    /// Viewers on all outputs.
    pub viewers: u64,
    /// Bits a second received.
    pub bitrate_bps: u64,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// `GET /api/v1/streams`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamList {
    /// By name.
    pub streams: Vec<StreamItem>,
}

/// `POST /api/v1/streams`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStream {
    /// Its name.
    pub name: String,
    /// Absent: public, or as it is when it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
}

/// `PATCH /api/v1/streams/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeStream {
    /// Whether viewers need a signature.
    pub private: bool,
}

/// `POST /api/v1/streams/{name}/url`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePlayUrl {
    /// How long the URLs work.
    pub expires_in_s: u64,
}

/// Where to watch a stream; absolute URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlayUrls {
    /// The watch page.
    pub page: String,
    /// HTTP-FLV.
    pub flv: String,
    /// WebSocket-FLV.
    pub ws_flv: String,
    /// HLS.
    pub hls: String,
}

/// Signed play URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedUrls {
    /// The stream they open.
    pub stream: String,
    /// When they stop working.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// The URLs.
    pub play: PlayUrls,
}

/// What was done to a stream's publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kicked {
    /// The stream.
    pub stream: String,
    /// Always true: with nobody to kick the answer is a problem.
    pub kicked: bool,
}

/// Whether a key lets a publisher in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It does.
    Active,
    /// Its time has come.
    Expired,
    /// An operator took it back.
    Revoked,
}

/// A publish key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyItem {
    /// Public id.
    pub key_id: String,
    /// The stream it feeds.
    pub stream: String,
    /// What the operator calls it.
    pub label: Option<String>,
    /// Whether it works.
    pub state: KeyState,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it stops working.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
    /// When a publisher last came in with it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
    /// From which address.
    pub last_used_peer: Option<String>,
    /// The key that takes over from it.
    pub replaced_by: Option<String>,
}

/// `GET /api/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// Oldest first within a stream.
    pub keys: Vec<KeyItem>,
}

/// `POST /api/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// The stream; made when missing.
    pub stream: String,
    /// What to call the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How long it works; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
}

/// `POST /api/v1/keys/{id}/rotate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// How long the old key goes on working; 0 ends it, and its publisher, at once.
    #[serde(default)]
    pub overlap_s: u64,
    /// How long the successor works; absent: as long as the old key was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
}

/// A key just made: the only answer that carries a secret, hence no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedKey {
    /// Public id.
    pub key_id: String,
    /// The stream it feeds.
    pub stream: String,
    /// Shown this once.
    pub secret: String,
    /// What OBS calls the server: `rtmp://HOST:1935/live`.
    pub server_url: String,
    /// What OBS calls the stream key: `STREAM?key=SECRET`.
    pub stream_key: String,
    /// Both in one, as ffmpeg wants it.
    pub publish_url: String,
    /// Where to watch; unsigned, so of a private stream they are refused until signed.
    pub play: PlayUrls,
    /// Whether the stream is private.
    pub private: bool,
    /// What the operator calls it.
    pub label: Option<String>,
    /// When it stops working.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// The key it takes over from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// An error (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank`: the status says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong here and what to do.
    pub detail: String,
    /// The fresh state, when a command expected another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

/// `POST /api/v1/cache/purge`: everything, unless one of the two is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeCache {
    /// What has a URL that begins so; queries do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What comes from this host: `cdn.example`, or `cdn.example:8080` for one port alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// What was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurgedCache {
    /// Resources of which something was kept.
    pub resources: u64,
}
