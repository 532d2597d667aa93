//! Pull streams: what stands behind them, and which rooms play them. One is made with its media ([`crate::Playlists::add_media`]) and goes with it.

use async_trait::async_trait;

use crate::{Result, Source};

/// A room that plays a pull stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlayedPull {
    /// The room.
    pub room_id: String,
    /// The stream's name.
    pub stream: String,
}

/// Pull streams.
#[async_trait]
pub trait Pulls: Send + Sync {
    /// The source of the media that a pull stream belongs to; `None` when there is no pull stream of this name.
    async fn pull_source(&self, stream: &str) -> Result<Option<Source>>;

    /// Of these rooms, those that play a pull stream: it is selected, and time passes.
    async fn playing_pulls(&self, active: &[String]) -> Result<Vec<PlayedPull>>;
}
