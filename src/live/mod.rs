//! The live plane: from a publication's frames to every viewer of the stream.

mod hub;
mod status;

pub use hub::Hub;
pub use status::{StreamState, StreamStatus, TrackStatus};
