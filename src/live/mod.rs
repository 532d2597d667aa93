//! The live plane, in the order a frame takes: publisher socket, feed and GOP cache, viewers.
//!
//! [`rtmp`] accepts publishers, [`publisher`] asks the [`gate`] and reads them; [`hub`] finds the stream; [`feed`] repairs and caches in a [`ring`];
//! [`pull`] fetches streams from elsewhere. [`pump`] and [`follow`] move [`cursor`]s along it and write [`batch`]es; [`hls`] drives the segmenter.

mod batch;
mod crowd;
mod cursor;
mod feed;
mod follow;
mod gate;
mod hls;
mod hub;
mod meter;
mod preamble;
mod publisher;
mod publisher_socket;
pub mod pull;
mod pump;
mod ring;
mod rtmp;
mod status;
mod stream;
mod viewer;
mod websocket;

pub use batch::{Batch, Framing};
pub use crowd::Crowd;
pub use follow::{FlvBody, follow};
pub use gate::{Authorizing, Gate, Grant, Refused};
pub use hls::{Hls, HlsAnswer};
pub use hub::{Hub, Publication, Taken};
pub use pull::{PullState, PullStatus, Pulls};
pub use rtmp::{RtmpLimits, serve as serve_rtmp};
pub use status::{StreamState, StreamStatus, TrackStatus};
pub use stream::{LiveLimits, Stream};
pub use viewer::Viewer;
pub use websocket::Incoming as IncomingFrames;

#[cfg(test)]
mod clip_tests;
#[cfg(test)]
mod feed_tests;
#[cfg(test)]
mod hub_tests;
#[cfg(test)]
mod pump_tests;
