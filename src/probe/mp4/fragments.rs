//! Fragmented files: segment indexes, and where the last fragment ends.

use super::super::numbers::{be16, be32, be64, find};
use super::super::window::{READ_MAX, Window};
use super::super::{Error, Reader};
use super::{MP4, Movie, Span, Track};

/// The end of the file is searched for the last fragment in so many steps of [`READ_MAX`] bytes.
const STEPS_BACK: u64 = 8;

/// What the segment indexes (8.16.3) passed so far cover.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    seconds: f64,
    reference: Option<u32>,
    /// Where what they cover ends.
    end: u64,
}

impl Indexed {
    /// Takes in one index; answers where the next box to look at stands. A second reference stream's index is passed over.
    pub(super) async fn add<R: Reader>(&mut self, window: &mut Window<R>, span: Span) -> Result<u64, Error> {
        let broken = Error::Broken(MP4, "a segment index is too short");
        let len = usize::try_from(span.end - span.body).map_err(|_| Error::TooMuch)?;
        let body = window.exact(span.body, len, len, MP4).await?;
        let head = be32(&body, 4).zip(be32(&body, 8));
        let wide = body.first() == Some(&1);
        let (offset, at) = if wide { (be64(&body, 20), 28) } else { (be32(&body, 16).map(u64::from), 20) };
        let (Some((reference, timescale)), Some(offset), Some(count)) = (head, offset, be16(&body, at + 2)) else {
            return Err(broken);
        };
        if timescale == 0 || self.reference.is_some_and(|first| first != reference) {
            return Ok(span.end);
        }
        let (mut ticks, mut end) = (0_u64, span.end.saturating_add(offset));
        for entry in (0..usize::from(count)).map(|nth| at + 4 + nth * 12) {
            let (Some(size), Some(duration)) = (be32(&body, entry), be32(&body, entry + 4)) else { return Err(broken) };
            end = end.saturating_add(u64::from(size & 0x7fff_ffff));
            ticks += u64::from(duration);
        }
        self.reference = Some(reference);
        self.seconds += ticks as f64 / f64::from(timescale);
        self.end = self.end.max(end);
        // An index that covers one fragment is one of many: the last fragment is found sooner from the end.
        Ok(if self.covers(window.size()) { end } else { span.end })
    }

    fn covers(&self, size: Option<u64>) -> bool {
        // Random access tables and the like may follow the last segment.
        let slack = |size: u64| size / 100 + (64 << 10);
        self.reference.is_some() && size.is_none_or(|size| self.end.saturating_add(slack(size)) >= size)
    }

    /// The duration in seconds, when the indexes cover the file.
    pub(super) fn whole(&self, size: Option<u64>) -> Option<f64> {
        (self.covers(size) && self.seconds > 0.0).then_some(self.seconds)
    }
}

/// From where the first fragment (at `first`) starts to where the last one ends, in seconds.
pub(super) async fn last_end<R: Reader>(window: &mut Window<R>, movie: &Movie, first: u64) -> Result<f64, Error> {
    let size = window.size().ok_or(Error::Untold(MP4))?;
    let head = fragment_at(window, first).await?;
    let starts = head.as_deref().map(|moof| times(moof, movie)).unwrap_or_default();
    let start = starts.iter().map(|(start, _)| *start).reduce(f64::min).ok_or(Error::Untold(MP4))?;
    // Samples may also stand in `moov`, before all fragments.
    let start = if movie.tracks.iter().any(|track| track.duration > 0) { 0.0 } else { start };
    let mut tail_end = size;
    for _ in 0..STEPS_BACK {
        let tail_at = tail_end.saturating_sub(READ_MAX as u64).max(first);
        let len = usize::try_from(tail_end - tail_at).map_err(|_| Error::TooMuch)?;
        let tail = window.read(tail_at, len, len).await?;
        let (mut latest, mut from) = (None, 0);
        while let Some(found) = tail.get(from..).and_then(|rest| find(rest, b"moof")) {
            let at = from + found;
            from = at + 4;
            if let Some(moof) = at.checked_sub(4).and_then(|start| whole_moof(&tail, start)) {
                latest = times(moof, movie)
                    .into_iter()
                    .map(|(_, end)| end)
                    .fold(latest, |a, b| Some(a.map_or(b, |a: f64| a.max(b))));
            }
        }
        match latest {
            Some(end) => return Ok(end - start),
            None if tail_at == first => break,
            // A fragment header that straddles the cut is seen whole in the next step.
            None => tail_end = (tail_at + (64 << 10)).min(tail_end),
        }
    }
    Err(Error::Untold(MP4))
}

async fn fragment_at<R: Reader>(window: &mut Window<R>, at: u64) -> Result<Option<bytes::Bytes>, Error> {
    let Some(size) = be32(&window.read(at, 8, super::AHEAD).await?, 0) else { return Ok(None) };
    let moof = window.read(at, usize::try_from(size).unwrap_or(usize::MAX), 0).await?;
    Ok(moof.get(8..).map(|_| moof.slice(8..)))
}

/// The body of a `moof` that starts at `start`, when it is one and stands there whole: random bytes may spell its name.
fn whole_moof(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let size = usize::try_from(be32(bytes, start)?).ok()?;
    let moof = bytes.get(start..start.checked_add(size)?)?;
    (moof.get(12..16)? == b"mfhd").then(|| &moof[8..])
}

/// Start and end of each track's run in a fragment, in seconds.
fn times(moof: &[u8], movie: &Movie) -> Vec<(f64, f64)> {
    boxes(moof).filter(|(kind, _)| *kind == b"traf").filter_map(|(_, traf)| track_times(traf, movie)).collect()
}

fn track_times(traf: &[u8], movie: &Movie) -> Option<(f64, f64)> {
    let part = |wanted: &[u8; 4]| boxes(traf).find(|(kind, _)| *kind == wanted).map(|(_, body)| body);
    let (tfhd, tfdt) = (part(b"tfhd")?, part(b"tfdt")?);
    let track: &Track = movie.tracks.iter().find(|track| Some(track.id) == be32(tfhd, 4) && track.timescale > 0)?;
    let flags = be32(tfhd, 0)?;
    // base-data-offset (8 bytes) and sample-description-index (4) may stand before it (8.8.7).
    let at = 8 + if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
    let each = if flags & 8 != 0 { be32(tfhd, at)? } else { track.default_sample };
    let start = if tfdt.first() == Some(&1) { be64(tfdt, 4)? } else { be32(tfdt, 4)?.into() };
    let mut end = start;
    for (_, trun) in boxes(traf).filter(|(kind, _)| *kind == b"trun") {
        end = end.checked_add(run_ticks(trun, each)?)?;
    }
    let scale = f64::from(track.timescale);
    Some((start as f64 / scale, end as f64 / scale))
}

/// How long a track run lasts (8.8.8).
fn run_ticks(trun: &[u8], each: u32) -> Option<u64> {
    let (flags, count) = (be32(trun, 0)?, be32(trun, 4)?);
    if flags & 0x100 == 0 {
        return u64::from(count).checked_mul(each.into());
    }
    let first = 8 + if flags & 1 != 0 { 4 } else { 0 } + if flags & 4 != 0 { 4 } else { 0 };
    let stride = 4 * (flags >> 8 & 0xf).count_ones() as usize;
    let samples = trun.get(first..)?.chunks_exact(stride).take(usize::try_from(count).ok()?);
    Some(samples.filter_map(|sample| be32(sample, 0)).map(u64::from).sum())
}

/// The boxes in a buffer, up to the first broken one.
fn boxes(mut rest: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let size = usize::try_from(be32(rest, 0)?).ok().filter(|size| *size >= 8)?;
        let (kind, body) = (rest.get(4..8)?.first_chunk()?, rest.get(8..size)?);
        rest = &rest[size..];
        Some((kind, body))
    })
}
