//! Samples that lie about their lengths and times neither panic nor break the transport rules.

#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use support::transport::{Stream, since};
use synctv_ingest::{
    Track,
    codec::{Codec, Config, VideoFormat, avc},
    ts::{Muxer, Sample},
};

fn avc(nal_length_size: u8) -> Config {
    Config::Avc(avc::Config {
        record: Bytes::new(),
        format: VideoFormat { width: 0, height: 0, fps: None },
        nal_length_size,
        sps: vec![Bytes::from_static(&[0x67, 1, 2])],
        pps: vec![Bytes::from_static(&[0x68, 3])],
    })
}

fn aac(record: &'static [u8]) -> Config {
    Config::parse(Codec::Aac, &Bytes::from_static(record)).unwrap()
}

fn sample(track: Track, dts: i64, payload: &[u8]) -> Sample {
    Sample { track, dts, cts: 0, keyframe: true, payload: Bytes::copy_from_slice(payload) }
}

fn bodies(muxer: &mut Muxer, samples: &[Sample], pid: u16) -> Vec<Vec<u8>> {
    let mut stream = Stream::default();
    stream.read(&muxer.segment(samples));
    stream.of(pid).map(|pes| pes.body.clone()).collect()
}

#[test]
fn nal_length_fields_of_1_2_and_4_bytes_are_read() {
    for (size, payload) in [(1, [2, 0x65, 7].as_slice()), (2, &[0, 2, 0x65, 7]), (4, &[0, 0, 0, 2, 0x65, 7])] {
        let mut muxer = Muxer::new(Some(&avc(size)), None).unwrap();
        let bodies = bodies(&mut muxer, &[sample(Track::Video, 0, payload)], 0x100);
        let expected = [0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 7];
        assert_eq!(bodies, [expected]);
    }
}

#[test]
fn parameter_sets_in_band_are_not_doubled() {
    let payload = [2, 9, 0x10, 2, 0x67, 9, 2, 0x68, 9, 2, 0x65, 7];
    let mut muxer = Muxer::new(Some(&avc(1)), None).unwrap();
    let bodies = bodies(&mut muxer, &[sample(Track::Video, 0, &payload)], 0x100);
    assert_eq!(bodies, [[0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 9, 0, 0, 0, 1, 0x65, 7]]);
}

#[test]
fn aac_that_adts_cannot_name_is_signalled_as_its_lc_core() {
    // HE-AAC v2 (PS): core at 24 kHz mono; HE-AAC: core at 24 kHz stereo; LC 44.1 kHz stereo.
    for (record, profile, rate, channels) in
        [([0xeb, 0x09, 0x88, 0].as_slice(), 1, 6, 1), (&[0x2b, 0x11, 0x88, 0], 1, 6, 2), (&[0x12, 0x10], 1, 4, 2)]
    {
        let mut muxer = Muxer::new(None, Some(&aac(record))).unwrap();
        let body = bodies(&mut muxer, &[sample(Track::Audio, 0, &[1, 2, 3])], 0x101).remove(0);
        let seen = (body[2] >> 6, body[2] >> 2 & 15, (body[2] & 1) << 2 | body[3] >> 6);
        assert_eq!(seen, (profile, rate, channels), "{record:x?}");
        assert_eq!((usize::from(body[4]) << 3) | usize::from(body[5] >> 5), 10);
    }
}

#[test]
fn an_audio_frame_too_long_for_adts_is_left_out() {
    let mut muxer = Muxer::new(None, Some(&aac(&[0x12, 0x10]))).unwrap();
    assert!(bodies(&mut muxer, &[sample(Track::Audio, 0, &[0; 9_000])], 0x101).is_empty());
}

#[test]
fn codecs_without_a_place_in_mpeg_ts_are_refused_by_name() {
    let opus = Config::parse(Codec::Opus, &Bytes::new()).unwrap();
    let refusal = Muxer::new(Some(&avc(4)), Some(&opus)).unwrap_err();
    assert_eq!(refusal.to_string(), "unsupported codec in MPEG-TS: opus");
    assert!(Muxer::new(None, None).is_err());
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let one =
        (any::<bool>(), 0_i64..20_000_000, 0_i64..100_000, any::<bool>(), prop::collection::vec(any::<u8>(), 0..700));
    prop::collection::vec(one, 0..60).prop_map(|samples| {
        let track = |video| if video { Track::Video } else { Track::Audio };
        samples
            .into_iter()
            .map(|(video, dts, cts, keyframe, payload)| Sample {
                track: track(video),
                dts,
                cts,
                keyframe,
                payload: payload.into(),
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn any_samples_make_well_formed_segments(first in samples(), second in samples(), size in 0_u8..=9) {
        let mut muxer = Muxer::new(Some(&avc(size)), Some(&aac(&[0x12, 0x10]))).unwrap();
        let mut stream = Stream::default();
        stream.read(&muxer.segment(&first));
        for pes in &stream.pes {
            prop_assert!(since(pes.pts, pes.dts) >= 0 && since(pes.dts, pes.pcr) > 0);
        }
        stream.read(&muxer.segment(&second));
        for pair in stream.pcrs.windows(2) {
            prop_assert!(since(pair[1], pair[0]) >= 0, "the clock never runs backwards");
        }
    }
}
