//! An HTTP-FLV answer read byte by byte as it comes: the chunked coding (RFC 9112 7.1) off, then tag by tag (FLV 10.1 E.4).

use crate::{feed::Stamp, meter::now_ns};
use std::{collections::HashMap, time::Duration};

/// Tag header before the body, back pointer after it.
const TAG_HEADER: usize = 11;
const BACK_POINTER: usize = 4;
/// File header and the first back pointer.
const FILE_HEADER: usize = 13;

/// What viewers have seen together.
#[derive(Debug, Default)]
pub struct Tally {
    /// From the publisher's send to here, of pictures sent since `from_ns`: those a viewer is given when it joins are old.
    pub delays: crate::meter::Delays,
    /// Where the window begins; `None` before it does.
    pub from_ns: Option<u64>,
    /// Pictures whose number was skipped.
    pub lost: u64,
    /// Wrong chunk sizes, tag types, stream ids, back pointers, and timestamps that go back.
    pub framing_errors: u64,
}

/// Takes the chunked coding off.
#[derive(Debug, Default)]
struct Dechunker {
    line: Vec<u8>,
    left: usize,
}

impl Dechunker {
    /// Moves the payload of `bytes` to `into`; false when a chunk size is none.
    fn take(&mut self, mut bytes: &[u8], into: &mut Vec<u8>) -> bool {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let (piece, rest) = bytes.split_at(self.left.min(bytes.len()));
                into.extend_from_slice(piece);
                self.left -= piece.len();
                bytes = rest;
                continue;
            }
            bytes = rest;
            if *first != b'\n' {
                self.line.push(*first);
                continue;
            }
            // The line end behind a chunk's payload is an empty line here.
            let line = String::from_utf8_lossy(&self.line);
            let size = line.trim();
            if !size.is_empty() {
                let Ok(size) = usize::from_str_radix(size, 16) else { return false };
                self.left = size;
            }
            self.line.clear();
        }
        true
    }
}

/// One viewer's body.
#[derive(Debug)]
pub struct FlvBody {
    chunks: Option<Dechunker>,
    pending: Vec<u8>,
    header_read: bool,
    /// Type of tag to the last timestamp.
    timestamps: HashMap<u8, u32>,
    last_picture: Option<u64>,
    /// After an error nothing that follows means anything.
    broken: bool,
}

impl FlvBody {
    /// `head` is the answer's, up to the empty line.
    pub fn new(head: &str) -> Self {
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        Self {
            chunks: chunked.then(Dechunker::default),
            pending: Vec::new(),
            header_read: false,
            timestamps: HashMap::new(),
            last_picture: None,
            broken: false,
        }
    }

    /// Reads on.
    pub fn take(&mut self, bytes: &[u8], tally: &mut Tally) {
        if self.broken {
            return;
        }
        let sound = match &mut self.chunks {
            Some(chunks) => chunks.take(bytes, &mut self.pending),
            None => {
                self.pending.extend_from_slice(bytes);
                true
            }
        };
        if !sound || self.tags(tally).is_none() {
            self.broken = true;
            tally.framing_errors += 1;
        }
    }

    /// All whole tags; `None` at the first that is wrong.
    fn tags(&mut self, tally: &mut Tally) -> Option<()> {
        let mut at = 0;
        if !self.header_read && self.pending.len() >= FILE_HEADER {
            self.pending.starts_with(b"FLV\x01").then_some(())?;
            (self.header_read, at) = (true, FILE_HEADER);
        }
        while self.header_read {
            let Some(header) = self.pending.get(at..at + TAG_HEADER) else { break };
            let size = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
            let (kind, stream) = (header[0], &header[8..]);
            let timestamp = u32::from_be_bytes([header[7], header[4], header[5], header[6]]);
            (matches!(kind, 8 | 9 | 18) && stream == [0, 0, 0]).then_some(())?;
            let end = at + TAG_HEADER + size;
            let Some(pointer) = self.pending.get(end..end + BACK_POINTER) else { break };
            (pointer == u32::try_from(TAG_HEADER + size).ok()?.to_be_bytes()).then_some(())?;
            let before = self.timestamps.insert(kind, timestamp).unwrap_or(0);
            (before <= timestamp).then_some(())?;
            if kind == 9
                && let Some(stamp) = Stamp::of(&self.pending[at + TAG_HEADER..end])
            {
                see(&mut self.last_picture, &stamp, tally);
            }
            at = end + BACK_POINTER;
        }
        self.pending.drain(..at);
        Some(())
    }
}

fn see(last: &mut Option<u64>, stamp: &Stamp, tally: &mut Tally) {
    let before = last.replace(stamp.number);
    tally.lost += before.map_or(0, |before| stamp.number.saturating_sub(before + 1));
    if tally.from_ns.is_some_and(|from| stamp.sent_ns >= from) {
        tally.delays.add(Duration::from_nanos(now_ns().saturating_sub(stamp.sent_ns)));
    }
}
