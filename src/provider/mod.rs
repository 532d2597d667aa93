//! From a source to what can be played: one file a provider.
//!
//! [`Providers`] asks the provider of a source; [`Playables`] keeps what it answered until shortly before that ends. What a client is
//! shown of it is decided anew for each answer, in [`exposure`], so that a cached and a fresh one show the same.

mod check;
mod direct_url;
mod expiry;
mod exposure;
mod format;
mod given;
mod live_stream;
mod origin;
mod playables;
pub mod result;

use async_trait::async_trait;
use synctv_store::{Length, PlaybackKind, Source};

pub use check::{DANMAKUS_MAX, HEADER_BYTES_MAX, HEADERS_MAX, MEDIAS_MAX, SUBTITLES_MAX, check_source, check_url};
pub use exposure::{Shown, Via, public_url};
pub use given::{Given, GivenOut};
pub use playables::{PLAYABLES_MAX, Playables};

pub use crate::probe::Found;

use crate::error::Error;
use crate::fetch;
use result::Playable;

/// What is to be played, for whom.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The room: a service's sessions and caches belong to one.
    pub room_id: &'a str,
    /// Where it comes from.
    pub source: &'a Source,
    /// What is known of its duration.
    pub length: Length,
}

/// Makes a source of its kind playable. One that logs in somewhere, or has folders, holds what it needs for that.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The modes of a source. What is the same source gives the same modes, in the same order, with the same tracks.
    async fn playable(&self, wanted: &Wanted<'_>) -> Result<Playable, PlayFailure>;
}

/// All providers, over one client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Providers {
    client: fetch::Client,
}

/// Why a source's duration was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ProbeFailure {
    /// For whoever may see the room: no URL, no address, no secret.
    pub reason: String,
    /// Another attempt will most likely end the same way, so it may wait long.
    pub lasting: bool,
}

/// Why a media cannot be played. The texts may be shown to anybody: they do not tell what is where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlayFailure {
    /// The store, or there is no such media.
    #[error(transparent)]
    Store(#[from] Error),
    /// The origin does not give what is needed. What it did is for the log alone.
    #[error("the origin of this media does not give what is needed to play it: try again, or look at its URL")]
    Origin(String),
    /// It did not do so yet; the question goes on, and another attempt may find the answer.
    #[error("the origin of this media does not answer in time: try again")]
    Late,
    /// No origin would help.
    #[error("it cannot be told what this media is: add it again with its format")]
    Unplayable,
}

impl Providers {
    /// Providers that fetch with this client.
    #[must_use]
    pub fn new(client: fetch::Client) -> Self {
        Self { client }
    }

    /// Finds out how long a source lasts; at most [`PROBE_TIMEOUT`](direct_url::PROBE_TIMEOUT). Dropping the future ends its connections.
    ///
    /// # Errors
    /// [`ProbeFailure`].
    pub async fn probe(&self, source: &Source) -> Result<Found, ProbeFailure> {
        match source {
            Source::DirectUrl(direct) if direct.playback_kind == Some(PlaybackKind::Live) => Ok(Found::Live),
            Source::DirectUrl(direct) => match direct.medias.first() {
                Some(track) => direct_url::probe(&self.client, track).await,
                None => Err(ProbeFailure { reason: "the media has no URL".into(), lasting: true }),
            },
            Source::Rtmp { .. } | Source::LiveProxy { .. } => Ok(Found::Live),
        }
    }

    /// Asks the provider of a source.
    ///
    /// # Errors
    /// [`PlayFailure`].
    pub async fn playable(&self, wanted: &Wanted<'_>) -> Result<Playable, PlayFailure> {
        match wanted.source {
            Source::DirectUrl(_) => direct_url::DirectUrls { client: &self.client }.playable(wanted).await,
            Source::Rtmp { .. } | Source::LiveProxy { .. } => live_stream::LiveStreams.playable(wanted).await,
        }
    }
}

#[cfg(test)]
mod direct_url_tests;
