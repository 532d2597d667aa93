//! What a client needs to play what a room plays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use synctv_store::PlaybackKind;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// `GET /api/v1/rooms/{room}/playback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaybackResult {
    /// What is selected.
    pub media_id: String,
    /// +1 when the source changes: URLs of an older generation are closed.
    pub generation: i64,
    /// 64 hex digits.
    pub target_hash: String,
    /// regular or live.
    #[schema(value_type = String, example = "regular")]
    pub kind: PlaybackKind,
    /// When it is known.
    pub duration_ms: Option<i64>,
    /// When the first thing in it stops working: fetch it again before. Null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// The mode to play unless somebody chose another.
    pub default_mode: String,
    /// The ways to play it: `direct`, `proxy_direct`, `hls`, `flv`, ...
    pub modes: BTreeMap<String, PlaybackMode>,
}

/// One way to play it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaybackMode {
    /// Renditions, at least one.
    pub medias: Vec<PlaybackMedia>,
    /// The name of the one to play unless somebody chose another.
    pub default_media: String,
    /// Subtitles.
    pub subtitles: Vec<PlaybackSubtitle>,
    /// Danmakus.
    pub danmakus: Vec<PlaybackDanmaku>,
    /// The URL of a picture.
    pub thumbnail: Option<String>,
}

/// One rendition. URLs are absolute, or rooted at the server that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaybackMedia {
    /// Unique in its mode.
    pub name: String,
    /// m3u8, mpd, flv, mp4, mkv, ...
    pub format: String,
    /// Where it is.
    pub url: String,
    /// What a player must send with every request for it; empty through the gateway.
    pub headers: BTreeMap<String, String>,
    /// When the URL stops working.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// RFC 6381 names of its tracks, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codecs: Option<String>,
    /// Pixels, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// Subtitles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaybackSubtitle {
    /// Unique in its mode.
    pub name: String,
    /// BCP 47.
    pub language: Option<String>,
    /// vtt, srt, ass, ssa, ...; through the gateway `format=vtt` in the query makes WebVTT of them.
    pub format: String,
    /// Where they are.
    pub url: String,
}

/// Danmaku.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaybackDanmaku {
    /// Unique in its mode.
    pub name: String,
    /// xml, ...; through the gateway `format=json` in the query makes JSON of it.
    pub format: String,
    /// Where it is.
    pub url: String,
}
