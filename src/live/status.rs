//! What an operator or a page is told about a stream.

use serde::{Deserialize, Serialize};

/// A stream's state as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamState {
    /// A publisher is sending.
    Live,
    /// Nobody publishes.
    Offline,
}

/// One track of a live stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackStatus {
    /// "video" or "audio".
    pub kind: String,
    /// `Codec::name`.
    pub codec: String,
    /// The RFC 6381 name, for a player that asks whether it can decode it.
    pub codec_string: String,
    /// Pixels; video only.
    pub width: Option<u32>,
    /// Pixels; video only.
    pub height: Option<u32>,
    /// Frames a second: announced, else measured; video only.
    pub fps: Option<f64>,
    /// Hz; audio only.
    pub sample_rate: Option<u32>,
    /// Audio only.
    pub channels: Option<u32>,
}

/// `synctv stream show NAME --json`, and what the watch page asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// The stream's name.
    pub name: String,
    /// Live or offline.
    pub state: StreamState,
    /// Epoch of the current or last publication; 0 when there was none since the start.
    pub epoch: u64,
    /// Whether play URLs need a signature.
    pub private: bool,
    /// Detected tracks.
    pub tracks: Vec<TrackStatus>,
    /// Bits a second received over the last seconds.
    pub bitrate_bps: u64,
    /// Last key-frame interval in ms.
    pub gop_ms: Option<u64>,
    /// Viewers on all outputs.
    pub viewers: u64,
    /// The publisher's address while live.
    pub publisher: Option<String>,
    /// Seconds since the publication began, while live.
    pub uptime_s: Option<u64>,
    /// What will not play where, and what the publisher does wrong.
    pub warnings: Vec<String>,
}

impl StreamStatus {
    /// The status of a stream that nobody publishes.
    #[must_use]
    pub fn offline(name: &str, private: bool) -> Self {
        Self {
            name: name.to_owned(),
            state: StreamState::Offline,
            epoch: 0,
            private,
            tracks: Vec::new(),
            bitrate_bps: 0,
            gop_ms: None,
            viewers: 0,
            publisher: None,
            uptime_s: None,
            warnings: Vec::new(),
        }
    }
}
