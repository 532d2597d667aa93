//! MPEG-TS (ISO 13818-1) to frames: what an HLS segment or a TS feed of somebody else's holds.
//!
//! [`psi`](self::tables) finds the programme, [`pes`](self::packets) gathers its PES packets, [`video`] and [`audio`] make access units of
//! them. One programme is carried, of it the first video and the first audio stream whose codec is known.

mod audio;
mod clock;
mod packed;
mod packets;
mod tables;
mod video;

use crate::{error::Error, frame::Frame, frame::Track};
use audio::Audio;
use clock::Clock;
use packets::{Packet, Pes};
use std::fmt;
use tables::{ElementaryStream, Tables};
use video::Video;

use super::packet::TS_PACKET;

/// What a transport packet begins with.
const SYNC: u8 = 0x47;
/// Bytes without a packet's beginning after which the input is taken for something else.
const UNSYNCED_MAX: usize = 64 * 1024;

/// Frames that are given out into one list: an hour of sound. Frames of a few bytes would take many times the room of what came.
const FRAMES_MAX: usize = 200_000;
/// Packed audio is read in pieces as large as a PES packet may be.
const PACKED_PIECE: usize = packets::AUDIO_PES_MAX;

/// What is wrong with a transport stream without ending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// An elementary stream that is not carried.
    Unsupported(&'static str),
    /// Packets are missing, or damaged; the access units they belonged to are left out.
    Lost,
    /// An access unit without a time, or one that cannot be read, is left out.
    Damaged,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(what) => write!(f, "{what} in MPEG-TS is not carried and left out"),
            Self::Lost => f.write_str("transport packets are missing; what they belonged to is left out"),
            Self::Damaged => f.write_str("an access unit without a time or a sound frame is left out"),
        }
    }
}

/// Turns transport packets into frames, whatever pieces they come in.
#[derive(Debug, Default)]
pub struct Demuxer {
    /// What is left of the last piece: less than a packet.
    rest: Vec<u8>,
    unsynced: usize,
    tables: Tables,
    clock: Clock,
    video: Option<(u16, Pes, Video)>,
    audio: Option<(u16, Pes, Audio)>,
    /// Packed audio, and when its next frame would begin.
    packed: Option<(Audio, Option<(i64, i64)>)>,
    warnings: Vec<Warning>,
}

impl Demuxer {
    /// A demuxer before its first packet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a piece; frames that became whole go to `out`, each track's in decoding order. Times are in ms of a clock that does not wrap.
    ///
    /// # Errors
    /// [`Error::Malformed`] when nothing like a transport packet came for 64 KiB, [`Error::Limit`] when `out` is full.
    pub fn feed(&mut self, mut piece: &[u8], out: &mut Vec<Frame>) -> Result<(), Error> {
        while !piece.is_empty() {
            if self.rest.is_empty() && piece.first() != Some(&SYNC) {
                let found = piece.iter().position(|byte| *byte == SYNC).unwrap_or(piece.len());
                self.unsynced = self.unsynced.saturating_add(found);
                if self.unsynced > UNSYNCED_MAX {
                    return Err(Error::malformed("transport stream", "no packets in it"));
                }
                piece = piece.get(found..).unwrap_or_default();
                continue;
            }
            // One byte more shows whether the next packet begins where this one ends.
            let wanted = (TS_PACKET + 1 - self.rest.len()).min(piece.len());
            let (now, later) = piece.split_at(wanted);
            self.rest.extend_from_slice(now);
            piece = later;
            if self.rest.len() > TS_PACKET {
                has_room(out)?;
                self.take_packet(out);
            }
        }
        Ok(())
    }

    /// The input ends here, as a segment does: what was gathered is whole. Counters begin anew with the next one.
    pub fn flush(&mut self, out: &mut Vec<Frame>) {
        if self.rest.len() == TS_PACKET {
            let last = std::mem::take(&mut self.rest);
            self.packet(&last, out);
        }
        self.rest.clear();
        self.unsynced = 0;
        self.finish_pes(Track::Video, out);
        self.finish_pes(Track::Audio, out);
        if let Some((_, pes, _)) = &mut self.video {
            pes.begin_segment();
        }
        if let Some((_, pes, audio)) = &mut self.audio {
            pes.begin_segment();
            audio.end_run();
        }
        self.tables.begin_segment();
    }

    /// Takes a whole segment of packed audio. Where its tag does not say when it begins, it follows the one before.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for what is none, [`Error::Limit`] when `out` is full.
    pub fn packed_audio(&mut self, segment: &[u8], out: &mut Vec<Frame>) -> Result<(), Error> {
        let unsupported = || Error::Unsupported { what: "HLS segment", value: "neither media nor packed audio".into() };
        let (codec, timestamp, sound) = packed::read(segment).ok_or_else(unsupported)?;
        let (mut audio, next) = match self.packed.take() {
            Some((audio, next)) if audio.codec() == codec => (audio, next),
            _ => (Audio::new(codec), None),
        };
        audio.go_on(next.or(Some((0, 0))));
        let (mut understood, mut timestamp) = (true, timestamp);
        for piece in sound.chunks(PACKED_PIECE) {
            has_room(out)?;
            understood &= audio.take(timestamp.take(), piece, &mut self.clock, out);
        }
        let next = audio.next();
        audio.end_run();
        self.packed = Some((audio, next));
        if !understood {
            self.warn(Warning::Damaged);
        }
        Ok(())
    }

    /// What follows has nothing to do with what came: tables are read anew. Configurations that stay the same are not said again.
    pub fn discontinuity(&mut self) {
        self.tables = Tables::default();
    }

    /// What was noticed since the last time, each kind once.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// Bytes held between pieces.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let video = self.video.as_ref().map_or(0, |(_, pes, _)| pes.len());
        let audio = self.audio.as_ref().map_or(0, |(_, pes, audio)| pes.len() + audio.len());
        self.rest.len() + video + audio + self.tables.len()
    }

    /// The packet at the head of `rest`, if one is there.
    fn take_packet(&mut self, out: &mut Vec<Frame>) {
        if self.rest.get(TS_PACKET) == Some(&SYNC) {
            self.unsynced = 0;
            let whole = std::mem::take(&mut self.rest);
            self.packet(whole.get(..TS_PACKET).unwrap_or_default(), out);
            self.rest = whole;
            self.rest.drain(..TS_PACKET);
            return;
        }
        // That was no packet, or the last one before damage: look for the next beginning.
        self.warn(Warning::Lost);
        let next = self.rest.iter().skip(1).position(|byte| *byte == SYNC).map_or(self.rest.len(), |at| at + 1);
        self.unsynced = self.unsynced.saturating_add(next);
        self.rest.drain(..next);
    }

    fn packet(&mut self, bytes: &[u8], out: &mut Vec<Frame>) {
        let Some(packet) = Packet::parse(bytes) else { return };
        if self.tables.wants(packet.pid) {
            if self.tables.take(&packet) {
                self.select(out);
            }
            return;
        }
        let track = match (&self.video, &self.audio) {
            (Some((pid, ..)), _) if *pid == packet.pid => Track::Video,
            (_, Some((pid, ..))) if *pid == packet.pid => Track::Audio,
            _ => return,
        };
        if packet.starts {
            self.finish_pes(track, out);
        }
        let pes = match track {
            Track::Video => self.video.as_mut().map(|(_, pes, _)| pes),
            Track::Audio => self.audio.as_mut().map(|(_, pes, _)| pes),
        };
        let Some(pes) = pes else { return };
        let lost = !pes.push(&packet);
        let whole = pes.is_whole();
        if lost {
            self.warn(Warning::Lost);
        }
        if whole {
            self.finish_pes(track, out);
        }
    }

    /// Makes frames of the PES packet that is gathered, if there is one.
    fn finish_pes(&mut self, track: Track, out: &mut Vec<Frame>) {
        let understood = match track {
            Track::Video => self.video.as_mut().map(|(_, pes, video)| {
                let Some(unit) = pes.take() else { return true };
                let understood = video.take(&unit, &mut self.clock, out);
                pes.reuse(unit);
                understood
            }),
            Track::Audio => self.audio.as_mut().map(|(_, pes, audio)| {
                let Some(unit) = pes.take() else { return true };
                let understood = audio.take(unit.pts, unit.payload(), &mut self.clock, out);
                pes.reuse(unit);
                understood
            }),
        };
        if understood == Some(false) {
            self.warn(Warning::Damaged);
        }
    }

    /// The programme's streams may be others than before.
    fn select(&mut self, out: &mut Vec<Frame>) {
        let streams = self.tables.streams();
        let (video, audio) = (first(streams, Track::Video), first(streams, Track::Audio));
        let unsupported: Vec<_> = streams.iter().filter_map(|stream| stream.kind.err()).collect();
        unsupported.into_iter().flatten().for_each(|name| self.warn(Warning::Unsupported(name)));
        if self.video.as_ref().map(|(pid, _, video)| (*pid, video.codec())) != video {
            self.finish_pes(Track::Video, out);
            self.video = video.map(|(pid, codec)| (pid, Pes::video(), Video::new(codec)));
        }
        if self.audio.as_ref().map(|(pid, _, audio)| (*pid, audio.codec())) != audio {
            self.finish_pes(Track::Audio, out);
            self.audio = audio.map(|(pid, codec)| (pid, Pes::audio(), Audio::new(codec)));
        }
    }

    fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

fn has_room(out: &[Frame]) -> Result<(), Error> {
    if out.len() < FRAMES_MAX {
        return Ok(());
    }
    Err(Error::Limit { what: "frames of a segment", value: out.len() as u64, max: FRAMES_MAX as u64 })
}

/// The first stream of this kind that is carried.
fn first(streams: &[ElementaryStream], track: Track) -> Option<(u16, crate::codec::Codec)> {
    let known = streams.iter().filter_map(|stream| Some((stream.pid, stream.kind.ok()?)));
    known.into_iter().find(|(_, codec)| codec.track() == track)
}
