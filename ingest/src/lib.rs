//! The media core of synctv, in reading order.
//!
//! A publisher's bytes become RTMP messages ([`rtmp`]), messages become FLV tags ([`flv`]), tags become [`frame::Frame`]s
//! on a repaired [`timeline`], and frames become what players fetch: FLV again, or [`hls`] segments muxed by [`ts`] and
//! [`fmp4`]. [`codec`] reads what a sequence header says.
//!
//! Everything here is a function of its input: no sockets, no clocks, no SQL, no async runtime.

pub mod codec;
pub mod error;
pub mod flv;
pub mod fmp4;
pub mod frame;
pub mod hls;
pub mod rtmp;
pub mod timeline;
pub mod ts;

pub use error::Error;
pub use frame::{Frame, FrameKind, Track};
