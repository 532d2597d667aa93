//! What a stream knows of its publication: tracks, timeline, and which frames may reach viewers.

use super::{
    meter::Meter,
    ring::{Break, Ring},
};
use bytes::{Bytes, BytesMut};
use std::time::{Duration, Instant};
use synctv_ingest::{Frame, FrameKind, Track, codec::Config, rtmp::Metadata, timeline::Timeline};

/// A missing announced track holds viewers back this long at most.
pub const TRACK_WAIT: Duration = Duration::from_millis(1500);
/// How far the cache reaches back when nobody watches: enough to show a joining viewer a picture at once.
const RETAIN_UNWATCHED_MS: i64 = 1000;
/// And when somebody does: what a stalled viewer may lag before it skips.
const RETAIN_WATCHED_MS: i64 = 4000;

/// A track whose configuration is known.
#[derive(Debug, Clone)]
pub struct TrackState {
    /// The parsed configuration.
    pub config: Config,
    /// The sequence header it was parsed from.
    pub setup: Frame,
    /// Whether it has gone out to viewers.
    told: bool,
}

impl TrackState {
    /// The sequence header as FLV viewers get it. MP3 has none: its configuration is made from a media frame.
    pub fn header(&self) -> Option<&Frame> {
        Some(&self.setup).filter(|h| h.is_flv_tag())
    }
}

/// The ingest side of a stream, kept under its lock.
#[derive(Debug)]
pub struct Feed {
    pub ring: Ring,
    pub meter: Meter,
    pub video: Option<TrackState>,
    pub audio: Option<TrackState>,
    pub metadata: Option<Metadata>,
    /// Grows with each change of a sequence header, so that a viewer that skipped one learns of it.
    pub config_version: u32,
    /// What the publisher does wrong, in words.
    pub warnings: Vec<String>,
    timeline: Timeline,
    opening: Opening,
}

/// What the running publication has shown so far.
#[derive(Debug, Default)]
struct Opening {
    /// When its first media came.
    since: Option<Instant>,
    /// A video sequence header came, whatever was announced.
    video_header: bool,
    /// Media of the track goes to viewers.
    video: bool,
    audio: bool,
    ready: bool,
    /// Its clock jumped at a frame that viewers did not get; the next one they get follows a break.
    jumped: bool,
}

impl Feed {
    pub fn new(gop_cache_bytes: usize, now: Instant) -> Self {
        Self {
            ring: Ring::new(gop_cache_bytes),
            meter: Meter::new(now),
            video: None,
            audio: None,
            metadata: None,
            config_version: 0,
            warnings: Vec::new(),
            timeline: Timeline::new(),
            opening: Opening::default(),
        }
    }

    /// Another publication feeds the stream: the timeline goes on, what is cached cannot be joined any more.
    pub fn begin_publication(&mut self, now: Instant) {
        self.timeline.begin_publication();
        self.ring.seal();
        self.ring.mark_break(Break::Publication);
        self.meter.restart(now);
        self.metadata = None;
        self.warnings.clear();
        self.opening = Opening::default();
    }

    /// The publication has ended: nobody joins what it left.
    pub fn end_publication(&mut self, now: Instant) {
        self.ring.seal();
        self.ring.mark_break(Break::Publication);
        self.meter.restart(now);
        self.opening = Opening::default();
    }

    /// Whether viewers may join: the tracks are known, or have been waited for long enough.
    pub const fn is_ready(&self) -> bool {
        self.opening.ready
    }

    /// Whether the running publication sends video.
    pub const fn has_video(&self) -> bool {
        self.opening.video
    }

    /// The video track, once the running publication sends it.
    pub fn shown_video(&self) -> Option<&TrackState> {
        self.video.as_ref().filter(|_| self.opening.video)
    }

    /// The audio track, once the running publication sends it: a header alone promises nothing.
    pub fn shown_audio(&self) -> Option<&TrackState> {
        self.audio.as_ref().filter(|_| self.opening.audio)
    }

    /// Takes a frame off the wire (`dts` = raw RTMP timestamp).
    pub fn push(&mut self, raw: Frame, watched: bool, now: Instant) {
        if raw.kind == FrameKind::SequenceHeader {
            self.configure(raw);
            return;
        }
        let since = *self.opening.since.get_or_insert(now);
        let timestamp = (raw.dts & 0xffff_ffff) as u32;
        let placed = self.timeline.place(raw.track, timestamp, raw.cts);
        let frame = with_times(raw, placed.dts, placed.cts);
        self.meter.count(&frame, now);
        self.opening.jumped |= placed.discontinuity;
        let waited = now.saturating_duration_since(since) >= TRACK_WAIT;
        let opens = !self.shows(frame.track);
        if opens && !self.may_open(&frame, waited) {
            return;
        }
        if std::mem::take(&mut self.opening.jumped) {
            self.ring.mark_break(Break::Timeline);
        }
        if opens {
            self.open(frame.track);
        }
        let retain = if watched { RETAIN_WATCHED_MS } else { RETAIN_UNWATCHED_MS };
        self.ring.push(frame, self.opening.video, retain);
        self.opening.ready |= waited || self.has_all_expected();
    }

    const fn shows(&self, track: Track) -> bool {
        match track {
            Track::Video => self.opening.video,
            Track::Audio => self.opening.audio,
        }
    }

    /// A publication starts with a key frame; audio before it would play to a black picture.
    fn may_open(&mut self, frame: &Frame, waited: bool) -> bool {
        match frame.track {
            Track::Video => {
                if frame.keyframe {
                    self.complete_config(frame);
                }
                frame.keyframe && self.video.is_some()
            }
            Track::Audio => self.audio.is_some() && (self.opening.video || waited || !self.expects(Track::Video)),
        }
    }

    /// The first frame of a track goes out. Viewers that were there before it get its sequence header ahead of it, unless they
    /// have it from the publication before.
    fn open(&mut self, track: Track) {
        match track {
            Track::Video => self.opening.video = true,
            Track::Audio => self.opening.audio = true,
        }
        let told = self.slot(track).as_ref().is_some_and(|t| t.told);
        if !told || self.opening.ready {
            self.tell(track);
        }
    }

    /// Puts a track's sequence header among the frames.
    fn tell(&mut self, track: Track) {
        let dts = self.timeline.last_dts().unwrap_or(0);
        let Some(state) = self.slot(track) else { return };
        state.told = true;
        let header = state.header().map(|header| Frame { dts, ..header.clone() });
        self.config_version = self.config_version.wrapping_add(1);
        if let Some(header) = header {
            self.ring.push(header, self.opening.video, RETAIN_WATCHED_MS);
        }
    }

    const fn slot(&mut self, track: Track) -> &mut Option<TrackState> {
        match track {
            Track::Video => &mut self.video,
            Track::Audio => &mut self.audio,
        }
    }

    fn has_all_expected(&self) -> bool {
        (self.opening.video || !self.expects(Track::Video)) && (self.opening.audio || !self.expects(Track::Audio))
    }

    /// Whether the publisher announced the track, or announced nothing.
    fn expects(&self, track: Track) -> bool {
        match (&self.metadata, track) {
            (None, _) => true,
            (Some(m), Track::Video) => m.has_video || self.opening.video_header,
            (Some(m), Track::Audio) => m.has_audio,
        }
    }

    /// Some configuration records are not whole (VP9 carries no picture size); the first key frame says the rest.
    fn complete_config(&mut self, key: &Frame) {
        let Some(track) = self.video.as_mut().filter(|t| !t.config.is_complete()) else { return };
        match track.config.completed_by(key.payload()) {
            Ok(Some(whole)) => track.config = whole,
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a key frame does not complete its configuration"),
        }
    }

    /// Takes a sequence header. One that repeats the known bytes is no change.
    fn configure(&mut self, header: Frame) {
        let (record, track) = (header.payload_bytes(), header.track);
        self.opening.video_header |= track == Track::Video;
        let same = |t: &TrackState| t.config.codec() == header.codec && *t.setup.payload() == *record;
        if self.slot(track).as_ref().is_some_and(same) {
            return;
        }
        let config = match Config::parse(header.codec, &record) {
            Ok(config) => config,
            Err(error) => {
                tracing::warn!(%error, codec = header.codec.name(), "a sequence header was not understood; it is ignored");
                return;
            }
        };
        let told = self.slot(track).as_ref().is_some_and(|t| t.told && t.config == config);
        *self.slot(track) = Some(TrackState { config, setup: header, told });
        if self.shows(track) && !told {
            // Frames cached so far belong to the former configuration.
            self.ring.seal();
            self.tell(track);
        }
    }
}

/// The frame at its repaired times; the tag body is copied only when its composition time had to change.
fn with_times(mut frame: Frame, dts: i64, cts: i32) -> Frame {
    frame.dts = dts;
    if frame.cts != cts && frame.track == Track::Video {
        let at = usize::from(frame.payload_at);
        if let Some(from) = at.checked_sub(3).filter(|_| at <= frame.tag.len()) {
            let mut body = BytesMut::from(&frame.tag[..]);
            body[from..at].copy_from_slice(&cts.to_be_bytes()[1..]);
            frame.tag = Bytes::from(body);
            frame.cts = cts;
        }
    }
    frame
}
