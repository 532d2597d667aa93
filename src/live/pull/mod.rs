//! Pull streams: feeds that the gateway fetches from elsewhere while somebody watches them or an active room plays them.
//!
//! [`Pulls`] knows which run; each is one task ([`puller`]) that connects ([`rtmp`], [`flv`], [`hls`]), hands frames to the hub through a
//! [`Sink`], and connects anew after a [`backoff`] when it ends. An [`entry`] is what the task and those who want it share. Each
//! node pulls for itself: there is nothing to agree upon.

mod backoff;
mod entry;
mod error;
mod flv;
mod from;
mod hls;
mod hold;
mod intake;
mod puller;
mod pulls;
mod rtmp;
mod sink;
mod status;

use backoff::Backoff;
use error::shown;
pub use error::{NotPlaying, PullError};
pub use from::{Origin, PullFrom};
pub use hold::Hold;
pub use pulls::{PullLimits, Pulls, Surroundings};
pub use sink::Sink;
pub use status::{PullState, PullStatus};

use std::{future::Future, pin::Pin};

/// A pull stream as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Where it comes from.
    pub from: PullFrom,
    /// Whether play URLs of the stream need a signature.
    pub private: bool,
}

/// The future of [`Upstreams::find`].
pub type Finding<'a> = Pin<Box<dyn Future<Output = Result<Option<Upstream>, PullError>> + Send + 'a>>;

/// Knows the pull streams: answered by whoever knows the store.
pub trait Upstreams: Send + Sync + 'static {
    /// The pull stream of this name; `None` when there is none. Fails with [`PullError::Unavailable`], or with [`PullError::Url`] for a
    /// source that is none.
    fn find<'a>(&'a self, name: &'a str) -> Finding<'a>;
}

/// There are no pull streams.
#[cfg(test)]
#[derive(Debug, Clone, Copy)]
pub struct NoUpstreams;

#[cfg(test)]
impl Upstreams for NoUpstreams {
    fn find<'a>(&'a self, _: &'a str) -> Finding<'a> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod pulls_tests;
#[cfg(test)]
mod upstream_tests;
