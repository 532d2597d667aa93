//! The only currency of the media plane: one access unit.

use crate::codec::Codec;
use bytes::Bytes;

/// Which elementary stream a frame belongs to. One track of each kind is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Track {
    /// The video track.
    Video,
    /// The audio track.
    Audio,
}

/// What a frame is to a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// Decoder configuration (AVCDecoderConfigurationRecord, AudioSpecificConfig, ...): comes before the media it describes.
    SequenceHeader,
    /// One access unit.
    Media,
}

/// One access unit, or the decoder configuration that precedes it. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The track it belongs to.
    pub track: Track,
    /// Its codec.
    pub codec: Codec,
    /// Sequence header or media.
    pub kind: FrameKind,
    /// A decoder may start here: IDR and other random access points; every audio frame.
    pub keyframe: bool,
    /// Decoding time in ms on the timeline of the publication (after repair: of the stream).
    pub dts: i64,
    /// Composition offset in ms (PTS - DTS), 0 for audio.
    pub cts: i32,
    /// The FLV tag body as FLV players get it: codec header included, PreviousTagSize not.
    pub tag: Bytes,
    /// Where the codec's own bytes start in `tag`.
    pub payload_at: u8,
}

impl Frame {
    /// The codec's own bytes: length-prefixed NAL units, an OBU sequence, a raw AAC frame, a configuration record.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.tag.get(usize::from(self.payload_at)..).unwrap_or_default()
    }

    /// [`Self::payload`] as shared bytes.
    #[must_use]
    pub fn payload_bytes(&self) -> Bytes {
        self.tag.slice(usize::from(self.payload_at).min(self.tag.len())..)
    }

    /// Presentation time in ms.
    #[must_use]
    pub fn pts(&self) -> i64 {
        self.dts + i64::from(self.cts)
    }

    /// Whether FLV carries this frame as a tag. The sequence header of MP3 is made from its first frame for those who need a
    /// configuration; FLV players would hear it twice.
    #[must_use]
    pub fn is_flv_tag(&self) -> bool {
        !(self.codec == Codec::Mp3 && self.kind == FrameKind::SequenceHeader)
    }

    /// A video frame at which a viewer may join.
    #[must_use]
    pub fn is_video_keyframe(&self) -> bool {
        self.track == Track::Video && self.kind == FrameKind::Media && self.keyframe
    }
}
