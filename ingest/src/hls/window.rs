//! The segments of one stream that players may fetch.

use super::{
    Container, Origin,
    bandwidth::Bandwidth,
    playlist::Variant,
    render,
    segmenter::{Cut, Segmenter},
    snapshot::{Listing, Segment, Snapshot},
    tracks::Tracks,
};
use crate::{codec::Config, error::Error, frame::Frame, ts};
use bytes::Bytes;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Segments listed, at least; more when they are short, until they last three target durations (RFC 8216bis 6.2.2).
const LISTED: usize = 6;
/// Segments listed at most, whatever their duration: a publisher that breaks off all the time gets no more memory.
const MOST_LISTED: usize = 64;

/// A run of segments made with the same tracks.
#[derive(Debug, Clone)]
struct Epoch {
    tracks: Arc<Tracks>,
    init_name: Arc<str>,
}

/// A segment that is no longer listed.
#[derive(Debug)]
struct Removed {
    segment: Arc<Segment>,
    /// ms since the Unix epoch.
    until: i64,
}

/// Builds segments from frames and keeps the newest ones. Time is an argument: ms since the Unix epoch.
#[derive(Debug)]
pub struct Window {
    segmenter: Segmenter,
    next: Origin,
    version: u64,
    ended: bool,
    /// A finished segment could not be rendered: the next one does not follow.
    lost: bool,
    listed: VecDeque<Arc<Segment>>,
    removed: VecDeque<Removed>,
    epoch: Option<Epoch>,
    inits: HashMap<Arc<str>, Bytes>,
    bandwidth: [Bandwidth; 2],
    ts: Option<TsRendition>,
    snapshot: Arc<Snapshot>,
}

/// The MPEG-TS side: what it is configured for, and the muxer when the codecs allow one.
#[derive(Debug, Default)]
struct TsRendition {
    muxer: Option<ts::Muxer>,
    init_name: Option<Arc<str>>,
}

impl Window {
    /// An empty window that counts from `origin`.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        Self {
            segmenter: Segmenter::default(),
            next: origin,
            version: 0,
            ended: false,
            lost: false,
            listed: VecDeque::new(),
            removed: VecDeque::new(),
            epoch: None,
            inits: HashMap::new(),
            bandwidth: Default::default(),
            ts: None,
            snapshot: Arc::default(),
        }
    }

    /// Takes one frame, sequence headers included, on the stream's repaired timeline. True when a segment was
    /// finished and [`Self::snapshot`] changed. Ignored after [`Self::end`].
    pub fn push(&mut self, frame: &Frame, now: i64) -> bool {
        if self.ended {
            return false;
        }
        let mut cuts = Vec::new();
        self.segmenter.push(frame, now, &mut cuts);
        self.finish(&cuts, now)
    }

    /// What follows does not continue what was, though it is the same publisher: its clock was re-anchored. The open
    /// segment is finished; the next one gets an EXT-X-DISCONTINUITY. Also to be called when a publication ends and its
    /// stream is held for a return, so that viewers get its last seconds. True when the snapshot changed.
    pub fn discontinuity(&mut self, now: i64) -> bool {
        let mut cuts = Vec::new();
        self.segmenter.discontinuity(&mut cuts);
        self.finish(&cuts, now)
    }

    /// Another publication begins (takeover, reconnect): [`Self::discontinuity`], and the former sequence headers no longer
    /// count. True when the snapshot changed.
    pub fn begin_publication(&mut self, now: i64) -> bool {
        let mut cuts = Vec::new();
        self.segmenter.begin_publication(&mut cuts);
        self.finish(&cuts, now)
    }

    /// The stream is over: the open segment is finished and the playlists end.
    pub fn end(&mut self, now: i64) {
        let mut cuts = Vec::new();
        self.segmenter.discontinuity(&mut cuts);
        self.ended = true;
        if !self.finish(&cuts, now) {
            self.publish();
        }
    }

    /// Somebody asked for MPEG-TS: what is kept is rendered, in order, and each segment from now on.
    ///
    /// # Errors
    /// Why the stream cannot be had as MPEG-TS (its codecs). It is tried again after each change of codecs.
    pub fn enable_ts(&mut self) -> Result<(), Error> {
        if self.ts.is_none() {
            self.ts = Some(TsRendition::default());
            let target = self.snapshot.target_duration();
            let mut kept: Vec<Arc<Segment>> = self.listed.drain(..).collect();
            for segment in &mut kept {
                let segment = Arc::make_mut(segment);
                segment.ts = self.render_ts(segment, target);
            }
            self.listed = kept.into();
            self.publish();
        }
        match &self.epoch {
            Some(epoch) => ts::Muxer::new(epoch.tracks.video.as_ref(), epoch.tracks.audio.as_ref()).map(|_| ()),
            None => Ok(()),
        }
    }

    /// What players may fetch at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    /// The numbers that a window after this one must not fall below.
    #[must_use]
    pub const fn next_origin(&self) -> Origin {
        self.next
    }

    fn finish(&mut self, cuts: &[Cut], now: i64) -> bool {
        let mut changed = false;
        for cut in cuts {
            match self.segment(cut) {
                Ok(segment) => {
                    self.listed.push_back(Arc::new(segment));
                    self.trim(cut.target_duration, now);
                    changed = true;
                }
                // Only codecs that no init section describes come here; the next segment must not seem to follow.
                Err(_) => self.lost = true,
            }
        }
        if changed {
            self.publish();
        }
        changed
    }

    fn segment(&mut self, cut: &Cut) -> Result<Segment, Error> {
        let init_name = self.enter_epoch(&cut.tracks)?;
        let (fmp4, samples) = render::fragment(self.next.media_sequence, cut)?;
        let discontinuity = (cut.discontinuity || self.lost) && !self.listed.is_empty();
        self.lost = false;
        let duration = cut.end - cut.start;
        let target = cut.target_duration;
        self.bandwidth[Container::Fmp4 as usize].add(fmp4.len() as u64, duration.unsigned_abs(), ms(target));
        self.next.discontinuity_sequence += u64::from(discontinuity);
        let mut segment = Segment {
            sequence: self.next.media_sequence,
            discontinuity_sequence: self.next.discontinuity_sequence,
            duration,
            wall_clock: cut.wall_clock,
            independent: cut.independent,
            discontinuity,
            init_name,
            fmp4,
            ts: None,
            samples: samples.into(),
        };
        self.next.media_sequence += 1;
        segment.ts = self.render_ts(&segment, target);
        Ok(segment)
    }

    /// Makes the init section when the tracks changed; its name is a hash of its bytes, so equal sections share one URI.
    fn enter_epoch(&mut self, tracks: &Arc<Tracks>) -> Result<Arc<str>, Error> {
        if let Some(epoch) = &self.epoch
            && (Arc::ptr_eq(&epoch.tracks, tracks) || epoch.tracks == *tracks)
        {
            return Ok(Arc::clone(&epoch.init_name));
        }
        let init = render::init_section(tracks)?;
        let init_name: Arc<str> = format!("init-{:016x}.mp4", fnv1a(&init)).into();
        self.inits.insert(Arc::clone(&init_name), init);
        self.epoch = Some(Epoch { tracks: Arc::clone(tracks), init_name: Arc::clone(&init_name) });
        Ok(init_name)
    }

    fn render_ts(&mut self, segment: &Segment, target: i64) -> Option<Bytes> {
        let rendition = self.ts.as_mut()?;
        let epoch = self.epoch.as_ref()?;
        if rendition.init_name.as_ref() != Some(&segment.init_name) {
            // A segment of former tracks, whose configurations are gone.
            if epoch.init_name != segment.init_name {
                return None;
            }
            let (video, audio) = (epoch.tracks.video.as_ref(), epoch.tracks.audio.as_ref());
            rendition.init_name = Some(Arc::clone(&segment.init_name));
            rendition.muxer = match rendition.muxer.take() {
                Some(mut muxer) => muxer.reconfigure(video, audio).is_ok().then_some(muxer),
                None => ts::Muxer::new(video, audio).ok(),
            };
        }
        let muxer = rendition.muxer.as_mut()?;
        if segment.discontinuity {
            muxer.discontinuity();
        }
        let bytes = muxer.segment(&segment.samples);
        self.bandwidth[Container::Ts as usize].add(bytes.len() as u64, segment.duration.unsigned_abs(), ms(target));
        Some(bytes)
    }

    /// Takes the oldest segments off the list while enough remain, and forgets removed ones after their own duration
    /// and that of the playlist they were last in (6.2.2).
    fn trim(&mut self, target: i64, now: i64) {
        self.removed.retain(|removed| removed.until > now);
        let mut total: i64 = self.listed.iter().map(|segment| segment.duration).sum();
        while self.listed.len() > LISTED {
            let enough = self.listed.front().is_some_and(|first| total - first.duration >= 3 * target * 1000);
            if !enough && self.listed.len() <= MOST_LISTED {
                break;
            }
            let Some(segment) = self.listed.pop_front() else { break };
            let until = now + segment.duration + total;
            total -= segment.duration;
            self.removed.push_back(Removed { segment, until });
        }
        let in_use = |name: &Arc<str>| {
            self.epoch.as_ref().is_some_and(|epoch| epoch.init_name == *name)
                || self.listed.iter().any(|segment| segment.init_name == *name)
                || self.removed.iter().any(|removed| removed.segment.init_name == *name)
        };
        self.inits.retain(|name, _| in_use(name));
    }

    fn publish(&mut self) {
        self.version += 1;
        let listing = Listing {
            target_duration: self.segmenter.target_duration().unwrap_or(0),
            ended: self.ended,
            segments: self.listed.iter().cloned().collect(),
            variants: [self.variant(Container::Fmp4), self.variant(Container::Ts)],
        };
        let removed = self.removed.iter().map(|removed| &removed.segment);
        let retained = removed.chain(&self.listed).cloned().collect();
        self.snapshot = Arc::new(Snapshot::new(self.version, listing, retained, self.inits.clone()));
    }

    fn variant(&self, container: Container) -> Variant {
        let bandwidth = &self.bandwidth[container as usize];
        let tracks = self.epoch.as_ref().map(|epoch| &epoch.tracks);
        let video = tracks.and_then(|tracks| tracks.video.as_ref());
        let audio = tracks.and_then(|tracks| tracks.audio.as_ref());
        let format = video.and_then(Config::video);
        let codecs: Vec<String> = video.into_iter().chain(audio).map(Config::rfc6381).collect();
        Variant {
            bandwidth: bandwidth.peak(),
            average_bandwidth: bandwidth.average(),
            codecs: codecs.join(","),
            resolution: format.map(|f| (f.width, f.height)).filter(|(width, height)| *width > 0 && *height > 0),
            frame_rate: format.and_then(|f| f.fps).filter(|fps| fps.is_finite() && *fps > 0.0),
        }
    }
}

fn ms(seconds: i64) -> u64 {
    seconds.unsigned_abs() * 1000
}

/// FNV-1a, 64 bits: tells init sections apart; nobody gains by making two of their own collide.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
