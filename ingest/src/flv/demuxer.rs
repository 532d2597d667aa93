//! From tags to frames: what a publication's tags mean to a decoder.

use super::{Packet, Parsed, Tag, TagKind, access_unit, audio, video};
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

#[derive(Debug)]
struct TrackState {
    /// The codec whose sequence header came last.
    configured: Option<Codec>,
    warned: bool,
    /// The parts of an MP3 frame header that a decoder is set up by.
    mp3_header: u32,
    /// Bytes of a NAL unit's length field, as the last AVC or HEVC record says.
    nal_length_size: u8,
}

impl Default for TrackState {
    fn default() -> Self {
        Self { configured: None, warned: false, mp3_header: 0, nal_length_size: 4 }
    }
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
                self.nal_length_size = nal_length_size(parsed.codec, parsed.payload());
                out.frames.push(frame(parsed, FrameKind::SequenceHeader, dts, 0));
            }
            Packet::Media { cts } => self.media(parsed, dts, cts, &mut out),
        }
        out
    }

    fn media(&mut self, mut parsed: Parsed, dts: i64, cts: i32, out: &mut Demuxed) {
        let codec = parsed.codec;
        if matches!(codec, Codec::H264 | Codec::Hevc) {
            parsed = access_unit::without_start_codes(parsed, self.nal_length_size);
            parsed.keyframe =
                parsed.keyframe && access_unit::starts_decoding(codec, parsed.payload(), self.nal_length_size);
        }
        if let Some(header) = self.self_configure(&parsed) {
            self.configured = Some(codec);
            out.frames.push(frame(header, FrameKind::SequenceHeader, dts, 0));
        }
        if self.configured == Some(codec) {
            out.frames.push(frame(parsed, FrameKind::Media, dts, cts));
        } else if !std::mem::replace(&mut self.warned, true) {
            out.warning = Some(Warning::NoSequenceHeader(codec));
        }
    }

    /// A sequence header made from media that configures itself, where one is needed: MP3 when its frame header changes,
    /// AVC and HEVC when parameter sets come in-band only.
    fn self_configure(&mut self, parsed: &Parsed) -> Option<Parsed> {
        let configured = self.configured == Some(parsed.codec);
        if parsed.codec == Codec::Mp3 {
            // Version, layer, sampling rate, and whether it is mono (ISO 11172-3 2.4.1.3): the rest differs by frame.
            let first = u32::from_be_bytes(*parsed.payload().first_chunk::<4>()?);
            let header = first & 0xfffe_0c00 | u32::from(first & 0xc0 == 0xc0);
            if configured && self.mp3_header == header {
                return None;
            }
            let payload = parsed.tag.slice(usize::from(parsed.payload_at).min(parsed.tag.len())..);
            Config::parse(Codec::Mp3, &payload).ok()?;
            self.mp3_header = header;
            return Some(parsed.clone());
        }
        if configured || !parsed.keyframe {
            return None;
        }
        let record = access_unit::record(parsed.codec, parsed.payload(), 4)?;
        self.nal_length_size = 4;
        Some(access_unit::sequence_header(parsed, &record))
    }
}

/// Bytes of a NAL unit's length field: lengthSizeMinusOne of an AVC or HEVC record (ISO 14496-15 5.3.3.1.2, 8.3.3.1.2).
fn nal_length_size(codec: Codec, record: &[u8]) -> u8 {
    let field = match codec {
        Codec::H264 => record.get(4),
        Codec::Hevc => record.get(21),
        Codec::Av1 | Codec::Vp9 | Codec::Aac | Codec::Mp3 | Codec::Opus => None,
    };
    field.map_or(4, |byte| (byte & 3) + 1)
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
