//! Where the bytes of a media come from; stored as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Where a media comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// URLs that are fetched as they are.
    DirectUrl(DirectUrl),
    /// A push stream of this gateway.
    Rtmp {
        /// Its name.
        stream: String,
    },
    /// A pull stream: the gateway fetches it while somebody watches.
    LiveProxy {
        /// Name of the stream that belongs to this media and goes with it.
        stream: String,
        /// Where it is fetched: `rtmp`, `http` or `https` (FLV or HLS).
        upstream: Track,
    },
}

impl Source {
    /// One public URL.
    #[must_use]
    pub fn direct(url: impl Into<String>) -> Self {
        Self::DirectUrl(DirectUrl { medias: vec![Track::at(url)], ..DirectUrl::default() })
    }
}

/// Files and playlists by URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectUrl {
    /// The same media in one or more renditions; the first is the default.
    pub medias: Vec<Track>,
    /// Subtitles in any format.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtitles: Vec<Track>,
    /// Danmaku (comments that fly over the picture).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub danmakus: Vec<Track>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Track>,
    /// Whether it is live; absent: found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playback_kind: Option<PlaybackKind>,
    /// Whether clients fetch it themselves.
    #[serde(default)]
    pub proxy_mode: ProxyMode,
}

/// One URL of a source.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    pub url: String,
    /// Sent with every request to the URL's own origin. They may hold credentials: never shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// `mp4`, `m3u8`, `vtt`, ...; absent: by the URL, else by what the origin says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Of subtitles and danmakus (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When the URL stops working.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<OffsetDateTime>,
}

impl Track {
    /// A URL without anything else.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

/// Neither the headers' values nor the query, which may be signed.
impl fmt::Debug for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let headers: Vec<_> = self.headers.keys().collect();
        f.debug_struct("Track").field("url", &url).field("headers", &headers).field("format", &self.format).finish()
    }
}

/// Whether what plays has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaybackKind {
    /// It has, and can be sought in.
    Regular,
    /// It goes on.
    Live,
}

/// Whether clients fetch a media from its origin or through the gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyMode {
    /// Through the gateway when the URL carries credentials or expires; else both, directly by default.
    #[default]
    Auto,
    /// Both, through the gateway by default.
    Prefer,
    /// Only through the gateway.
    Only,
    /// Both, directly by default.
    DirectPrefer,
    /// Only directly.
    DirectOnly,
}
