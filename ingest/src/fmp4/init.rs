//! The init segment: `ftyp` and a `moov` without samples.

use super::{
    TrackSetup,
    boxes::{nest, nest_full, put16, put32, zeros},
    entry::{sample_entry, size},
};
use crate::{codec::Config, error::Error, frame::Track};
use bytes::Bytes;

/// The 3x3 unity matrix of mvhd and tkhd (ISO 14496-12 8.2.2).
const UNITY: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

/// `ftyp` and `moov` with `mvex` for the given tracks (ISO 14496-12 8.8.1). The same tracks give the same bytes.
///
/// # Errors
/// When there is no track, an id or timescale is 0, an id comes twice, or a configuration is not complete.
pub fn init_segment(tracks: &[TrackSetup<'_>]) -> Result<Bytes, Error> {
    const WHAT: &str = "fMP4 track set";
    if tracks.is_empty() {
        return Err(Error::malformed(WHAT, "no track"));
    }
    let mut traks = Vec::with_capacity(1024);
    for (at, track) in tracks.iter().enumerate() {
        if track.id == 0 || track.timescale == 0 {
            return Err(Error::malformed(WHAT, "a track id or timescale of 0"));
        }
        if tracks.iter().skip(at + 1).any(|other| other.id == track.id) {
            return Err(Error::malformed(WHAT, "a track id comes twice"));
        }
        if !track.config.is_complete() {
            return Err(Error::malformed(WHAT, "a configuration lacks what its first key frame carries"));
        }
        trak(&mut traks, track)?;
    }
    let mut out = Vec::with_capacity(traks.len() + 256);
    nest(&mut out, *b"ftyp", |out| {
        // iso6: tfdt and signed composition offsets (ISO 14496-12 annex E).
        out.extend_from_slice(b"iso6\0\0\0\0iso6cmfcmp41");
        if tracks.iter().any(|track| matches!(track.config, Config::Av1(_))) {
            out.extend_from_slice(b"av01");
        }
    });
    let next_id = tracks.iter().map(|track| track.id).max().unwrap_or_default().saturating_add(1);
    nest(&mut out, *b"moov", |out| {
        movie_header(out, next_id);
        out.extend_from_slice(&traks);
        nest(out, *b"mvex", |out| {
            for track in tracks {
                nest_full(out, *b"trex", 0, 0, |out| {
                    put32(out, track.id);
                    put32(out, 1);
                    zeros(out, 12);
                });
            }
        });
    });
    Ok(out.into())
}

fn movie_header(out: &mut Vec<u8>, next_id: u32) {
    nest_full(out, *b"mvhd", 0, 0, |out| {
        zeros(out, 8);
        put32(out, 1000);
        put32(out, 0);
        put32(out, 0x0001_0000);
        put16(out, 0x0100);
        zeros(out, 10);
        UNITY.iter().for_each(|&value| put32(out, value));
        zeros(out, 24);
        put32(out, next_id);
    });
}

fn trak(out: &mut Vec<u8>, track: &TrackSetup<'_>) -> Result<(), Error> {
    let is_video = track.config.codec().track() == Track::Video;
    let (width, height) = track.config.video().map_or(Ok((0, 0)), size)?;
    let mut entry = Vec::with_capacity(512);
    sample_entry(&mut entry, track.config)?;
    nest(out, *b"trak", |out| {
        // Flags: enabled, in movie.
        nest_full(out, *b"tkhd", 0, 3, |out| {
            zeros(out, 8);
            put32(out, track.id);
            zeros(out, 16);
            put16(out, 0);
            put16(out, 0);
            put16(out, if is_video { 0 } else { 0x0100 });
            zeros(out, 2);
            UNITY.iter().for_each(|&value| put32(out, value));
            put32(out, u32::from(width) << 16);
            put32(out, u32::from(height) << 16);
        });
        nest(out, *b"mdia", |out| {
            nest_full(out, *b"mdhd", 0, 0, |out| {
                zeros(out, 8);
                put32(out, track.timescale);
                put32(out, 0);
                // ISO 639-2 "und" in three 5-bit letters.
                put16(out, 0x55c4);
                zeros(out, 2);
            });
            nest_full(out, *b"hdlr", 0, 0, |out| {
                zeros(out, 4);
                out.extend_from_slice(if is_video { b"vide" } else { b"soun" });
                zeros(out, 12);
                out.extend_from_slice(if is_video { b"video\0" } else { b"audio\0" });
            });
            nest(out, *b"minf", |out| media_information(out, is_video, &entry));
        });
    });
    Ok(())
}

fn media_information(out: &mut Vec<u8>, is_video: bool, entry: &[u8]) {
    if is_video {
        nest_full(out, *b"vmhd", 0, 1, |out| zeros(out, 8));
    } else {
        nest_full(out, *b"smhd", 0, 0, |out| zeros(out, 4));
    }
    nest(out, *b"dinf", |out| {
        nest_full(out, *b"dref", 0, 0, |out| {
            put32(out, 1);
            // Flag 1: the media is in this file.
            nest_full(out, *b"url ", 0, 1, |_| {});
        });
    });
    nest(out, *b"stbl", |out| {
        nest_full(out, *b"stsd", 0, 0, |out| {
            put32(out, 1);
            out.extend_from_slice(entry);
        });
        nest_full(out, *b"stts", 0, 0, |out| zeros(out, 4));
        nest_full(out, *b"stsc", 0, 0, |out| zeros(out, 4));
        nest_full(out, *b"stsz", 0, 0, |out| zeros(out, 8));
        nest_full(out, *b"stco", 0, 0, |out| zeros(out, 4));
    });
}
