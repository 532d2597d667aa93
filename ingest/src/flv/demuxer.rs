//! From tags to frames: what a publication's tags mean to a decoder.

use super::{Packet, Parsed, Tag, TagKind, audio, video};
use crate::codec::{Codec, Config};
use crate::error::Error;
use crate::frame::{Frame, FrameKind, Track};
use smallvec::SmallVec;
use std::fmt;

/// What one tag came to.
#[derive(Debug, Clone, Default)]
pub struct Demuxed {
    /// Its frames, in order: none, one, or a sequence header made from it and the frame itself. `dts` is the tag's raw
    /// timestamp; the timeline repairs it.
    pub frames: SmallVec<[Frame; 2]>,
    /// The publisher ended this track's sequence (AVC end of sequence, SequenceEnd).
    pub ended: Option<Track>,
    /// Something the operator should hear of, said once a publication.
    pub warning: Option<Warning>,
}

/// What is wrong with a publication without ending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Media came before any sequence header; the track is withheld until one comes.
    NoSequenceHeader(Codec),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::NoSequenceHeader(codec) = self;
        write!(f, "{} came without a sequence header and is withheld until one comes", codec.name())
    }
}

/// Turns the tags of one publication into frames.
#[derive(Debug, Default)]
pub struct Demuxer {
    video: TrackState,
    audio: TrackState,
}

#[derive(Debug, Default)]
struct TrackState {
    /// The codec whose sequence header came last.
    configured: Option<Codec>,
    warned: bool,
    /// The parts of an MP3 frame header that a decoder is set up by.
    mp3_header: u32,
}

impl Demuxer {
    /// A demuxer for a publication that begins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one tag. Silence, command frames, side data, script tags and tracks other than the first come to nothing.
    ///
    /// # Errors
    /// [`Error::Unsupported`] names a codec that cannot be carried: refuse the publisher. Anything else is a broken tag,
    /// which may be skipped.
    pub fn demux(&mut self, tag: &Tag) -> Result<Demuxed, Error> {
        let (parsed, state) = match tag.kind {
            TagKind::Video => (video::parse(&tag.body)?, &mut self.video),
            TagKind::Audio => (audio::parse(&tag.body)?, &mut self.audio),
            TagKind::Script => return Ok(Demuxed::default()),
        };
        let Some(parsed) = parsed else { return Ok(Demuxed::default()) };
        Ok(state.take(parsed, i64::from(tag.timestamp)))
    }
}

impl TrackState {
    fn take(&mut self, parsed: Parsed, dts: i64) -> Demuxed {
        let mut out = Demuxed::default();
        let empty = parsed.payload().is_empty();
        match parsed.packet {
            Packet::End => out.ended = Some(parsed.codec.track()),
            // An empty header configures nothing; empty media is silence.
            _ if empty => {}
            Packet::SequenceHeader => {
                self.configured = Some(parsed.codec);
                out.frames.push(frame(parsed, FrameKind::SequenceHeader, dts, 0));
            }
            Packet::Media { cts } => {
                if let Some(header) = self.self_configure(&parsed, dts) {
                    self.configured = Some(parsed.codec);
                    out.frames.push(header);
                }
                if self.configured == Some(parsed.codec) {
                    out.frames.push(frame(parsed, FrameKind::Media, dts, cts));
                } else if !std::mem::replace(&mut self.warned, true) {
                    out.warning = Some(Warning::NoSequenceHeader(parsed.codec));
                }
            }
        }
        out
    }

    /// A sequence header made from media that configures itself, where one is needed.
    fn self_configure(&mut self, parsed: &Parsed, dts: i64) -> Option<Frame> {
        if parsed.codec != Codec::Mp3 {
            return None;
        }
        // Version, layer, sampling rate, and whether it is mono (ISO 11172-3 2.4.1.3): the rest differs from frame to frame.
        let first = u32::from_be_bytes(*parsed.payload().first_chunk::<4>()?);
        let header = first & 0xfffe_0c00 | u32::from(first & 0xc0 == 0xc0);
        if self.configured == Some(Codec::Mp3) && self.mp3_header == header {
            return None;
        }
        let frame = frame(parsed.clone(), FrameKind::SequenceHeader, dts, 0);
        Config::parse(Codec::Mp3, &frame.payload_bytes()).ok()?;
        self.mp3_header = header;
        Some(frame)
    }
}

fn frame(parsed: Parsed, kind: FrameKind, dts: i64, cts: i32) -> Frame {
    Frame {
        track: parsed.codec.track(),
        codec: parsed.codec,
        kind,
        keyframe: parsed.keyframe,
        dts,
        cts,
        tag: parsed.tag,
        payload_at: parsed.payload_at,
    }
}
