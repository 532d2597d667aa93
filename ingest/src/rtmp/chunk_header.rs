//! Chunk headers (RTMP 1.0, 5.3.1): basic header, message header in four formats, extended timestamp.

use crate::error::Error;

/// Basic header 3, message header 11, extended timestamp 4.
pub(super) const HEADER_MAX: usize = 18;
/// A timestamp field of this value announces an extended timestamp (5.3.1.3).
const EXTENDED: u32 = 0x00ff_ffff;

/// One header as read, its timestamp field already replaced by the extended timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes it took on the wire.
    pub len: usize,
    /// Chunk stream id.
    pub csid: u32,
    /// What the header carries.
    pub fields: Fields,
}

/// The four message header formats (5.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fields {
    /// Type 0: everything, the timestamp absolute.
    Full { time: Time, length: u32, kind: u8, stream_id: u32 },
    /// Type 1: all but the message stream id, the timestamp a delta.
    SameStream { time: Time, length: u32, kind: u8 },
    /// Type 2: the timestamp delta only.
    SameLength { time: Time },
    /// Type 3: nothing; perhaps an extended timestamp.
    Repeat { extended: Option<u32> },
}

/// A timestamp or delta in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    pub ms: u32,
    pub extended: bool,
}

/// Walks header bytes; `None` when they end early.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let out = *self.bytes.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(out)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u24(&mut self) -> Option<u32> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }
}

impl Header {
    /// Parses the header at the front of `bytes`; `None` when it is not whole yet. `extended_repeats` answers, for a chunk
    /// stream id, whether a type-3 header there is known to be followed by an extended timestamp.
    pub fn parse(bytes: &[u8], extended_repeats: impl Fn(u32) -> bool) -> Option<Self> {
        let mut cursor = Cursor { bytes, at: 0 };
        let first = cursor.u8()?;
        let csid = match first & 0x3f {
            0 => 64 + u32::from(cursor.u8()?),
            1 => 64 + u32::from(u16::from_le_bytes(cursor.array()?)),
            id => u32::from(id),
        };
        let fields = match first >> 6 {
            0 => {
                let field = cursor.u24()?;
                let length = cursor.u24()?;
                let kind = cursor.u8()?;
                let stream_id = u32::from_le_bytes(cursor.array()?);
                Fields::Full { time: time(field, &mut cursor)?, length, kind, stream_id }
            }
            1 => {
                let field = cursor.u24()?;
                let length = cursor.u24()?;
                let kind = cursor.u8()?;
                Fields::SameStream { time: time(field, &mut cursor)?, length, kind }
            }
            2 => {
                let field = cursor.u24()?;
                Fields::SameLength { time: time(field, &mut cursor)? }
            }
            _ => {
                let extended = if extended_repeats(csid) { Some(u32::from_be_bytes(cursor.array()?)) } else { None };
                Fields::Repeat { extended }
            }
        };
        Some(Self { len: cursor.at, csid, fields })
    }
}

fn time(field: u32, cursor: &mut Cursor<'_>) -> Option<Time> {
    if field == EXTENDED {
        return Some(Time { ms: u32::from_be_bytes(cursor.array()?), extended: true });
    }
    Some(Time { ms: field, extended: false })
}

/// What one chunk stream remembers: the header that later ones refer to, and the message it assembles.
#[derive(Debug)]
pub(super) struct ChunkStream {
    pub csid: u32,
    /// Absolute time of the current message, ms.
    pub timestamp: u32,
    /// What a type-3 header that starts a message adds, ms.
    delta: u32,
    /// The last timestamp field was extended, with this value.
    pub extended: Option<u32>,
    /// Declared bytes of the current message.
    pub length: usize,
    pub kind: u8,
    pub stream_id: u32,
    /// A message was begun and is not whole.
    pub in_progress: bool,
    /// Its bytes so far.
    pub partial: Vec<u8>,
}

impl ChunkStream {
    pub const fn new(csid: u32) -> Self {
        Self {
            csid,
            timestamp: 0,
            delta: 0,
            extended: None,
            length: 0,
            kind: 0,
            stream_id: 0,
            in_progress: false,
            partial: Vec::new(),
        }
    }

    /// Whether `fields` go on with the message in progress: a type-3 header, or (some servers' writers do it) the same
    /// full header again.
    pub fn continues(&self, fields: &Fields) -> bool {
        self.in_progress
            && match *fields {
                Fields::Repeat { .. } => true,
                Fields::Full { time, length, kind, stream_id } => {
                    time.ms == self.timestamp
                        && length as usize == self.length
                        && kind == self.kind
                        && stream_id == self.stream_id
                }
                Fields::SameStream { .. } | Fields::SameLength { .. } => false,
            }
    }

    /// Takes the header of a new message. `fresh`: the chunk stream had none before.
    pub fn begin(&mut self, fields: &Fields, fresh: bool) -> Result<(), Error> {
        // librtmp opens its control chunk stream with a type-1 header; types 2 and 3 have nothing to refer to.
        if fresh && matches!(fields, Fields::SameLength { .. } | Fields::Repeat { .. }) {
            return Err(Error::malformed("RTMP chunk", "refers to a header that was never sent"));
        }
        match *fields {
            Fields::Full { time, length, kind, stream_id } => {
                self.timestamp = time.ms;
                self.stream_id = stream_id;
                self.message(length, kind);
                self.time(time);
            }
            Fields::SameStream { time, length, kind } => {
                self.timestamp = self.timestamp.wrapping_add(time.ms);
                self.message(length, kind);
                self.time(time);
            }
            Fields::SameLength { time } => {
                self.timestamp = self.timestamp.wrapping_add(time.ms);
                self.time(time);
            }
            Fields::Repeat { extended } => {
                if let Some(delta) = extended {
                    self.delta = delta;
                    self.extended = Some(delta);
                }
                self.timestamp = self.timestamp.wrapping_add(self.delta);
            }
        }
        self.in_progress = true;
        Ok(())
    }

    const fn message(&mut self, length: u32, kind: u8) {
        self.length = length as usize;
        self.kind = kind;
    }

    /// A type-3 header after a type-0 one adds that one's timestamp (5.3.1.2.4), and so do ffmpeg's and rml_rtmp's writers.
    const fn time(&mut self, time: Time) {
        self.delta = time.ms;
        self.extended = if time.extended { Some(time.ms) } else { None };
    }
}
