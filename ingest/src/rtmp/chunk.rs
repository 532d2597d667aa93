//! The chunk reader (RTMP 1.0, 5.3): bytes off the wire in, whole messages out.
//!
//! Every chunk stream assembles its own message, so that interleaved chunks do not disturb each other. A payload is
//! copied once, into an allocation of its exact size; large messages get theirs as the bytes arrive, so that a declared
//! length costs the peer what it costs us.

use super::chunk_header::{ChunkStream, Fields, HEADER_MAX, Header};
use crate::error::Error;
use bytes::Bytes;

/// Allocated at once for a declared length, at most; beyond it the allocation follows what has arrived.
const TRUSTED_BYTES: usize = 64 * 1024;
/// And no more than this part of the longest message: a stranger, whose messages are short, is trusted with little.
const TRUSTED_PART: usize = 16;
/// The largest chunk size a peer may set: no message is larger (5.4.1).
const CHUNK_SIZE_MAX: u32 = 16 * 1024 * 1024;
/// Bytes of an extended timestamp.
const EXTENDED_BYTES: usize = 4;
const WHAT: &str = "RTMP chunk";

/// One whole RTMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Message type id (5.4, 7.1).
    pub kind: u8,
    /// Absolute time in ms, wrapping at 2^32.
    pub timestamp: u32,
    /// Message stream id.
    pub stream_id: u32,
    /// The payload: one allocation of its exact size.
    pub body: Bytes,
}

/// What the reader accepts; it changes when publishing is accepted.
#[derive(Debug, Clone, Copy)]
pub struct ChunkLimits {
    /// Bytes of one message.
    pub message_bytes: usize,
    /// Bytes allocated for all incomplete messages.
    pub partial_bytes: usize,
    /// Chunk streams.
    pub chunk_streams: usize,
}

/// Assembles messages from interleaved chunks.
#[derive(Debug)]
pub struct ChunkReader {
    limits: ChunkLimits,
    chunk_size: usize,
    streams: Vec<ChunkStream>,
    /// Index of the chunk stream whose chunk is being read.
    current: usize,
    /// Inside a chunk: payload bytes still to come.
    chunk_left: Option<usize>,
    /// The chunk may begin with a repeated extended timestamp, of which this many bytes have matched.
    matched: Option<usize>,
    /// Whether this peer repeats extended timestamps on type-3 chunks; unknown until one shows it mid-message.
    repeats_extended: Option<bool>,
    /// The front of a header that the end of the input cut.
    header: [u8; HEADER_MAX],
    header_len: usize,
    partial_bytes: usize,
}

impl ChunkReader {
    /// A reader at the initial chunk size of 128 bytes.
    #[must_use]
    pub const fn new(limits: ChunkLimits) -> Self {
        Self {
            limits,
            chunk_size: 128,
            streams: Vec::new(),
            current: 0,
            chunk_left: None,
            matched: None,
            repeats_extended: None,
            header: [0; HEADER_MAX],
            header_len: 0,
            partial_bytes: 0,
        }
    }

    /// Changes what is accepted from here on.
    pub const fn set_limits(&mut self, limits: ChunkLimits) {
        self.limits = limits;
    }

    /// Bytes allocated for messages that are not whole yet.
    #[must_use]
    pub const fn partial_bytes(&self) -> usize {
        self.partial_bytes
    }

    /// Reads from the front of `input`, and advances it, until one message is whole or the input is used up.
    /// SetChunkSize and Abort are obeyed here and not returned.
    ///
    /// # Errors
    /// When the bytes are no chunk or pass a limit. The connection is lost then: chunks cannot be found again.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Error> {
        loop {
            let left = match self.chunk_left {
                Some(left) => left,
                None => match self.continue_message(input) {
                    Some(left) => left,
                    None => match self.read_header(input)? {
                        Some(left) => left,
                        None => return Ok(None),
                    },
                },
            };
            if self.matched.is_some() && !self.match_extended(input)? {
                return Ok(None);
            }
            let left = self.chunk_left.unwrap_or(left);
            let (payload, rest) = input.split_at(left.min(input.len()));
            *input = rest;
            self.append(payload)?;
            if self.chunk_left.is_some_and(|left| left > 0) {
                return Ok(None);
            }
            self.chunk_left = None;
            let Some(message) = self.finish() else { continue };
            if !self.obey(&message)? {
                return Ok(Some(message));
            }
        }
    }

    /// The shortest way through the most frequent header: one byte that goes on with the message just being read.
    /// Whole chunks that neither end the message nor need memory are copied in one go.
    fn continue_message(&mut self, input: &mut &[u8]) -> Option<usize> {
        let stream = self.streams.get_mut(self.current)?;
        let plain = stream.in_progress && stream.extended.is_none() && self.header_len == 0;
        let header = u8::try_from(stream.csid).ok().filter(|csid| plain && (2..64).contains(csid))? | 0xc0;
        let room = stream.length.min(stream.partial.capacity());
        while let Some((&[first], rest)) = input.split_first_chunk::<1>() {
            let Some((chunk, rest)) = rest.split_at_checked(self.chunk_size) else { break };
            if first != header || room.saturating_sub(stream.partial.len()) <= chunk.len() {
                break;
            }
            stream.partial.extend_from_slice(chunk);
            *input = rest;
        }
        let (first, rest) = input.split_first()?;
        if *first != header {
            return None;
        }
        *input = rest;
        let left = stream.length.saturating_sub(stream.partial.len()).min(self.chunk_size);
        self.chunk_left = Some(left);
        Some(left)
    }

    /// Reads one chunk header and opens its chunk; `None` when the input ended first.
    fn read_header(&mut self, input: &mut &[u8]) -> Result<Option<usize>, Error> {
        let streams = &self.streams;
        let repeats = self.repeats_extended == Some(true);
        let between_messages = |csid| {
            repeats
                && streams.iter().any(|stream| stream.csid == csid && stream.extended.is_some() && !stream.in_progress)
        };
        if self.header_len == 0 {
            let Some(header) = Header::parse(input, between_messages) else {
                // Shorter than HEADER_MAX, or it would have parsed.
                if let Some(slot) = self.header.get_mut(..input.len()) {
                    slot.copy_from_slice(input);
                    self.header_len = input.len();
                }
                *input = &[];
                return Ok(None);
            };
            *input = input.get(header.len..).unwrap_or_default();
            return self.open(&header).map(Some);
        }
        let carried = self.header_len;
        let (_, free) = self.header.split_at_mut(carried);
        let more = free.len().min(input.len());
        if let (Some(slot), Some(front)) = (free.get_mut(..more), input.get(..more)) {
            slot.copy_from_slice(front);
        }
        let collected = self.header.get(..carried + more).unwrap_or_default();
        let Some(header) = Header::parse(collected, between_messages) else {
            self.header_len += more;
            *input = input.get(more..).unwrap_or_default();
            return Ok(None);
        };
        let used = header.len.checked_sub(carried).ok_or_else(|| Error::malformed(WHAT, "header shrank"))?;
        *input = input.get(used..).unwrap_or_default();
        self.header_len = 0;
        self.open(&header).map(Some)
    }

    /// Finds or makes the chunk stream, begins or continues its message, and returns the payload bytes of this chunk.
    fn open(&mut self, header: &Header) -> Result<usize, Error> {
        let fresh = match self.streams.iter().position(|stream| stream.csid == header.csid) {
            Some(index) => {
                self.current = index;
                false
            }
            None => {
                if self.streams.len() >= self.limits.chunk_streams {
                    let max = self.limits.chunk_streams as u64;
                    return Err(Error::Limit { what: "RTMP chunk streams", value: max + 1, max });
                }
                self.current = self.streams.len();
                self.streams.push(ChunkStream::new(header.csid));
                true
            }
        };
        let stream = current(&mut self.streams, self.current)?;
        let continues = stream.continues(&header.fields);
        if let (Fields::Repeat { extended: None }, Some(_)) = (header.fields, stream.extended) {
            let ask = if continues { self.repeats_extended != Some(false) } else { self.repeats_extended.is_none() };
            self.matched = ask.then_some(0);
        }
        if !continues {
            self.partial_bytes = self.partial_bytes.saturating_sub(stream.partial.capacity());
            stream.partial = Vec::new();
            stream.begin(&header.fields, fresh)?;
            if stream.length > self.limits.message_bytes {
                let (value, max) = (stream.length as u64, self.limits.message_bytes as u64);
                return Err(Error::Limit { what: "RTMP message bytes", value, max });
            }
        }
        let left = stream.length.saturating_sub(stream.partial.len()).min(self.chunk_size);
        self.chunk_left = Some(left);
        Ok(left)
    }

    /// Tells a repeated extended timestamp from payload by comparing: some encoders repeat it on type-3 chunks, as
    /// 5.3.1.3 asks, some do not. `false` when the input ended before that was clear.
    fn match_extended(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        let stream = current(&mut self.streams, self.current)?;
        let expected = stream.extended.unwrap_or_default().to_be_bytes();
        let begins = stream.partial.is_empty();
        let mut matched = self.matched.unwrap_or_default();
        while let (Some(want), Some((byte, rest))) = (expected.get(matched), input.split_first()) {
            if want == byte {
                *input = rest;
                matched += 1;
                continue;
            }
            // Not repeated: what matched so far was payload.
            self.matched = None;
            if !begins {
                self.repeats_extended = Some(false);
            }
            if self.chunk_left.is_none_or(|left| left < matched) {
                return Err(Error::malformed(WHAT, "extended timestamp changes inside a message"));
            }
            self.append(expected.get(..matched).unwrap_or_default())?;
            return Ok(true);
        }
        if matched == EXTENDED_BYTES {
            self.matched = None;
            self.repeats_extended = Some(true);
            return Ok(true);
        }
        self.matched = Some(matched);
        Ok(false)
    }

    /// Copies payload bytes of the current chunk; the only copy they see.
    fn append(&mut self, payload: &[u8]) -> Result<(), Error> {
        let stream = current(&mut self.streams, self.current)?;
        let held = stream.partial.len();
        let capacity = stream.partial.capacity();
        let needed = held.saturating_add(payload.len());
        if needed > capacity {
            let trusted = TRUSTED_BYTES.min(self.limits.message_bytes / TRUSTED_PART);
            let step = if held == 0 { trusted } else { capacity.saturating_mul(2) };
            let target = stream.length.min(step.max(needed));
            let partial_bytes = self.partial_bytes.saturating_add(target.saturating_sub(capacity));
            if partial_bytes > self.limits.partial_bytes {
                let (value, max) = (partial_bytes as u64, self.limits.partial_bytes as u64);
                return Err(Error::Limit { what: "RTMP incomplete message bytes", value, max });
            }
            stream.partial.reserve_exact(target.saturating_sub(held));
            self.partial_bytes += stream.partial.capacity() - capacity;
        }
        stream.partial.extend_from_slice(payload);
        self.chunk_left = self.chunk_left.map(|left| left.saturating_sub(payload.len()));
        Ok(())
    }

    /// The message of the current chunk stream, when it is whole.
    fn finish(&mut self) -> Option<Message> {
        let stream = self.streams.get_mut(self.current)?;
        if stream.partial.len() < stream.length {
            return None;
        }
        stream.in_progress = false;
        self.partial_bytes = self.partial_bytes.saturating_sub(stream.partial.capacity());
        Some(Message {
            kind: stream.kind,
            timestamp: stream.timestamp,
            stream_id: stream.stream_id,
            body: Bytes::from(std::mem::take(&mut stream.partial)),
        })
    }

    /// Obeys SetChunkSize (5.4.1) and Abort (5.4.2); `false` for any other message.
    fn obey(&mut self, message: &Message) -> Result<bool, Error> {
        if !matches!(message.kind, 1 | 2) {
            return Ok(false);
        }
        let Some(value) = message.body.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes)) else {
            return Err(Error::Truncated { what: "RTMP control message", needed: 4, got: message.body.len() });
        };
        if message.kind == 2 {
            if let Some(stream) = self.streams.iter_mut().find(|stream| stream.csid == value) {
                self.partial_bytes = self.partial_bytes.saturating_sub(stream.partial.capacity());
                stream.partial = Vec::new();
                stream.in_progress = false;
            }
            return Ok(true);
        }
        if value == 0 || value > CHUNK_SIZE_MAX {
            return Err(Error::Limit { what: "RTMP chunk size", value: value.into(), max: CHUNK_SIZE_MAX.into() });
        }
        self.chunk_size = value as usize;
        Ok(true)
    }
}

/// The chunk stream whose chunk is open.
fn current(streams: &mut [ChunkStream], index: usize) -> Result<&mut ChunkStream, Error> {
    streams.get_mut(index).ok_or_else(|| Error::malformed(WHAT, "no chunk stream is open"))
}
