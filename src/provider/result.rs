//! What a source is to a player, before it is told to one: named modes of tracks. A client reads it as
//! `http::rooms::wire::PlaybackResult`, with the URLs that are for it.

use std::sync::Arc;

use hyper::HeaderMap;
use synctv_store::{PlaybackKind, ProxyMode};
use time::OffsetDateTime;
use url::Url;

/// What a provider made of a source.
#[derive(Debug, Clone)]
pub struct Playable {
    /// Whether it has an end.
    pub kind: PlaybackKind,
    /// The default mode first, at least one.
    pub modes: Vec<Mode>,
    /// How clients get to its bytes.
    pub proxy_mode: ProxyMode,
    /// When the provider must be asked anew; `None`: never.
    pub expires_at: Option<OffsetDateTime>,
}

/// One way to play it.
#[derive(Debug, Clone)]
pub struct Mode {
    /// `direct`, `transcoded`, `hls`, `flv`, ...: unique in its [`Playable`]; `proxy_NAME` is the same mode through the gateway.
    pub name: String,
    /// Renditions; unique names, at least one, the default first.
    pub medias: Vec<Medium>,
    /// Subtitles.
    pub subtitles: Vec<Medium>,
    /// Danmakus.
    pub danmakus: Vec<Medium>,
    /// A picture.
    pub thumbnail: Option<Medium>,
}

/// One URL of a mode.
#[derive(Debug, Clone)]
pub struct Medium {
    /// Unique among its like.
    pub name: String,
    /// What it is.
    pub format: Format,
    /// Of subtitles and danmakus.
    pub language: Option<String>,
    /// Where it is.
    pub place: Place,
    /// When the place stops working.
    pub expires_at: Option<OffsetDateTime>,
}

/// Where bytes are.
#[derive(Debug, Clone)]
pub enum Place {
    /// At an origin.
    Remote {
        /// Its URL.
        url: Url,
        /// What the source configured for it; see `fetch::is_credential`.
        headers: Arc<HeaderMap>,
    },
    /// On the live plane: a stream of ours.
    Stream {
        /// Its name.
        name: String,
    },
}

/// What a URL leads to, in the words of the result's `format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// An HLS playlist.
    M3u8,
    /// A DASH manifest.
    Mpd,
    /// FLV, live or not.
    Flv,
    /// Anything else that is one file: `mp4`, `mkv`, `webm`, `avi`, `mp3`, `vtt`, `srt`, `ass`, `ssa`, `xml`, `jpg`, ...
    File(String),
}

/// What a track is in its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// A rendition.
    Media,
    /// Subtitles.
    Subtitle,
    /// Danmaku.
    Danmaku,
    /// The picture; its index is 0.
    Thumbnail,
}

impl Playable {
    /// A track by its place. Places stay the same as long as the source does.
    #[must_use]
    pub fn medium(&self, mode: usize, group: Group, index: usize) -> Option<&Medium> {
        let mode = self.modes.get(mode)?;
        match group {
            Group::Media => mode.medias.get(index),
            Group::Subtitle => mode.subtitles.get(index),
            Group::Danmaku => mode.danmakus.get(index),
            Group::Thumbnail => mode.thumbnail.as_ref().filter(|_| index == 0),
        }
    }
}
