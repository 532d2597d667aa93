//! What an operator or a page is told about a stream.

use super::{feed::Feed, pull::PullStatus};
use serde::{Deserialize, Serialize};
use std::time::Instant;
use synctv_ingest::codec::Codec;
use utoipa::ToSchema;

/// A stream's state as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StreamState {
    /// A publisher is sending.
    Live,
    /// Nobody publishes.
    Offline,
}

/// One track of a live stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// Of a pull stream: how fetching it goes on this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<PullStatus>,
}

impl StreamStatus {
    /// What anybody who may watch may know: not where the publisher or the upstream is.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.publisher = None;
        self.pull = self.pull.map(PullStatus::public);
        self
    }

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
            pull: None,
        }
    }
}

/// Fills in what the feed of a live stream shows.
pub(super) fn describe(status: &mut StreamStatus, feed: &Feed, now: Instant) {
    let meter = &feed.meter;
    status.bitrate_bps = meter.bitrate_bps(now);
    status.gop_ms = meter.gop_ms;
    if let Some(video) = feed.shown_video() {
        let format = video.config.video();
        let announced = feed.metadata.as_ref().and_then(|m| m.fps);
        let fps = announced.or(format.and_then(|f| f.fps)).or_else(|| meter.fps());
        status.tracks.push(TrackStatus {
            kind: "video".into(),
            codec: video.config.codec().name().into(),
            codec_string: video.config.rfc6381(),
            width: format.map(|f| f.width),
            height: format.map(|f| f.height),
            fps: fps.map(|f| (f * 1000.0).round() / 1000.0),
            sample_rate: None,
            channels: None,
        });
    }
    if let Some(audio) = feed.shown_audio() {
        let format = audio.config.audio();
        status.tracks.push(TrackStatus {
            kind: "audio".into(),
            codec: audio.config.codec().name().into(),
            codec_string: audio.config.rfc6381(),
            width: None,
            height: None,
            fps: None,
            sample_rate: format.map(|f| f.sample_rate),
            channels: format.map(|f| f.channels),
        });
    }
    status.warnings = warnings(feed);
}

/// A key-frame interval above this makes joining and HLS slow.
const LONG_GOP_MS: u64 = 4000;

/// What will not play where, and what the publisher could do better.
fn warnings(feed: &Feed) -> Vec<String> {
    let mut out = feed.warnings.clone();
    let video = feed.shown_video().map(|t| t.config.codec());
    let audio = feed.shown_audio().map(|t| t.config.codec());
    match video {
        Some(Codec::Hevc) => {
            out.push(
                "HEVC does not play in Firefox, nor in Chromium without hardware support; send H.264 for all players"
                    .into(),
            );
        }
        Some(Codec::Av1 | Codec::Vp9) => {
            let name = if video == Some(Codec::Av1) { "AV1" } else { "VP9" };
            out.push(format!(
                "{name} does not fit MPEG-TS: players that need TS segments get no video; iOS before 17 cannot play it"
            ));
        }
        _ => {}
    }
    match audio {
        Some(Codec::Opus) => {
            out.push("Opus does not fit MPEG-TS here; old Apple players cannot play it: send AAC for them".into())
        }
        Some(Codec::Mp3) => {
            out.push("MP3 in fMP4 does not play in Safari's native HLS; send AAC for all players".into())
        }
        _ => {}
    }
    if feed.meter.gop_ms.is_some_and(|ms| ms > LONG_GOP_MS) {
        out.push(format!(
            "key frames come every {:.1} s: viewers join late and HLS lags; set the encoder's key-frame interval to 2 s",
            feed.meter.gop_ms.unwrap_or_default() as f64 / 1000.0
        ));
    }
    if feed.meter.video_frames > 0 && !feed.has_video() {
        out.push("video arrives without a key frame or a sequence header; nothing can be shown until one comes".into());
    }
    out
}
