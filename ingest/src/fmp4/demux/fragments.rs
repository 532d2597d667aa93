//! Movie fragments: which bytes of a segment are which sample (ISO 14496-12 8.8).

use super::read::{Reader, boxes, find};
use super::{SAMPLES_MAX, Track};
use crate::error::Error;
use std::ops::Range;

const WHAT: &str = "movie fragment";
/// sample_is_non_sync_sample (8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// One sample, times in ticks.
#[derive(Debug)]
pub(super) struct Sample {
    pub dts: u64,
    pub cts: i32,
    pub keyframe: bool,
    /// Where it is in the segment.
    pub bytes: Range<usize>,
}

/// Samples of one track.
#[derive(Debug)]
pub(super) struct Run {
    /// Index among the tracks.
    pub track: usize,
    pub samples: Vec<Sample>,
}

/// What a track fragment says for all its runs.
struct Fragment {
    track: usize,
    duration: u32,
    size: u32,
    flags: u32,
    /// What data offsets count from.
    base: u64,
    dts: u64,
}

/// All runs of a segment; and what was wrong, if something was.
pub(super) fn read(segment: &[u8], tracks: &mut [Track]) -> (Vec<Run>, Result<(), Error>) {
    let mut runs = Vec::new();
    let mut left = SAMPLES_MAX;
    for found in boxes(segment) {
        let broken = match found {
            Ok(found) if found.kind == *b"moof" => {
                movie_fragment(found.content, found.at as u64, tracks, &mut runs, &mut left)
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if broken.is_err() {
            return (runs, broken);
        }
    }
    (runs, Ok(()))
}

fn movie_fragment(
    moof: &[u8],
    at: u64,
    tracks: &mut [Track],
    runs: &mut Vec<Run>,
    left: &mut usize,
) -> Result<(), Error> {
    // Without a base of its own a track fragment follows the one before (8.8.7.1).
    let mut end = at;
    for found in boxes(moof) {
        let found = found?;
        if found.kind != *b"traf" {
            continue;
        }
        let tfhd = find(found.content, b"tfhd").ok_or(Error::malformed(WHAT, "a track fragment without header"))?;
        let mut fragment = header(tfhd, at, end, tracks)?;
        if let (Some(fragment), Some(tfdt)) = (&mut fragment, find(found.content, b"tfdt")) {
            let mut tfdt = Reader::new(WHAT, tfdt);
            let (version, _) = tfdt.version_and_flags()?;
            fragment.dts = tfdt.by_version(version)?;
        }
        let mut data = fragment.as_ref().map_or(end, |fragment| fragment.base);
        for run in boxes(found.content) {
            let run = run?;
            if run.kind == *b"trun"
                && let Some(fragment) = &mut fragment
            {
                data = track_run(run.content, fragment, data, runs, left)?;
            }
        }
        end = data;
        if let Some(fragment) = fragment
            && let Some(track) = tracks.get_mut(fragment.track)
        {
            track.next = fragment.dts;
        }
    }
    Ok(())
}

/// `tfhd` (8.8.7); `None` for a track that is not carried.
fn header(tfhd: &[u8], moof: u64, end: u64, tracks: &[Track]) -> Result<Option<Fragment>, Error> {
    let mut reader = Reader::new(WHAT, tfhd);
    let (_, flags) = reader.version_and_flags()?;
    let id = reader.u32()?;
    let Some((index, track)) = tracks.iter().enumerate().find(|(_, track)| track.source.id == id) else {
        return Ok(None);
    };
    let source = &track.source;
    let base = if flags & 0x01 != 0 {
        // An absolute position in a file of which this segment is a part: muxers mean the moof by it.
        reader.u64()?;
        moof
    } else if flags & 0x02_0000 != 0 {
        moof
    } else {
        end
    };
    if flags & 0x02 != 0 {
        reader.u32()?;
    }
    let mut optional = |bit: u32, default: u32| if flags & bit != 0 { reader.u32() } else { Ok(default) };
    let duration = optional(0x08, source.default_duration)?;
    let size = optional(0x10, source.default_size)?;
    let flags = optional(0x20, source.default_flags)?;
    Ok(Some(Fragment { track: index, duration, size, flags, base, dts: track.next }))
}

/// `trun` (8.8.8); answers where its bytes end.
fn track_run(
    trun: &[u8],
    fragment: &mut Fragment,
    data: u64,
    runs: &mut Vec<Run>,
    left: &mut usize,
) -> Result<u64, Error> {
    let mut reader = Reader::new(WHAT, trun);
    let (version, flags) = reader.version_and_flags()?;
    let count = reader.u32()? as usize;
    *left = left.checked_sub(count).ok_or(Error::Limit {
        what: "samples of a segment",
        value: count as u64,
        max: SAMPLES_MAX as u64,
    })?;
    let mut at = data;
    if flags & 0x01 != 0 {
        let offset = i64::from(reader.u32()?.cast_signed());
        let beyond = Error::malformed(WHAT, "a data offset before the file");
        at = fragment.base.checked_add_signed(offset).ok_or(beyond)?;
    }
    let first_flags = if flags & 0x04 != 0 { Some(reader.u32()?) } else { None };
    let mut samples = Vec::new();
    for index in 0..count {
        let duration = if flags & 0x100 != 0 { reader.u32()? } else { fragment.duration };
        let size = if flags & 0x200 != 0 { reader.u32()? } else { fragment.size };
        let own = if flags & 0x400 != 0 { reader.u32()? } else { fragment.flags };
        let sample_flags = first_flags.filter(|_| index == 0).unwrap_or(own);
        let cts = if flags & 0x800 != 0 { reader.u32()?.cast_signed() } else { 0 };
        // Version 0 has no sign (8.8.8.1); what would be negative as one is what encoders of version 1 mean.
        let cts = if version == 0 { cts.max(0) } else { cts };
        let (dts, start) = (fragment.dts, at);
        fragment.dts = fragment.dts.saturating_add(duration.into());
        at = at.saturating_add(size.into());
        if let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(at)) {
            samples.push(Sample { dts, cts, keyframe: sample_flags & NON_SYNC == 0, bytes: start..end });
        }
    }
    runs.push(Run { track: fragment.track, samples });
    Ok(at)
}
