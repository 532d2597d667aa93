//! A publisher made of numbers: real sequence headers, frames of a few bytes.

use bytes::Bytes;
use synctv_ingest::{
    Frame, FrameKind, Track,
    codec::Codec,
    hls::{Origin, Window},
};

/// Wall-clock time of dts 0.
pub const EPOCH_MS: i64 = 1_800_000_000_000;

/// A sequence header of the H.264 and AAC fixture.
pub fn header(track: Track) -> Frame {
    let headers = super::frames("mux_h264_aac.flv");
    headers.into_iter().find(|f| f.track == track && f.kind == FrameKind::SequenceHeader).unwrap()
}

/// An AAC header of another encoder: 48 kHz stereo.
pub fn other_audio_header() -> Frame {
    Frame { tag: Bytes::from_static(&[0xaf, 0, 0x11, 0x90]), ..header(Track::Audio) }
}

pub fn video(dts: i64, keyframe: bool) -> Frame {
    let unit = if keyframe { 0x65 } else { 0x41 };
    let tag = Bytes::from(vec![0x17, 1, 0, 0, 0, 0, 0, 0, 2, unit, 0x88]);
    let (track, codec, kind) = (Track::Video, Codec::H264, FrameKind::Media);
    Frame { track, codec, kind, keyframe, dts, cts: 0, tag, payload_at: 5 }
}

pub fn audio(dts: i64) -> Frame {
    let tag = Bytes::from_static(&[0xaf, 1, 0x21, 0x10, 0x04]);
    let (track, codec, kind) = (Track::Audio, Codec::Aac, FrameKind::Media);
    Frame { track, codec, kind, keyframe: true, dts, cts: 0, tag, payload_at: 2 }
}

/// A window that a live publisher fills: wall-clock time runs with the timeline.
pub struct Feed {
    pub window: Window,
}

impl Feed {
    pub fn new() -> Self {
        Self { window: Window::new(Origin { media_sequence: 100, discontinuity_sequence: 7 }) }
    }

    pub fn with(tracks: &[Track]) -> Self {
        let mut feed = Self::new();
        for track in tracks {
            feed.push(&header(*track));
        }
        feed
    }

    pub fn push(&mut self, frame: &Frame) -> bool {
        self.window.push(frame, EPOCH_MS + frame.dts)
    }

    /// Pictures every `step` ms in `from..until`, key frames every `gop` ms counted from `from`; with sound every 20 ms.
    pub fn run(&mut self, from: i64, until: i64, step: i64, gop: i64, sound: bool) {
        for at in from..until {
            if (at - from) % step == 0 {
                self.push(&video(at, (at - from) % gop == 0));
            }
            if sound && (at - from) % 20 == 0 {
                self.push(&audio(at));
            }
        }
    }

    pub fn durations(&self) -> Vec<i64> {
        self.window.snapshot().segments().iter().map(|segment| segment.duration).collect()
    }
}
