//! From a source to what can be played: one file a provider.

mod direct_url;
pub mod result;

use synctv_store::Source;

pub use crate::probe::Found;

use crate::error::Error;
use crate::fetch;

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
            Source::DirectUrl(direct) => match direct.medias.first() {
                Some(track) => direct_url::probe(&self.client, &track.url).await,
                None => Err(ProbeFailure { reason: "the media has no URL".into(), lasting: true }),
            },
            Source::Rtmp { .. } | Source::LiveProxy { .. } => Ok(Found::Live),
        }
    }
}

/// Whether a URL may be the source of a media. Its address is judged only when it is fetched: what a name leads to may change.
///
/// # Errors
/// `Invalid` with what a URL must be like.
pub fn check_url(url: &str) -> Result<(), Error> {
    fetch::parse_url(url).map(|_| ()).map_err(|err| Error::Invalid(err.to_string()))
}

#[cfg(test)]
mod direct_url_tests;
