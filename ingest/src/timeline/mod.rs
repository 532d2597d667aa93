//! Repair of a stream's timestamps, across publications.
//!
//! RTMP gives each message a 32-bit count of ms that wraps, that ffmpeg masks to 31 bits, and that publishers restart,
//! repeat and turn back. What leaves here starts at 0 with the stream's first publication and strictly increases on each track.

mod audio_clock;

pub use audio_clock::{AudioClock, AudioPosition};

use crate::frame::Track;

/// A step above this, in ms, is a new beginning; up to it the step is kept (forwards) or clamped (backwards).
pub const JUMP_MS: i64 = 10_000;

/// The largest composition offset an FLV tag holds: a signed 24-bit count of ms (FLV 10.1 E.4.3.1).
pub const MAX_CTS_MS: i32 = 0x7f_ffff;

/// Where a frame belongs on the stream's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Decoding time in ms, 0 at the stream's beginning, strictly increasing on its track.
    pub dts: i64,
    /// Composition offset in ms, `0..=MAX_CTS_MS`.
    pub cts: i32,
    /// The source's time does not follow from what came before: a publication began, or its clock jumped. Said once,
    /// on the first frame of either track after the break.
    pub discontinuity: bool,
}

/// The last thing a track sent in this publication: its own time beside ours.
#[derive(Debug, Clone, Copy)]
struct Reference {
    timestamp: u32,
    position: i64,
}

/// One track's memory.
#[derive(Debug, Clone, Copy, Default)]
struct TrackState {
    reference: Option<Reference>,
    last_dts: Option<i64>,
}

/// The timeline of one stream.
///
/// A frame is placed relative to whichever track's last frame is nearest in the source's own time. On sound input both
/// give the same answer; when a clock jumps, the first track over re-anchors and the other one follows it, so the
/// distance between sound and picture survives.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    video: TrackState,
    audio: TrackState,
    begun: bool,
}

impl Timeline {
    /// A timeline on which nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A publisher begins: its first frame goes just after the last one of the former publication.
    pub fn begin_publication(&mut self) {
        self.video.reference = None;
        self.audio.reference = None;
    }

    /// The greatest DTS given out so far, in ms.
    #[must_use]
    pub fn last_dts(&self) -> Option<i64> {
        self.video.last_dts.max(self.audio.last_dts)
    }

    /// Places one frame by the source's `timestamp` (ms, modulo 2^32) and composition offset `cts` (ms).
    pub fn place(&mut self, track: Track, timestamp: u32, cts: i32) -> Placed {
        let (own, other) = match track {
            Track::Video => (self.video.reference, self.audio.reference),
            Track::Audio => (self.audio.reference, self.video.reference),
        };
        let near = |reference: Option<Reference>| {
            let reference = reference?;
            let step = step(reference.timestamp, timestamp);
            Some((step.abs(), reference.position + step))
        };
        let nearest = [near(own), near(other)].into_iter().flatten().min_by_key(|(distance, _)| *distance);
        let (position, jumped) = match nearest {
            Some((distance, position)) if distance <= JUMP_MS => (position, false),
            _ => (self.last_dts().map_or(0, |last| last + 1), true),
        };
        let discontinuity = jumped && self.begun;
        self.begun = true;

        let state = match track {
            Track::Video => &mut self.video,
            Track::Audio => &mut self.audio,
        };
        state.reference = Some(Reference { timestamp, position });
        let dts = position.max(state.last_dts.map_or(0, |last| last + 1));
        state.last_dts = Some(dts);
        Placed { dts, cts: composition_offset(track, cts, dts - position), discontinuity }
    }
}

/// The signed way from one timestamp to the next: modulo 2^32 as RTMP counts, or modulo 2^31 when only that explains
/// the step (ffmpeg masks FLV timestamps to 31 bits and falls to 0 after 2^31 - 1).
fn step(from: u32, to: u32) -> i64 {
    let difference = to.wrapping_sub(from);
    let full = i64::from(difference.cast_signed());
    let masked = i64::from((difference << 1).cast_signed() >> 1);
    if full.abs() > JUMP_MS && masked.abs() <= JUMP_MS { masked } else { full }
}

/// Keeps PTS where it was when DTS was pushed forward by `pushed` ms, never before DTS, within 24 bits.
fn composition_offset(track: Track, cts: i32, pushed: i64) -> i32 {
    if track == Track::Audio {
        return 0;
    }
    let kept = (i64::from(cts) - pushed).clamp(0, i64::from(MAX_CTS_MS));
    i32::try_from(kept).unwrap_or(MAX_CTS_MS)
}
