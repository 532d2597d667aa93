//! Which programme is carried, and what it is made of (ISO 13818-1 2.4.4).

use super::packets::{Continuity, Follows, Packet};
use crate::codec::Codec;
use crate::ts::psi::crc32;

/// Bytes of a section: section_length has 10 bits in use (2.4.4.3, 2.4.4.8).
const SECTION_MAX: usize = 1024;
/// Bytes of a section without anything in it: header and CRC.
const SECTION_MIN: usize = 12;
/// Programmes that are looked at.
const PROGRAMMES_MAX: usize = 32;
/// Elementary streams of a programme that are looked at.
const STREAMS_MAX: usize = 32;
const PAT: u16 = 0;

/// One elementary stream of the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementaryStream {
    pub pid: u16,
    /// Its codec; else the name of what is not carried, where that is picture or sound.
    pub kind: Result<Codec, Option<&'static str>>,
}

/// A section that is gathered.
#[derive(Debug, Default)]
struct Section {
    bytes: Vec<u8>,
    /// One began.
    begun: bool,
    continuity: Continuity,
}

/// The tables, as far as they came.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pat: Section,
    /// PIDs of programme maps.
    maps: Vec<(u16, Section)>,
    /// The PID of the map that is followed.
    chosen: Option<u16>,
    streams: Vec<ElementaryStream>,
}

impl Tables {
    /// Whether packets of this PID belong to a table.
    pub(super) fn wants(&self, pid: u16) -> bool {
        pid == PAT || self.maps.iter().any(|(map, _)| *map == pid)
    }

    pub(super) fn streams(&self) -> &[ElementaryStream] {
        &self.streams
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        self.pat.bytes.len() + self.maps.iter().map(|(_, section)| section.bytes.len()).sum::<usize>()
    }

    /// The next packets' counters stand for themselves.
    pub(super) fn begin_segment(&mut self) {
        self.pat = Section::default();
        self.maps.iter_mut().for_each(|(_, section)| *section = Section::default());
    }

    /// Takes a packet of a table; true when the streams are others than before.
    pub(super) fn take(&mut self, packet: &Packet<'_>) -> bool {
        if packet.pid == PAT {
            if let Some(section) = self.pat.push(packet, 0x00) {
                self.associate(&section);
            }
            return false;
        }
        let Some((_, map)) = self.maps.iter_mut().find(|(pid, _)| *pid == packet.pid) else { return false };
        let Some(section) = map.push(packet, 0x02) else { return false };
        let Some(streams) = elementary_streams(&section) else { return false };
        let is_known = streams.iter().any(|stream| stream.kind.is_ok());
        // The first programme with something to carry; one without is shown only to say what it is.
        let follow = self.chosen == Some(packet.pid) || (self.chosen.is_none() && (is_known || self.maps.len() == 1));
        if !follow || streams == self.streams {
            return false;
        }
        if is_known {
            self.chosen = Some(packet.pid);
        }
        self.streams = streams;
        true
    }

    /// Programme association: maps that are gone are forgotten.
    fn associate(&mut self, section: &[u8]) {
        let entries = section.get(8..section.len().saturating_sub(4)).unwrap_or_default();
        let pids: Vec<u16> = entries
            .chunks_exact(4)
            .filter_map(|entry| entry.first_chunk::<4>())
            .filter(|[number_high, number_low, ..]| (*number_high, *number_low) != (0, 0))
            .map(|[_, _, high, low]| u16::from_be_bytes([high & 0x1f, *low]))
            .filter(|pid| *pid != PAT)
            .take(PROGRAMMES_MAX)
            .collect();
        self.maps.retain(|(pid, _)| pids.contains(pid));
        for pid in pids {
            if !self.wants(pid) {
                self.maps.push((pid, Section::default()));
            }
        }
        if self.chosen.is_some_and(|chosen| !self.wants(chosen)) {
            self.chosen = None;
        }
    }
}

impl Section {
    /// The section that became whole, when it is in force and its CRC is right.
    fn push(&mut self, packet: &Packet<'_>, table: u8) -> Option<Vec<u8>> {
        match self.continuity.follow(packet) {
            Follows::Next => {}
            Follows::Again => return None,
            Follows::Gap => self.begun = false,
        }
        let mut payload = packet.payload;
        if packet.starts {
            let (pointer, rest) = payload.split_first()?;
            payload = rest.get(usize::from(*pointer)..)?;
            self.bytes.clear();
            self.begun = true;
        }
        if !self.begun {
            return None;
        }
        let room = SECTION_MAX.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(payload.get(..room.min(payload.len())).unwrap_or_default());
        let &[id, high, low] = self.bytes.first_chunk::<3>()?;
        let length = 3 + usize::from(u16::from_be_bytes([high & 0x0f, low]));
        if id != table || !(SECTION_MIN..=SECTION_MAX).contains(&length) {
            self.begun = false;
            return None;
        }
        let section = self.bytes.get(..length)?.to_vec();
        self.begun = false;
        let is_current = section.get(5).is_some_and(|byte| byte & 1 == 1);
        (is_current && crc32(&section) == 0).then_some(section)
    }
}

/// The streams of a programme map (2.4.4.8).
fn elementary_streams(section: &[u8]) -> Option<Vec<ElementaryStream>> {
    let body = section.get(..section.len().checked_sub(4)?)?;
    let descriptors = usize::from(u16::from_be_bytes([body.get(10)? & 0x0f, *body.get(11)?]));
    let mut rest = body.get(12usize.checked_add(descriptors)?..)?;
    let mut streams = Vec::new();
    while let Some((&[stream_type, pid_high, pid_low, length_high, length_low], tail)) = rest.split_first_chunk::<5>() {
        let length = usize::from(u16::from_be_bytes([length_high & 0x0f, length_low]));
        let (descriptors, tail) = tail.split_at_checked(length)?;
        rest = tail;
        if streams.len() == STREAMS_MAX {
            break;
        }
        let pid = u16::from_be_bytes([pid_high & 0x1f, pid_low]);
        streams.push(ElementaryStream { pid, kind: kind(stream_type, descriptors) });
    }
    Some(streams)
}

/// stream_type (table 2-34, and those of ATSC and HLS); private data says in a descriptor what it is.
fn kind(stream_type: u8, descriptors: &[u8]) -> Result<Codec, Option<&'static str>> {
    Err(Some(match stream_type {
        0x1b => return Ok(Codec::H264),
        0x24 => return Ok(Codec::Hevc),
        0x0f => return Ok(Codec::Aac),
        0x03 | 0x04 => return Ok(Codec::Mp3),
        0x01 | 0x02 => "MPEG-2 video",
        0x10 => "MPEG-4 part 2 video",
        0x11 => "AAC in LATM",
        0x33 => "VVC",
        0x81 => "AC-3",
        0x87 | 0x84 => "E-AC-3",
        0x82 | 0x85 | 0x8a => "DTS",
        0xdb => "encrypted H.264",
        0xcf | 0xc1 | 0xc2 => "encrypted audio",
        0x06 => return private(descriptors),
        _ => return Err(None),
    }))
}

/// PES private data: DVB descriptors (ETSI EN 300 468 6.1) and registrations (2.6.8).
fn private(mut descriptors: &[u8]) -> Result<Codec, Option<&'static str>> {
    while let Some((&[tag, length], rest)) = descriptors.split_first_chunk::<2>() {
        let Some((content, rest)) = rest.split_at_checked(usize::from(length)) else { break };
        match (tag, content) {
            (0x6a, _) | (0x05, b"AC-3") => return Err(Some("AC-3")),
            (0x7a, _) | (0x05, b"EAC3") => return Err(Some("E-AC-3")),
            (0x05, b"Opus") => return Err(Some("Opus")),
            (0x05, b"AV01") => return Err(Some("AV1")),
            (0x05, b"HEVC") => return Ok(Codec::Hevc),
            _ => descriptors = rest,
        }
    }
    Err(None)
}
