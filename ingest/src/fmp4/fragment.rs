//! A fragment: `moof` (ISO 14496-12 8.8.4) and its `mdat`, in one buffer whose size is known before the first byte.

use super::{
    Sample, TrackRun,
    boxes::{nest, nest_full, put32, put64},
};
use crate::error::Error;

/// sample_depends_on = 2: depends on no other sample (8.8.3.1, 8.6.4).
const SYNC: u32 = 0x0200_0000;
/// sample_depends_on = 1, sample_is_non_sync_sample = 1.
const NON_SYNC: u32 = 0x0101_0000;

const TFHD_DEFAULT_DURATION: u32 = 0x00_0008;
const TFHD_DEFAULT_FLAGS: u32 = 0x00_0020;
const TFHD_DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
const TRUN_DATA_OFFSET: u32 = 0x00_0001;
const TRUN_FIRST_FLAGS: u32 = 0x00_0004;
const TRUN_DURATION: u32 = 0x00_0100;
const TRUN_SIZE: u32 = 0x00_0200;
const TRUN_FLAGS: u32 = 0x00_0400;
const TRUN_CTS: u32 = 0x00_0800;

/// `moof` and `mdat` for the given runs, in one allocation of the exact size. `sequence` is mfhd's sequence_number,
/// growing from fragment to fragment.
///
/// # Errors
/// [`Error::Limit`] when the fragment does not fit the 31 bits of a data offset.
pub fn fragment(sequence: u32, runs: &[TrackRun<'_>]) -> Result<Vec<u8>, Error> {
    let layouts: Vec<Layout<'_>> = runs.iter().filter_map(Layout::of).collect();
    let moof = layouts.iter().fold(8 + 16, |sum: usize, layout| sum.saturating_add(layout.traf_size()));
    let media = layouts.iter().fold(0usize, |sum, layout| sum.saturating_add(layout.media));
    let total = moof.saturating_add(8).saturating_add(media);
    let limit = Error::Limit { what: "fMP4 fragment bytes", value: total as u64, max: i32::MAX as u64 };
    let (Ok(_), Ok(mdat), Ok(first_offset)) =
        (i32::try_from(total), u32::try_from(media.saturating_add(8)), u32::try_from(moof.saturating_add(8)))
    else {
        return Err(limit);
    };

    let mut out = Vec::with_capacity(total);
    nest(&mut out, *b"moof", |out| {
        nest_full(out, *b"mfhd", 0, 0, |out| put32(out, sequence));
        let mut offset = first_offset;
        for layout in &layouts {
            layout.write_traf(out, offset);
            // Within `total`, which fits 31 bits.
            offset = offset.saturating_add(u32::try_from(layout.media).unwrap_or(u32::MAX));
        }
    });
    put32(&mut out, mdat);
    out.extend_from_slice(b"mdat");
    for layout in &layouts {
        layout.run.samples.iter().for_each(|sample| out.extend_from_slice(&sample.payload));
    }
    debug_assert_eq!(out.len(), total, "the sizes computed up front are exact");
    Ok(out)
}

/// Which fields a run needs: what all samples share moves from trun to tfhd.
struct Layout<'a> {
    run: &'a TrackRun<'a>,
    first: &'a Sample,
    /// Bytes in mdat.
    media: usize,
    tfhd: u32,
    trun: u32,
}

impl<'a> Layout<'a> {
    /// `None` for a run without samples.
    fn of(run: &'a TrackRun<'a>) -> Option<Self> {
        let (first, rest) = run.samples.split_first()?;
        let mut tfhd = TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_FLAGS;
        let mut trun = TRUN_DATA_OFFSET | TRUN_SIZE;
        if rest.iter().all(|sample| sample.duration == first.duration) {
            tfhd |= TFHD_DEFAULT_DURATION;
        } else {
            trun |= TRUN_DURATION;
        }
        if rest.iter().zip(rest.iter().skip(1)).any(|(one, next)| one.keyframe != next.keyframe) {
            tfhd &= !TFHD_DEFAULT_FLAGS;
            trun |= TRUN_FLAGS;
        } else if rest.first().is_some_and(|second| second.keyframe != first.keyframe) {
            trun |= TRUN_FIRST_FLAGS;
        }
        if run.samples.iter().any(|sample| sample.cts != 0) {
            trun |= TRUN_CTS;
        }
        let media = run.samples.iter().fold(0usize, |sum, sample| sum.saturating_add(sample.payload.len()));
        Some(Self { run, first, media, tfhd, trun })
    }

    fn traf_size(&self) -> usize {
        let words = |flags: u32, mask: u32| 4 * (flags & mask).count_ones() as usize;
        let tfhd = 16 + words(self.tfhd, TFHD_DEFAULT_DURATION | TFHD_DEFAULT_FLAGS);
        let each = words(self.trun, TRUN_DURATION | TRUN_SIZE | TRUN_FLAGS | TRUN_CTS);
        let trun = 20 + words(self.trun, TRUN_FIRST_FLAGS);
        (8 + tfhd + 20 + trun).saturating_add(each.saturating_mul(self.run.samples.len()))
    }

    fn write_traf(&self, out: &mut Vec<u8>, data_offset: u32) {
        nest(out, *b"traf", |out| {
            nest_full(out, *b"tfhd", 0, self.tfhd, |out| {
                put32(out, self.run.id);
                if self.tfhd & TFHD_DEFAULT_DURATION != 0 {
                    put32(out, self.first.duration);
                }
                if self.tfhd & TFHD_DEFAULT_FLAGS != 0 {
                    put32(out, sample_flags(self.run.samples.get(1).unwrap_or(self.first)));
                }
            });
            nest_full(out, *b"tfdt", 1, 0, |out| put64(out, self.run.base_decode_time));
            nest_full(out, *b"trun", 1, self.trun, |out| {
                // More samples than 32 bits count would not have fit the size limit: each takes 4 bytes.
                put32(out, u32::try_from(self.run.samples.len()).unwrap_or(u32::MAX));
                put32(out, data_offset);
                if self.trun & TRUN_FIRST_FLAGS != 0 {
                    put32(out, sample_flags(self.first));
                }
                self.run.samples.iter().for_each(|sample| self.write_sample(out, sample));
            });
        });
    }

    fn write_sample(&self, out: &mut Vec<u8>, sample: &Sample) {
        if self.trun & TRUN_DURATION != 0 {
            put32(out, sample.duration);
        }
        put32(out, u32::try_from(sample.payload.len()).unwrap_or(u32::MAX));
        if self.trun & TRUN_FLAGS != 0 {
            put32(out, sample_flags(sample));
        }
        if self.trun & TRUN_CTS != 0 {
            out.extend_from_slice(&sample.cts.to_be_bytes());
        }
    }
}

const fn sample_flags(sample: &Sample) -> u32 {
    if sample.keyframe { SYNC } else { NON_SYNC }
}
