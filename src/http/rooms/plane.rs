//! What results are made from, and how their URLs are signed.

use std::sync::Arc;
use std::time::Duration;

use synctv_store::Store;

use crate::provider::result::Group;
use crate::provider::{GivenOut, Playables, Providers};
use crate::proxy::resource::Kind;

/// Who is given URLs, of what, until when: what every one of them proves.
#[derive(Debug, Clone, Copy)]
pub struct Bearer<'a> {
    /// The room.
    pub room_id: &'a str,
    /// What it plays.
    pub media_id: &'a str,
    /// Under which generation.
    pub generation: i64,
    /// The number of the room's newest event.
    pub seq: i64,
    /// Public id of the room's token; `None` for the operator.
    pub token_id: Option<&'a str>,
    /// Seconds since 1970.
    pub expires_unix: u64,
}

/// Where a track stands in its playable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackPlace {
    /// Which mode.
    pub mode: usize,
    /// What it is there.
    pub group: Group,
    /// Which of them.
    pub index: usize,
}

/// Signs URLs.
pub trait Seals: std::fmt::Debug + Send + Sync {
    /// The path under which a track is had through the gateway: `/p/...`. It ends with `file`, a name for players that look at extensions.
    fn proxied(&self, bearer: &Bearer<'_>, place: TrackPlace, kind: Kind, file: &str) -> String;

    /// The query that opens a private stream.
    fn live(&self, bearer: &Bearer<'_>, stream: &str) -> String;
}

/// Everything that playback results are made from.
#[derive(Debug)]
pub struct PlaybackPlane {
    /// What media are to a player.
    pub playables: Arc<Playables>,
    /// What clients have.
    pub given: Arc<GivenOut>,
    /// Signs what they get.
    pub seals: Arc<dyn Seals>,
    /// How long a signed URL works at most.
    pub url_ttl: Duration,
}

impl PlaybackPlane {
    /// Over these providers.
    #[must_use]
    pub fn new(providers: Providers, store: Arc<dyn Store>, seals: Arc<dyn Seals>, url_ttl: Duration) -> Arc<Self> {
        Arc::new(Self { playables: Playables::new(providers, store), given: Arc::default(), seals, url_ttl })
    }
}
