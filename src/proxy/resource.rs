//! What is fetched on behalf of a client.

use std::sync::Arc;

use hyper::HeaderMap;
use url::Url;

/// What a resource is to whoever asked for it; part of every signed URL, so that one kind cannot be had as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file that is played.
    Media,
    /// An HLS playlist: rewritten.
    Hls,
    /// A DASH manifest: rewritten.
    Dash,
    /// A segment, part, initialisation section or index of a manifest.
    Segment,
    /// A decryption key.
    Key,
    /// Subtitles; as WebVTT where asked.
    Subtitle,
    /// Danmaku; as JSON where asked.
    Danmaku,
    /// A picture.
    Thumbnail,
    /// What a manifest refers to besides (session data): as it is.
    Other,
    /// JSON with URLs that a manifest refers to (lists of assets, steering): rewritten.
    Json,
    /// Elements of a DASH manifest that stand elsewhere (xlink): rewritten.
    Remote,
}

impl Kind {
    /// All kinds, each at the place of its number.
    pub const ALL: [Self; 11] = [
        Self::Media,
        Self::Hls,
        Self::Dash,
        Self::Segment,
        Self::Key,
        Self::Subtitle,
        Self::Danmaku,
        Self::Thumbnail,
        Self::Other,
        Self::Json,
        Self::Remote,
    ];
}

/// Something at an origin.
#[derive(Debug, Clone)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub url: Url,
    /// What its source configured for its origin.
    pub headers: Arc<HeaderMap>,
    /// A hop on the way to it led to a foreign origin: no credentials are sent.
    pub stripped: bool,
}

/// Gives out the URLs that stand in a rewritten manifest.
pub trait Links {
    /// The URL under which a client gets `url`, fit to stand in the manifest.
    fn link(&mut self, kind: Kind, url: &Url) -> String;

    /// The same for all URLs that a DASH template stands for (`$Number%05d$`, `$Time$`, `$SubNumber$`): one scope,
    /// one signature; the answer has the template's identifiers in it as they were. `template` is an absolute URL.
    fn template(&mut self, kind: Kind, template: &str) -> String;
}
