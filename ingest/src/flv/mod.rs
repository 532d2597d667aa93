//! FLV tags (Adobe FLV 10.1, annex E; Enhanced RTMP v2): the file layer, and what the tags of a publication mean.

mod access_unit;
pub mod amf0;
mod amf3;
mod audio;
mod compose;
mod demuxer;
mod enhanced;
mod file;
mod script;
mod video;

pub use compose::{is_keyframe, media, sequence_header};
pub use demuxer::{Demuxed, Demuxer, Warning};
pub use file::{FileReader, file_header, tag_header};
pub use script::on_metadata;

use bytes::Bytes;

/// What a tag carries (E.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagKind {
    /// Tag type 8.
    Audio,
    /// Tag type 9.
    Video,
    /// Tag type 18.
    Script,
}

impl TagKind {
    /// The tag type, which is the RTMP message type too.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Audio => 8,
            Self::Video => 9,
            Self::Script => 18,
        }
    }

    /// The kind of a tag type.
    #[must_use]
    pub const fn from_id(id: u8) -> Option<Self> {
        match id {
            8 => Some(Self::Audio),
            9 => Some(Self::Video),
            18 => Some(Self::Script),
            _ => None,
        }
    }
}

/// One tag, or one RTMP audio or video message: they are the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// What it carries.
    pub kind: TagKind,
    /// Decoding time in ms as the publisher counts it, wrapping.
    pub timestamp: u32,
    /// The payload, shared from here to every output.
    pub body: Bytes,
}

/// A tag's headers, read.
#[derive(Debug, Clone)]
struct Parsed {
    codec: crate::codec::Codec,
    packet: Packet,
    keyframe: bool,
    /// The tag body as players get it.
    tag: Bytes,
    payload_at: u8,
}

impl Parsed {
    fn payload(&self) -> &[u8] {
        self.tag.get(usize::from(self.payload_at)..).unwrap_or_default()
    }
}

/// What a packet is to a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packet {
    SequenceHeader,
    Media { cts: i32 },
    End,
}
