//! Where a media to be added comes from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use synctv_store::{DirectUrl, PlaybackKind, ProxyMode, Track};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Where a media to be added comes from: exactly one of them, and for a `rtmp` perhaps `new_key`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaFrom {
    /// http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The name of a push stream. The operator's request makes it when it is missing, and a publish key when it has none that works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtmp: Option<String>,
    /// Make a publish key for the `rtmp` although it has one; for the operator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_key: bool,
    /// What a pull stream is fetched from while somebody watches: rtmp, http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_proxy: Option<String>,
    /// A whole source: its `kind` is `direct_url` (`medias`, `subtitles`, `danmakus`, `thumbnail`, `playback_kind`, `proxy_mode`, `duration_seconds`), `rtmp`
    /// (`stream`) or `live_proxy` (`upstream`, perhaps `stream`, the name it is to have).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub source: Option<NewSource>,
}

/// What there is to say about a `url`; of a `live_proxy` its `headers`. A track has a `url` and perhaps `name`, `headers`, `format`, `language`
/// and `expires_at`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MediaAbout {
    /// Sent with each request to the URL's own origin; never shown to members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// m3u8, mpd, flv, mp4, ...; absent: by the URL, else by what the origin says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// When the URL stops working.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<OffsetDateTime>,
    /// Tracks with subtitles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub subtitles: Vec<Track>,
    /// Tracks with danmaku.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub danmakus: Vec<Track>,
    /// The track of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub thumbnail: Option<Track>,
    /// regular or live; absent: found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "regular")]
    pub playback_kind: Option<PlaybackKind>,
    /// auto, prefer, only, direct_prefer or direct_only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "auto")]
    pub proxy_mode: Option<ProxyMode>,
}

/// A source as it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NewSource {
    /// URLs that are fetched as they are.
    DirectUrl(NewDirectUrl),
    /// A push stream of this server.
    Rtmp {
        /// Its name.
        stream: String,
    },
    /// A pull stream.
    LiveProxy {
        /// The name it is to have; absent: a fresh one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<String>,
        /// Where it is fetched.
        upstream: Track,
    },
}

/// A direct URL as it is given: with the duration, which is the media's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct NewDirectUrl {
    /// What is stored.
    #[serde(flatten)]
    pub direct: DirectUrl,
    /// How long it is, in seconds, with or without a fraction; absent: found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<Number>,
}

/// By hand, because what is flattened would refuse no unknown fields.
impl TryFrom<Map<String, Value>> for NewDirectUrl {
    type Error = serde_json::Error;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let seconds = fields.remove("duration_seconds").unwrap_or_default();
        let duration_seconds = Option::deserialize(seconds)?;
        Ok(Self { direct: DirectUrl::deserialize(Value::Object(fields))?, duration_seconds })
    }
}

impl MediaFrom {
    /// The duration that a whole source says, in ms: to the nearest, and what no duration is becomes 0.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        let Some(NewSource::DirectUrl(direct)) = &self.source else { return None };
        let seconds = direct.duration_seconds.as_ref()?.as_f64().unwrap_or_default();
        Some((seconds * 1000.0).round() as u64)
    }
}

/// Neither URLs, which may be signed, nor headers.
impl fmt::Debug for MediaFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaFrom").field("rtmp", &self.rtmp).finish_non_exhaustive()
    }
}

impl fmt::Debug for MediaAbout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaAbout").field("format", &self.format).finish_non_exhaustive()
    }
}
