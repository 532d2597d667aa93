//! Fragmented MP4 for HLS and MSE (ISO 14496-12 8.8), and [`Demuxer`] for what comes in. To be played there is an init segment for the configurations, and fragments of one
//! `moof` and one `mdat` for the frames. Both are functions of their arguments; whoever drives them owns the timeline.

mod boxes;
mod demux;
mod entry;
mod fragment;
mod init;

pub use demux::Demuxer;
pub use fragment::fragment;
pub use init::init_segment;

use crate::codec::Config;
use bytes::Bytes;

/// One track of an init segment.
#[derive(Debug, Clone, Copy)]
pub struct TrackSetup<'a> {
    /// track_ID, not 0.
    pub id: u32,
    /// Decoder configuration; it must be complete ([`Config::is_complete`]).
    pub config: &'a Config,
    /// Ticks a second of this track's times: 90 000 for video, the sample rate for audio.
    pub timescale: u32,
}

/// One access unit in a fragment.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Decoding time in ticks of the track's timescale.
    pub dts: u64,
    /// Ticks until the next sample's decoding time.
    pub duration: u32,
    /// Composition offset (PTS - DTS) in ticks; may be negative.
    pub cts: i32,
    /// A sync sample: decoding may start here. True for every audio sample.
    pub keyframe: bool,
    /// The codec's own bytes, NAL units behind length fields of the size the configuration record says.
    pub payload: Bytes,
}

/// Consecutive samples of one track in a fragment.
#[derive(Debug, Clone, Copy)]
pub struct TrackRun<'a> {
    /// track_ID as in the init segment.
    pub id: u32,
    /// Decoding time of the first sample in ticks: tfdt (ISO 14496-12 8.8.12).
    pub base_decode_time: u64,
    /// The samples in decoding order. A run without samples is left out.
    pub samples: &'a [Sample],
}
