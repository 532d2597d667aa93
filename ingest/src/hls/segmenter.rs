//! Where segments begin and end. Times are ms on the stream's repaired timeline.

use super::tracks::{Announced, Tracks};
use crate::{
    codec::{Codec, Config, av1, opus},
    frame::{Frame, FrameKind, Track},
    timeline::AudioClock,
};
use bytes::Bytes;
use std::sync::Arc;

/// A key frame ends a segment that lasted this long: 1 s, less the rounding of timestamps.
const SHORTEST: i64 = 950;
/// Sound alone is cut every 2 s.
const AUDIO_ONLY: i64 = 2_000;
/// TARGETDURATION is never below this, in seconds ...
const LEAST_TARGET: i64 = 2;
/// ... and never above it, which bounds the first segment too: nothing is known before it ends.
const GREATEST_TARGET: i64 = 12;
/// Sound may run this far ahead of a picture before it stops waiting for it.
const SKEW: i64 = 1_000;
/// A segment holds at most this many bytes: 40 Mbit/s at the greatest duration.
const MOST_BYTES: usize = 64 << 20;

/// One access unit in an open or finished segment.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Picture or sound.
    pub track: Track,
    /// Decoding time in ms.
    pub dts: i64,
    /// Decoding time in the track's timescale: ms for video, exact samples for audio.
    pub position: i64,
    /// PTS - DTS in ms.
    pub cts: i32,
    /// A decoder may start here.
    pub keyframe: bool,
    /// Samples an audio frame lasts; 0 for video.
    pub samples: u32,
    /// The codec's own bytes.
    pub payload: Bytes,
}

/// A finished segment before it is rendered.
#[derive(Debug, Clone)]
pub struct Cut {
    /// What it is made with.
    pub tracks: Arc<Tracks>,
    /// Its access units, in order of arrival.
    pub samples: Vec<Sample>,
    /// Where it begins, in ms.
    pub start: i64,
    /// Where the next one begins, in ms; with a gap behind it, where its own media ends.
    pub end: i64,
    /// Wall-clock time at `start` in ms since the Unix epoch.
    pub wall_clock: i64,
    /// Decodable without the segments before it.
    pub independent: bool,
    /// It does not follow from the segment before it.
    pub discontinuity: bool,
    /// TARGETDURATION in seconds.
    pub target_duration: i64,
}

/// Collects frames into segments. Cuts at key frames; between them only when a segment would outgrow TARGETDURATION,
/// which is chosen when the first segment ends and never changes (RFC 8216bis 4.4.3.1).
#[derive(Debug, Clone, Default)]
pub struct Segmenter {
    known: Announced,
    /// Those of the open segment; what differs waits for a place to cut.
    tracks: Arc<Tracks>,
    stale: bool,
    audio_clock: Option<AudioClock>,
    open: Vec<Sample>,
    bytes: usize,
    start: Option<i64>,
    target: Option<i64>,
    broken: bool,
    wall: Wall,
}

/// Wall-clock time against the timeline: learnt while the first segment of a run is open, then fixed, so that
/// PROGRAM-DATE-TIME and EXTINF agree.
#[derive(Debug, Clone, Copy, Default)]
struct Wall {
    offset: i64,
    learning: bool,
    end: i64,
}

impl Segmenter {
    /// TARGETDURATION in seconds, once chosen.
    #[must_use]
    pub const fn target_duration(&self) -> Option<i64> {
        self.target
    }

    /// Takes one frame at `now` (ms since the Unix epoch); finished segments are appended to `cuts`.
    pub fn push(&mut self, frame: &Frame, now: i64, cuts: &mut Vec<Cut>) {
        let changed = self.known.observe(frame);
        self.stale |= changed;
        if changed && self.start.is_none() {
            // Held sound was made with the former configuration.
            self.open.clear();
            self.audio_clock = None;
        }
        // Enhanced RTMP sends silence as audio without bytes; a gap in the sound says the same.
        if frame.kind == FrameKind::SequenceHeader || frame.payload().is_empty() || !self.known.describes(frame) {
            return;
        }
        if self.start.is_some() {
            self.join(frame.track);
            self.cut_before(frame, cuts);
        }
        if self.start.is_none() && !self.begin(frame, now) {
            return;
        }
        if self.wall.learning {
            self.wall.offset = self.wall.offset.min(now - frame.dts);
        }
        if !self.stale || self.known.tracks().get(frame.track) == self.tracks.get(frame.track) {
            self.append(frame);
        }
    }

    /// What follows does not continue what was, though it is the same publisher: its clock jumped.
    pub fn discontinuity(&mut self, cuts: &mut Vec<Cut>) {
        let end = self.media_end();
        self.close(end, cuts);
        self.restart();
    }

    /// Another publisher begins, with tracks of its own: [`Self::discontinuity`], and what was announced is forgotten.
    pub fn begin_publication(&mut self, cuts: &mut Vec<Cut>) {
        self.discontinuity(cuts);
        self.known = Announced::default();
        self.stale = true;
    }

    /// Sound that is first heard of while the first segment of a run is open still belongs to it (MP3 has no sequence header,
    /// and many publishers send the picture first).
    fn join(&mut self, track: Track) {
        if self.stale && self.wall.learning && track == Track::Audio && self.tracks.audio.is_none() {
            let mut tracks = Tracks::clone(&self.tracks);
            tracks.audio.clone_from(&self.known.tracks().audio);
            self.stale = tracks != *self.known.tracks();
            self.tracks = Arc::new(tracks);
        }
    }

    /// Ends the open segment where this frame calls for it.
    fn cut_before(&mut self, frame: &Frame, cuts: &mut Vec<Cut>) {
        // Sound makes place for itself only where no picture is shown; else it waits for the next key frame.
        let place_to_start = match frame.track {
            Track::Video => frame.is_video_keyframe(),
            Track::Audio => self.tracks.video.is_none() && self.known.tracks().audio != self.tracks.audio,
        };
        let last = self.last_dts().unwrap_or(frame.dts);
        if frame.dts - last > self.limit() || (self.stale && place_to_start) {
            let end = self.media_end().min(frame.dts.max(last + 1));
            self.close(end, cuts);
            self.restart();
            return;
        }
        let slack = if frame.track == self.clock() { 0 } else { SKEW };
        while let Some(start) = self.start
            && (frame.dts - start > self.limit() + slack || self.bytes > MOST_BYTES)
        {
            // A first segment that had to be cut says that key frames are far apart, whatever its length.
            self.target.get_or_insert(GREATEST_TARGET);
            let Some(at) = self.forced_cut(start) else {
                let end = self.media_end();
                self.close(end, cuts);
                self.restart();
                return;
            };
            self.cut_at(at, cuts);
        }
        let Some(start) = self.start else { return };
        let lasted = frame.dts - start;
        let due = match self.clock() {
            Track::Video => frame.is_video_keyframe() && (lasted >= SHORTEST || !self.independent()),
            Track::Audio => frame.track == Track::Audio && lasted >= AUDIO_ONLY,
        };
        if due && lasted > 0 {
            self.cut_at(frame.dts, cuts);
        }
    }

    /// The track whose frames are places to cut.
    fn clock(&self) -> Track {
        if self.tracks.video.is_some() { Track::Video } else { Track::Audio }
    }

    /// The longest a segment may last, in ms, for round(EXTINF) not to exceed TARGETDURATION.
    fn limit(&self) -> i64 {
        self.target.unwrap_or(GREATEST_TARGET) * 1000 + 499
    }

    /// Where to cut a segment that outgrew its limit: at its last key frame, else at its last frame within the limit.
    fn forced_cut(&self, start: i64) -> Option<i64> {
        let within = |sample: &&Sample| sample.dts > start && sample.dts - start <= self.limit();
        let clock = self.clock();
        let on_clock = || self.open.iter().filter(within).filter(|sample| sample.track == clock);
        let key = on_clock().filter(|sample| clock == Track::Video && sample.keyframe).map(|sample| sample.dts).max();
        key.or_else(|| on_clock().map(|sample| sample.dts).max())
            .or_else(|| self.open.iter().filter(within).map(|sample| sample.dts).max())
    }

    /// Starts a segment at this frame if a decoder can. Sound that comes before the picture is held for up to 2 s, and
    /// then starts alone; the picture joins with a discontinuity.
    fn begin(&mut self, frame: &Frame, now: i64) -> bool {
        let mut tracks = self.known.tracks().clone();
        if tracks.video.is_some() && !frame.is_video_keyframe() {
            if frame.track == Track::Video {
                return false;
            }
            let first = self.open.first().map_or(frame.dts, |sample| sample.dts);
            if frame.dts - first < AUDIO_ONLY {
                self.append(frame);
                return false;
            }
            tracks.video = None;
        }
        let alone = tracks.video.is_none();
        let start = if alone { self.open.first().map_or(frame.dts, |sample| sample.dts) } else { frame.dts };
        self.retain_from(start);
        self.stale = tracks != *self.known.tracks();
        self.tracks = Arc::new(tracks);
        self.start = Some(start);
        self.wall.learning = true;
        self.wall.offset = now - frame.dts;
        true
    }

    fn append(&mut self, frame: &Frame) {
        let (position, samples) = match frame.track {
            Track::Video => (frame.dts, 0),
            Track::Audio => {
                let Some(format) = self.known.tracks().audio.as_ref().and_then(Config::audio) else { return };
                let mut samples = format.samples_per_frame;
                if frame.codec == Codec::Opus {
                    samples = opus::packet_samples(frame.payload()).unwrap_or(samples);
                }
                let clock = self.audio_clock.get_or_insert_with(|| AudioClock::new(format.sample_rate));
                (clock.place(frame.dts, samples).samples, samples)
            }
        };
        let mut payload = frame.payload_bytes();
        if frame.codec == Codec::Av1 {
            payload = av1::without_temporal_delimiter(&payload);
        }
        self.bytes += payload.len();
        let (track, dts, cts, keyframe) = (frame.track, frame.dts, frame.cts, frame.keyframe);
        self.open.push(Sample { track, dts, position, cts, keyframe, samples, payload });
    }

    /// Forgets held sound from before `start`.
    fn retain_from(&mut self, start: i64) {
        self.open.retain(|sample| sample.dts >= start);
        self.bytes = self.open.iter().map(|sample| sample.payload.len()).sum();
    }

    fn independent(&self) -> bool {
        self.open.iter().find(|sample| sample.track == Track::Video).is_none_or(|sample| sample.keyframe)
    }

    /// Where the media of the open segment ends, by the length of its last frame.
    fn media_end(&self) -> i64 {
        let mut latest = [i64::MIN; 2];
        for sample in self.open.iter().filter(|sample| sample.track == self.clock()) {
            if sample.dts > latest[0] {
                latest = [sample.dts, latest[0]];
            }
        }
        let [last, before] = latest;
        let length = if before == i64::MIN { 40 } else { (last - before).clamp(1, 500) };
        let end = if last == i64::MIN { self.last_dts().map_or(0, |last| last + 1) } else { last + length };
        let start = self.start.unwrap_or(0);
        end.clamp(start + 1, start + self.limit())
    }

    fn last_dts(&self) -> Option<i64> {
        self.open.iter().map(|sample| sample.dts).max()
    }

    /// Ends the open segment at `at`; what is later opens the next one.
    fn cut_at(&mut self, at: i64, cuts: &mut Vec<Cut>) {
        let (later, samples): (Vec<_>, Vec<_>) = self.open.drain(..).partition(|sample| sample.dts >= at);
        self.open = samples;
        self.close(at, cuts);
        self.bytes = later.iter().map(|sample| sample.payload.len()).sum();
        self.open = later;
        self.start = Some(at);
    }

    fn close(&mut self, end: i64, cuts: &mut Vec<Cut>) {
        let Some(start) = self.start.take() else { return };
        let independent = self.independent();
        let samples = std::mem::take(&mut self.open);
        self.bytes = 0;
        let duration = end - start;
        if samples.is_empty() || duration <= 0 {
            return;
        }
        if self.wall.learning {
            self.wall.learning = false;
            self.wall.offset = self.wall.offset.max(self.wall.end - start);
        }
        self.wall.end = end + self.wall.offset;
        let target_duration = *self.target.get_or_insert_with(|| target_for(duration));
        cuts.push(Cut {
            tracks: Arc::clone(&self.tracks),
            samples,
            start,
            end,
            wall_clock: start + self.wall.offset,
            independent,
            discontinuity: std::mem::take(&mut self.broken),
            target_duration,
        });
    }

    fn restart(&mut self) {
        self.broken = self.target.is_some();
        self.open.clear();
        self.bytes = 0;
        self.start = None;
        self.audio_clock = None;
    }
}

/// TARGETDURATION in seconds for a stream whose first segment lasted `ms`, with a fifth of headroom.
fn target_for(ms: i64) -> i64 {
    let with_headroom = ms + ms / 5;
    ((with_headroom - 499).max(0) as u64).div_ceil(1000).cast_signed().clamp(LEAST_TARGET, GREATEST_TARGET)
}
