//! What proxied answers are made from.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use url::Url;

use super::meter::Meter;
use crate::http::rooms::TrackPlace;
use crate::provider::Playables;
use crate::proxy::cache::Cache;
use crate::proxy::resource::{Kind, Links};
use crate::proxy::text::Texts;

/// Long manifests that are rewritten at the same time; others wait for their turn, which takes a second at most.
const TEXT_TURNS: usize = 8;
/// Subtitles and danmakus that are fetched to be converted at the same time.
const CAPTION_TURNS: usize = 8;

/// What a signed path says, and that it may be used at this moment.
pub struct Opened {
    /// The room it was given out in.
    pub room_id: String,
    /// What the room plays.
    pub media_id: String,
    /// The track, or the one whose manifest leads here.
    pub place: TrackPlace,
    /// What it is.
    pub kind: Kind,
    /// What the track's manifest refers to; `None`: the track itself.
    pub proxied: Option<Proxied>,
    /// Seconds since 1970.
    pub expires_unix: u64,
    /// Gives out URLs under the same pass.
    pub children: Arc<dyn Children>,
}

/// Something that a manifest refers to.
#[derive(Debug, Clone)]
pub struct Proxied {
    /// Where it is.
    pub url: Url,
    /// A hop on the way led to a foreign origin.
    pub stripped: bool,
}

/// Gives out URLs for what a manifest refers to, under the pass the manifest itself was had with.
pub trait Children: Send + Sync {
    /// The same for all URLs of one manifest; `stripped`: they are had without credentials.
    fn links(&self, stripped: bool) -> Box<dyn Links + '_>;
}

/// Why a path opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was not given out by this server, has expired, or what it was given out for is over. The text is for the client.
    #[error("{0}")]
    Denied(String),
    /// It cannot be found out whether it still counts.
    #[error("it cannot be found out whether this URL still counts: try again")]
    Unknown,
}

/// Opens signed paths.
#[async_trait]
pub trait Opens: Send + Sync {
    /// Judges the path behind `/p/`.
    async fn open(&self, path: &str) -> Result<Opened, Refused>;
}

/// Everything that proxied answers are made from.
pub struct ProxyPlane {
    /// Who may have what.
    pub opens: Arc<dyn Opens>,
    /// What tracks are where.
    pub playables: Arc<Playables>,
    /// Files.
    pub cache: Arc<Cache>,
    /// Manifests.
    pub texts: Texts,
    pub(super) meter: Arc<Meter>,
    pub(super) text_turns: Arc<Semaphore>,
    pub(super) caption_turns: Arc<Semaphore>,
}

impl ProxyPlane {
    /// Over these.
    #[must_use]
    pub fn new(opens: Arc<dyn Opens>, playables: Arc<Playables>, cache: Arc<Cache>, texts: Texts) -> Arc<Self> {
        let (text_turns, caption_turns) =
            (Arc::new(Semaphore::new(TEXT_TURNS)), Arc::new(Semaphore::new(CAPTION_TURNS)));
        Arc::new(Self { opens, playables, cache, texts, meter: Arc::default(), text_turns, caption_turns })
    }

    /// What is counted, in the Prometheus text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.meter.render(self.texts.held()) + &self.cache.stats().metrics()
    }
}
