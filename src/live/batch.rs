//! Frames as the bytes of one vectored write: FLV tags in the framing of the viewer's connection.

use super::preamble::{TAG_HEADER_BYTES, kind_of, previous_tag_size};
use bytes::{BufMut, Bytes, BytesMut};
use std::io::{self, IoSlice};
use synctv_ingest::{Frame, FrameKind, flv};
use tokio::net::TcpStream;

/// How FLV bytes are framed on a viewer's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// As they are: HTTP/1.0, or a body that the HTTP stack frames.
    Raw,
    /// HTTP/1.1 chunks (RFC 9112 7.1).
    Chunked,
    /// Binary WebSocket messages, unmasked as servers send them (RFC 6455 5.2).
    WebSocket,
}

/// Bodies up to this size are copied into the batch once instead of costing every viewer a slice.
const COPY_BELOW: usize = 1024;
/// Slices handed to the kernel in one call; more than a batch has in practice.
const MAX_SLICES: usize = 64;

/// One write, shared by all viewers in step: the large bodies are slices of what came off the wire.
#[derive(Debug)]
pub struct Batch {
    parts: Box<[Bytes]>,
    len: usize,
}

impl Batch {
    /// Muxes `frames` for viewers whose timeline starts at `base` (ms), behind an `opening` of whole tags. Empty when there
    /// is nothing to send: an empty chunk would end an HTTP body.
    pub fn new<'a>(
        opening: Option<&Bytes>,
        frames: impl Iterator<Item = &'a Frame> + Clone,
        base: i64,
        framing: Framing,
    ) -> Self {
        // Sound that belongs before the picture a viewer joined at has no place on its timeline.
        let sent = |f: &&Frame| f.is_flv_tag() && (f.dts >= base || f.kind == FrameKind::SequenceHeader);
        let frames = frames.filter(sent);
        let tags: usize = frames.clone().map(|f| f.tag.len() + TAG_HEADER_BYTES + 4).sum();
        let payload = opening.map_or(0, Bytes::len) + tags;
        if payload == 0 {
            return Self { parts: Box::default(), len: 0 };
        }
        let mut writer = Writer { scratch: BytesMut::with_capacity(256), parts: Vec::new(), len: 0 };
        framing.begin(&mut writer.scratch, payload);
        if let Some(opening) = opening {
            writer.put(opening);
        }
        for frame in frames {
            // FLV timestamps are 32 bits and wrap (E.4.1).
            let timestamp = ((frame.dts - base).max(0) & 0xffff_ffff) as u32;
            let header = flv::tag_header(kind_of(frame.track), frame.tag.len(), timestamp);
            writer.scratch.extend_from_slice(&header);
            writer.put(&frame.tag);
            writer.scratch.extend_from_slice(&previous_tag_size(frame.tag.len()));
        }
        framing.finish(&mut writer.scratch);
        writer.close()
    }

    /// A batch of one piece.
    pub fn of(bytes: Bytes) -> Self {
        Self { len: bytes.len(), parts: Box::new([bytes]) }
    }

    /// Bytes in all.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The pieces in order.
    pub fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    /// Writes what the socket takes, from byte `from` on.
    ///
    /// # Errors
    /// The socket's; `WouldBlock` when it takes nothing.
    pub fn write_to(&self, socket: &TcpStream, mut from: usize) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for part in &self.parts {
            if from >= part.len() {
                from -= part.len();
                continue;
            }
            slices[count] = IoSlice::new(&part[from..]);
            (from, count) = (0, count + 1);
            if count == MAX_SLICES {
                break;
            }
        }
        socket.try_write_vectored(&slices[..count])
    }
}

struct Writer {
    scratch: BytesMut,
    parts: Vec<Bytes>,
    len: usize,
}

impl Writer {
    fn put(&mut self, body: &Bytes) {
        if body.len() < COPY_BELOW {
            self.scratch.extend_from_slice(body);
        } else {
            self.cut();
            self.len += body.len();
            self.parts.push(body.clone());
        }
    }

    fn cut(&mut self) {
        if !self.scratch.is_empty() {
            self.len += self.scratch.len();
            self.parts.push(self.scratch.split().freeze());
        }
    }

    fn close(mut self) -> Batch {
        self.cut();
        Batch { parts: self.parts.into_boxed_slice(), len: self.len }
    }
}

impl Framing {
    fn begin(self, to: &mut BytesMut, payload: usize) {
        match self {
            Self::Raw => {}
            Self::Chunked => to.extend_from_slice(format!("{payload:x}\r\n").as_bytes()),
            Self::WebSocket => {
                to.put_u8(0x82);
                match payload {
                    0..126 => to.put_u8(payload as u8),
                    126..0x1_0000 => {
                        to.put_u8(126);
                        to.put_u16(payload as u16);
                    }
                    _ => {
                        to.put_u8(127);
                        to.put_u64(payload as u64);
                    }
                }
            }
        }
    }

    fn finish(self, to: &mut BytesMut) {
        if self == Self::Chunked {
            to.extend_from_slice(b"\r\n");
        }
    }

    /// What ends the stream of FLV bytes in good order.
    pub const fn goodbye(self) -> &'static [u8] {
        match self {
            Self::Raw => b"",
            Self::Chunked => b"0\r\n\r\n",
            // A close frame with code 1000.
            Self::WebSocket => &[0x88, 0x02, 0x03, 0xe8],
        }
    }
}
