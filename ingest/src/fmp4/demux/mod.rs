//! Fragmented MP4 (ISO 14496-12 8.8) to frames: what an HLS segment with an EXT-X-MAP holds.
//!
//! [`tracks`] reads the init section, [`fragments`] the runs of samples. The first video and the first audio track whose codec is known
//! are carried.

mod fragments;
mod read;
mod tracks;

use crate::codec::{Codec, Config};
use crate::error::Error;
use crate::flv;
use crate::frame::Frame;
use bytes::Bytes;
use fragments::Run;
use tracks::Source;

/// Samples of one segment: an hour of sound.
const SAMPLES_MAX: usize = 200_000;

/// What is read of one track, and how far.
#[derive(Debug)]
struct Track {
    source: Source,
    /// The decoder configuration in force.
    record: Bytes,
    /// Where the next fragment begins if it does not say, in ticks.
    next: u64,
    /// Ticks by which decoding times are set back, so that no picture is shown before it is decoded.
    early: i64,
}

/// Turns an init section and the segments behind it into frames.
#[derive(Debug)]
pub struct Demuxer {
    tracks: Vec<Track>,
    unsupported: Vec<String>,
    /// The sequence headers were given out.
    begun: bool,
}

impl Demuxer {
    /// Reads an init section (`moov`).
    ///
    /// # Errors
    /// [`Error::Unsupported`] when it has no track that is carried; anything else when it is broken.
    pub fn new(init: &[u8]) -> Result<Self, Error> {
        let read = tracks::read(init)?;
        let tracks: Vec<_> = read
            .sources
            .into_iter()
            .map(|source| Track { record: source.record.clone(), source, next: 0, early: 0 })
            .collect();
        if tracks.is_empty() {
            let value = read.unsupported.first().cloned().unwrap_or_else(|| "no track".into());
            return Err(Error::Unsupported { what: "codec in MP4", value });
        }
        Ok(Self { tracks, unsupported: read.unsupported, begun: false })
    }

    /// Names of the codecs that are left out, since the last time.
    pub fn take_unsupported(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unsupported)
    }

    /// Reads a whole segment: its frames go to `out`, both tracks by decoding time, in ms of the movie. The first one brings the sequence
    /// headers.
    ///
    /// # Errors
    /// When it is broken; what was read before that is in `out`.
    pub fn segment(&mut self, segment: &[u8], out: &mut Vec<Frame>) -> Result<(), Error> {
        let (runs, broken) = fragments::read(segment, &mut self.tracks);
        let first = out.len();
        // Samples that share bytes would make more of a segment than there is of it.
        let mut budget = segment.len();
        let mut overlap = Ok(());
        for run in &runs {
            overlap = overlap.and(self.frames(segment, run, &mut budget, out));
        }
        let broken = broken.and(overlap);
        let Some(new) = out.get_mut(first..) else { return broken };
        // Stable: a sequence header stays before its media.
        new.sort_by_key(|frame| frame.dts);
        let begins = new.first().map(|frame| frame.dts);
        if let Some(dts) = begins.filter(|_| !std::mem::replace(&mut self.begun, true)) {
            let headers = self.tracks.iter().filter(|track| !track.record.is_empty());
            let headers = headers.map(|track| flv::sequence_header(track.source.codec, &track.record, dts));
            let headers: Vec<_> = headers.collect();
            out.splice(first..first, headers);
        }
        broken
    }

    fn frames(&mut self, segment: &[u8], run: &Run, budget: &mut usize, out: &mut Vec<Frame>) -> Result<(), Error> {
        let Some(track) = self.tracks.get_mut(run.track) else { return Ok(()) };
        let lowest = run.samples.iter().map(|sample| i64::from(sample.cts)).min().unwrap_or_default();
        track.early = track.early.max(-lowest);
        for sample in &run.samples {
            let Some(payload) = segment.get(sample.bytes.clone()).filter(|payload| !payload.is_empty()) else {
                continue;
            };
            *budget = budget.checked_sub(payload.len()).ok_or(Error::malformed("movie fragment", "samples overlap"))?;
            let codec = track.source.codec;
            let ticks = sample.dts.cast_signed().saturating_sub(track.early).saturating_sub(track.source.media_time);
            let shown = ticks.saturating_add(track.early).saturating_add(i64::from(sample.cts));
            let dts = track.source.milliseconds(ticks);
            let cts = i32::try_from(track.source.milliseconds(shown) - dts).unwrap_or_default();
            let keyframe = sample.keyframe && flv::is_keyframe(codec, payload, track.source.nal_length_size);
            if let Some(record) = track.change_of_configuration(keyframe, payload) {
                out.push(flv::sequence_header(codec, &record, dts));
                track.record = record;
            }
            if !track.record.is_empty() {
                let cts = if matches!(codec, Codec::H264 | Codec::Hevc) { cts } else { 0 };
                let keyframe = keyframe || codec.track() == crate::frame::Track::Audio;
                out.push(flv::media(codec, keyframe, dts, cts, payload));
            }
        }
        Ok(())
    }
}

impl Track {
    /// The configuration that a key frame brings along, when it is another one: `avc3` and `hev1` say theirs in-band, MP3 in every frame.
    fn change_of_configuration(&self, keyframe: bool, payload: &[u8]) -> Option<Bytes> {
        if self.source.codec == Codec::Mp3 {
            let frame = Bytes::copy_from_slice(payload);
            return (self.record.is_empty() && Config::parse(Codec::Mp3, &frame).is_ok()).then_some(frame);
        }
        if !keyframe || !self.source.in_band {
            return None;
        }
        let config = Config::parse(self.source.codec, &self.source.record).ok()?;
        let record = config.completed_by(payload).ok()??.record().clone();
        (record != self.record).then_some(record)
    }
}
