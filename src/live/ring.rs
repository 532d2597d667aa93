//! The GOP cache: the newest frames of a stream, numbered, from a key frame on.

use std::collections::VecDeque;
use synctv_ingest::{Frame, FrameKind, Track};

/// Where in a stream's history a viewer is: the number of the next frame it gets.
pub type Position = u64;

/// Where the timeline does not continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The publisher's clock jumped.
    Timeline,
    /// One publication ended; another may follow.
    Publication,
}

/// Frames kept for joining viewers and for those that fall behind. Evicts whole GOPs.
#[derive(Debug)]
pub struct Ring {
    frames: VecDeque<Frame>,
    /// The number of `frames[0]`.
    first: Position,
    /// Numbers of the frames at which a viewer may join, oldest first.
    joins: VecDeque<Position>,
    /// Numbers of the frames that a break precedes.
    breaks: VecDeque<(Position, Break)>,
    bytes: usize,
    max_bytes: usize,
}

/// What one cached frame costs beside its bytes: the entry, the shared allocation's header, the allocator's rounding.
const FRAME_COST: usize = 128;
/// Without video a viewer may join at an audio frame this often.
const AUDIO_JOIN_MS: i64 = 1000;

impl Ring {
    /// An empty ring that never holds more than `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self { frames: VecDeque::new(), first: 0, joins: VecDeque::new(), breaks: VecDeque::new(), bytes: 0, max_bytes }
    }

    /// Appends a frame, then drops the oldest GOPs that are not needed to reach back `retain_ms`.
    pub fn push(&mut self, frame: Frame, has_video: bool, retain_ms: i64) {
        let join = frame.is_video_keyframe() || (!has_video && self.is_audio_join(&frame));
        let now = frame.dts;
        self.bytes += frame.tag.len() + FRAME_COST;
        if join {
            self.joins.push_back(self.end());
        }
        self.frames.push_back(frame);
        while self.joins.get(1).is_some_and(|&second| self.dts_at(second) + retain_ms <= now) {
            self.evict_to(self.joins[1]);
        }
        // A GOP over the cap cannot be joined any more, but viewers at its live edge go on.
        while self.bytes > self.max_bytes && !self.frames.is_empty() {
            self.evict_to(self.first + 1);
        }
    }

    fn is_audio_join(&self, frame: &Frame) -> bool {
        frame.track == Track::Audio
            && frame.kind == FrameKind::Media
            && self.joins.back().is_none_or(|&last| frame.dts >= self.dts_at(last) + AUDIO_JOIN_MS)
    }

    fn dts_at(&self, at: Position) -> i64 {
        self.get(at).map_or(i64::MIN / 2, |f| f.dts)
    }

    fn evict_to(&mut self, to: Position) {
        while self.first < to {
            let Some(frame) = self.frames.pop_front() else { break };
            self.bytes -= frame.tag.len() + FRAME_COST;
            self.first += 1;
        }
        while self.joins.front().is_some_and(|&j| j < self.first) {
            self.joins.pop_front();
        }
        while self.breaks.front().is_some_and(|&(at, _)| at < self.first) {
            self.breaks.pop_front();
        }
    }

    /// Marks a break before the next frame.
    pub fn mark_break(&mut self, kind: Break) {
        let end = self.end();
        match self.breaks.back_mut().filter(|(at, _)| *at == end) {
            Some((_, known)) if kind == Break::Publication => *known = kind,
            Some(_) => {}
            None => self.breaks.push_back((end, kind)),
        }
    }

    /// The break that precedes the frame with this number.
    pub fn break_before(&self, at: Position) -> Option<Break> {
        self.breaks.iter().find(|(b, _)| *b == at).map(|(_, kind)| *kind)
    }

    /// The frame with this number, while it is kept.
    pub fn get(&self, at: Position) -> Option<&Frame> {
        self.frames.get(usize::try_from(at.checked_sub(self.first)?).ok()?)
    }

    /// The number the next frame will get.
    pub fn end(&self) -> Position {
        self.first + self.frames.len() as u64
    }

    /// The number of the oldest frame kept.
    pub const fn first(&self) -> Position {
        self.first
    }

    /// Where a viewer that wants the live edge joins.
    pub fn newest_join(&self) -> Option<Position> {
        self.joins.back().copied()
    }

    /// Where a segmenter joins that wants as much as is kept.
    pub fn oldest_join(&self) -> Option<Position> {
        self.joins.front().copied()
    }

    /// Forbids joining at what is kept: the publication it belongs to has ended.
    pub fn seal(&mut self) {
        self.joins.clear();
    }

    /// Bytes held, bookkeeping included.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use synctv_ingest::codec::Codec;

    fn video(dts: i64, keyframe: bool) -> Frame {
        let tag = Bytes::from(vec![0; 100]);
        let kind = FrameKind::Media;
        Frame { track: Track::Video, codec: Codec::H264, kind, keyframe, dts, cts: 0, tag, payload_at: 5 }
    }

    fn audio(dts: i64) -> Frame {
        Frame { track: Track::Audio, codec: Codec::Aac, ..video(dts, true) }
    }

    #[test]
    fn joining_starts_at_the_newest_key_frame() {
        let mut ring = Ring::new(1 << 20);
        for i in 0..100 {
            ring.push(video(i * 40, i % 25 == 0), true, 1000);
        }
        assert_eq!(ring.newest_join(), Some(75));
        assert!(ring.get(75).unwrap().keyframe);
    }

    #[test]
    fn whole_gops_are_dropped_once_the_rest_reaches_back_far_enough() {
        let mut ring = Ring::new(1 << 20);
        for i in 0..=100 {
            ring.push(video(i * 40, i % 25 == 0), true, 1000);
        }
        assert_eq!(ring.first(), 75);
        ring.push(video(4040, false), true, 1000);
        assert_eq!(ring.first(), 75);
        assert_eq!(ring.oldest_join(), Some(75));
    }

    #[test]
    fn bytes_are_capped_even_without_key_frames() {
        let mut ring = Ring::new(5000);
        ring.push(video(0, true), true, 1000);
        for i in 1..1000 {
            ring.push(video(i * 40, false), true, 1000);
            assert!(ring.bytes() <= 5000);
        }
        assert_eq!(ring.newest_join(), None);
    }

    #[test]
    fn audio_alone_can_be_joined_every_second() {
        let mut ring = Ring::new(1 << 20);
        for i in 0..200 {
            ring.push(audio(i * 23), false, 1000);
        }
        let join = ring.newest_join().unwrap();
        assert!(ring.get(ring.end() - 1).unwrap().dts - ring.get(join).unwrap().dts <= 1000);
    }

    #[test]
    fn a_sealed_ring_cannot_be_joined() {
        let mut ring = Ring::new(1 << 20);
        ring.push(video(0, true), true, 1000);
        ring.seal();
        assert_eq!(ring.newest_join(), None);
        assert_eq!(ring.end(), 1);
    }
}
