//! The fields a fragment writes, read back by an independent parser of boxes.
#![allow(clippy::unwrap_used, reason = "a broken fragment ends the test")]

use bytes::Bytes;
use proptest::prelude::*;
use shiguredo_mp4::{
    Decode,
    boxes::{MoofBox, TrunBox},
};
use synctv_ingest::fmp4::{Sample, TrackRun, fragment};

fn sample(duration: u32, cts: i32, keyframe: bool, payload: &[u8]) -> Sample {
    Sample { dts: 0, duration, cts, keyframe, payload: Bytes::copy_from_slice(payload) }
}

fn moof(bytes: &[u8]) -> (MoofBox, usize) {
    MoofBox::decode(bytes).unwrap()
}

/// The bytes of each sample as a player finds them: from the start of the moof plus the data offset.
fn payloads(bytes: &[u8], trun: &TrunBox) -> Vec<Vec<u8>> {
    let mut at = usize::try_from(trun.data_offset.unwrap()).unwrap();
    let cut = |sample: &shiguredo_mp4::boxes::TrunSample| {
        let size = sample.size.unwrap() as usize;
        let payload = bytes[at..at + size].to_vec();
        at += size;
        payload
    };
    trun.samples.iter().map(cut).collect()
}

#[test]
fn what_all_samples_share_is_written_once() {
    let samples = [sample(3000, 0, true, b"key"), sample(3000, 0, false, b"p"), sample(3000, 0, false, b"q")];
    let bytes = fragment(9, &[TrackRun { id: 1, base_decode_time: 5_000_000_000, samples: &samples }]).unwrap();
    let (moof, _) = moof(&bytes);
    let traf = &moof.traf_boxes[0];
    assert_eq!(moof.mfhd_box.sequence_number, 9);
    assert!(traf.tfhd_box.default_base_is_moof);
    assert_eq!(traf.tfhd_box.default_sample_duration, Some(3000));
    assert_eq!(traf.tfdt_box.as_ref().unwrap().base_media_decode_time, 5_000_000_000);
    let trun = &traf.trun_boxes[0];
    assert_eq!(trun.first_sample_flags.as_ref().unwrap().get(), 0x0200_0000);
    assert_eq!(traf.tfhd_box.default_sample_flags.as_ref().unwrap().get(), 0x0101_0000);
    assert!(trun.samples.iter().all(|sample| sample.duration.is_none() && sample.composition_time_offset.is_none()));
}

#[test]
fn two_key_frames_in_a_run_keep_their_flags() {
    let samples = [sample(1, 0, true, b"a"), sample(1, 0, false, b"b"), sample(2, -5, true, b"c")];
    let bytes = fragment(1, &[TrackRun { id: 1, base_decode_time: 0, samples: &samples }]).unwrap();
    let (moof, _) = moof(&bytes);
    let trun = &moof.traf_boxes[0].trun_boxes[0];
    let flags: Vec<u32> = trun.samples.iter().map(|sample| sample.flags.as_ref().unwrap().get()).collect();
    assert_eq!(flags, [0x0200_0000, 0x0101_0000, 0x0200_0000]);
    assert_eq!(trun.samples[2].composition_time_offset, Some(-5));
    assert_eq!(trun.samples[2].duration, Some(2));
}

fn any_samples() -> impl Strategy<Value = Vec<Sample>> {
    let any_sample = (0u32..3, -1i32..2, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..20))
        .prop_map(|(duration, cts, keyframe, payload)| sample(duration, cts, keyframe, &payload));
    proptest::collection::vec(any_sample, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_runs_come_back_as_they_went_in(video in any_samples(), audio in any_samples(), base in any::<u64>()) {
        let runs = [
            TrackRun { id: 1, base_decode_time: base, samples: &video },
            TrackRun { id: 2, base_decode_time: 7, samples: &audio },
        ];
        let bytes = fragment(1, &runs).unwrap();
        prop_assert_eq!(bytes.len(), bytes.capacity());
        let (moof, moof_size) = moof(&bytes);
        let mdat = u32::from_be_bytes(bytes[moof_size..moof_size + 4].try_into().unwrap()) as usize;
        prop_assert_eq!(moof_size + mdat, bytes.len());
        let written = runs.iter().filter(|run| !run.samples.is_empty());
        prop_assert_eq!(moof.traf_boxes.len(), written.clone().count());
        for (traf, run) in moof.traf_boxes.iter().zip(written) {
            prop_assert_eq!(traf.tfhd_box.track_id, run.id);
            prop_assert_eq!(traf.tfdt_box.as_ref().unwrap().base_media_decode_time, run.base_decode_time);
            let trun = &traf.trun_boxes[0];
            let found = payloads(&bytes, trun);
            prop_assert_eq!(trun.samples.len(), run.samples.len());
            for (at, ((read, sample), payload)) in trun.samples.iter().zip(run.samples).zip(found).enumerate() {
                prop_assert_eq!(&payload[..], &sample.payload[..]);
                prop_assert_eq!(read.duration.or(traf.tfhd_box.default_sample_duration), Some(sample.duration));
                prop_assert_eq!(read.composition_time_offset.unwrap_or(0), i64::from(sample.cts));
                let first = trun.first_sample_flags.as_ref().filter(|_| at == 0);
                let flags = read.flags.as_ref().or(first).or(traf.tfhd_box.default_sample_flags.as_ref());
                prop_assert_eq!(flags.unwrap().get() & 0x1_0000 == 0, sample.keyframe);
            }
        }
    }
}
