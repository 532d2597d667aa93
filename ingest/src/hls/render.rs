//! A finished segment as bytes.

use super::{
    segmenter::{Cut, Sample},
    tracks::Tracks,
};
use crate::{
    codec::Config,
    error::Error,
    fmp4::{self, TrackRun, TrackSetup},
    frame::Track,
    ts,
};
use bytes::Bytes;

const VIDEO_ID: u32 = 1;
const AUDIO_ID: u32 = 2;
/// Video counts ms times this in fMP4, so that its timescale is the usual 90 kHz.
const VIDEO_SCALE: i64 = 90;

/// The init section (RFC 8216bis 3.1.2) of a run of segments.
pub(super) fn init_section(tracks: &Tracks) -> Result<Bytes, Error> {
    let video = tracks.video.as_ref().map(|config| TrackSetup { id: VIDEO_ID, config, timescale: 90_000 });
    let audio = tracks.audio.as_ref().map(|config| TrackSetup { id: AUDIO_ID, config, timescale: audio_rate(config) });
    let setups: Vec<TrackSetup<'_>> = video.into_iter().chain(audio).collect();
    fmp4::init_segment(&setups)
}

/// The media segment in fMP4, and its samples for MPEG-TS, whose payloads share its bytes.
///
/// # Errors
/// When the segment is too large for its container.
pub(super) fn fragment(sequence: u64, cut: &Cut) -> Result<(Bytes, Vec<ts::Sample>), Error> {
    let rate = cut.tracks.audio.as_ref().map_or(1, audio_rate);
    let video = video_run(cut);
    let audio = audio_run(cut);
    let mut runs = Vec::with_capacity(2);
    for (id, run) in [(VIDEO_ID, &video), (AUDIO_ID, &audio)] {
        if let Some(first) = run.first() {
            runs.push(TrackRun { id, base_decode_time: first.dts, samples: run });
        }
    }
    // mfhd.sequence_number has 32 bits and only needs to grow (ISO 14496-12 8.8.5).
    let number = u32::try_from(sequence & 0xffff_ffff).unwrap_or(0);
    let bytes = Bytes::from(fmp4::fragment(number, &runs)?);
    // mdat ends the fragment and holds the runs' payloads, one after another.
    let media: usize = video.iter().chain(&audio).map(|sample| sample.payload.len()).sum();
    let mut at = bytes.len().saturating_sub(media);
    let mut shared = |track, sample: &fmp4::Sample, scale: i64| {
        let payload = bytes.slice(at..at + sample.payload.len());
        at += payload.len();
        let ticks = |time: i64| time * ts::TICKS_PER_SECOND / scale;
        let dts = ticks(i64::try_from(sample.dts).unwrap_or(i64::MAX / ts::TICKS_PER_SECOND));
        ts::Sample { track, dts, cts: ticks(sample.cts.into()), keyframe: sample.keyframe, payload }
    };
    let mut samples: Vec<ts::Sample> = video.iter().map(|s| shared(Track::Video, s, 90_000)).collect();
    samples.extend(audio.iter().map(|s| shared(Track::Audio, s, rate.into())));
    Ok((bytes, samples))
}

fn audio_rate(config: &Config) -> u32 {
    config.audio().map_or(1, |format| format.sample_rate.max(1))
}

/// Each picture lasts until the next one; the last one until the segment's end, where the next segment's first begins.
fn video_run(cut: &Cut) -> Vec<fmp4::Sample> {
    let of_track: Vec<&Sample> = cut.samples.iter().filter(|sample| sample.track == Track::Video).collect();
    let mut run = Vec::with_capacity(of_track.len());
    for (n, sample) in of_track.iter().enumerate() {
        let next = of_track.get(n + 1).map_or(cut.end, |next| next.position).max(sample.position + 1);
        run.push(fmp4_sample(sample, VIDEO_SCALE, next));
    }
    run
}

/// Each audio frame lasts until the next one; the last one as long as it says.
fn audio_run(cut: &Cut) -> Vec<fmp4::Sample> {
    let of_track: Vec<&Sample> = cut.samples.iter().filter(|sample| sample.track == Track::Audio).collect();
    let mut run = Vec::with_capacity(of_track.len());
    for (n, sample) in of_track.iter().enumerate() {
        let own_end = sample.position + i64::from(sample.samples);
        run.push(fmp4_sample(sample, 1, of_track.get(n + 1).map_or(own_end, |next| next.position)));
    }
    run
}

fn fmp4_sample(sample: &Sample, scale: i64, next: i64) -> fmp4::Sample {
    fmp4::Sample {
        dts: u64::try_from(sample.position * scale).unwrap_or(0),
        duration: u32::try_from((next - sample.position) * scale).unwrap_or(u32::MAX),
        cts: i32::try_from(i64::from(sample.cts) * scale).unwrap_or(i32::MAX),
        keyframe: sample.keyframe,
        payload: sample.payload.clone(),
    }
}
