//! Records of real encoders say what the encoders were asked for.

mod codec_fixture;

use codec_fixture::{TRACKS, read};
use synctv_ingest::codec::{Codec, Config, av1, avc, hevc, nal, vp9};

#[test]
fn video_configurations_give_the_cropped_size_and_the_rate() {
    for (clip, codec) in TRACKS {
        let Some(format) = read(clip).whole_config(codec).video() else { continue };
        assert_eq!((format.width, format.height), (160, 90), "{clip}");
        if matches!(codec, Codec::H264 | Codec::Hevc) {
            assert_eq!(format.fps, Some(10.0), "{clip}");
        }
    }
}

#[test]
fn records_that_leave_the_picture_out_are_known_as_incomplete() {
    for (clip, codec) in TRACKS {
        let empty_av1 = clip == "av1_opus.flv" && codec == Codec::Av1;
        assert_eq!(read(clip).config(codec).is_complete(), !empty_av1 && codec != Codec::Vp9, "{clip} {codec:?}");
    }
}

#[test]
fn audio_records_give_rate_channels_and_frame_length() {
    let format = |clip: &str, codec| {
        let format = read(clip).config(codec).audio().unwrap();
        (format.sample_rate, format.channels, format.samples_per_frame)
    };
    assert_eq!(format("h264_aac.flv", Codec::Aac), (44_100, 2, 1024));
    assert_eq!(format("vp9_mp3.flv", Codec::Mp3), (44_100, 1, 1152));
    assert_eq!(format("mp3_22050.flv", Codec::Mp3), (22_050, 1, 576));
    assert_eq!(format("av1_opus.flv", Codec::Opus), (48_000, 1, 960));
}

#[test]
fn codec_names_are_what_players_ask_for() {
    for ((clip, codec), name) in TRACKS.into_iter().zip([
        "avc1.64000a",
        "mp4a.40.2",
        "hvc1.1.6.L30.90",
        "hvc1.2.4.L30.90",
        "av01.0.00M.08",
        "opus",
        "av01.0.00M.10",
        "vp09.00.10.08",
        "mp4a.40.34",
        "mp4a.40.34",
    ]) {
        assert_eq!(read(clip).whole_config(codec).rfc6381(), name, "{clip}");
    }
}

#[test]
fn a_vp9_key_frame_gives_the_size_and_others_do_not() {
    let clip = read("vp9_mp3.flv");
    for packet in clip.media(Codec::Vp9) {
        assert_eq!(vp9::key_frame_size(&packet.payload), packet.keyframe.then_some((160, 90)));
    }
}

#[test]
fn every_key_frame_has_a_random_access_unit_and_no_other_frame_has() {
    for (clip, codec, length_size) in [("h264_aac.flv", Codec::H264, 4), ("hevc.flv", Codec::Hevc, 4)] {
        for packet in read(clip).media(codec) {
            assert!(!nal::is_annex_b(&packet.payload, length_size));
            let mut kinds = nal::units(&packet.payload, length_size).map(|unit| nal::NalKind::of(codec, unit.unwrap()));
            assert_eq!(
                kinds.any(|kind| kind == nal::NalKind::RandomAccess),
                packet.keyframe,
                "{clip} {}",
                packet.dts_ms
            );
        }
    }
}

#[test]
fn records_rebuilt_from_in_band_parameter_sets_describe_the_same_stream() {
    let Config::Avc(sent) = read("h264_aac.flv").config(Codec::H264) else { panic!() };
    let built = avc::Config::from_parameter_sets(&sent.sps[0], &sent.pps[0]).unwrap();
    assert_eq!((built.format, &built.sps, &built.pps), (sent.format, &sent.sps, &sent.pps));
    assert_eq!(built.record, sent.record, "libx264's record, byte for byte");

    for clip in ["hevc.flv", "hevc_10bit.flv"] {
        let Config::Hevc(sent) = read(clip).config(Codec::Hevc) else { panic!() };
        let sets = [&sent.vps[0], &sent.sps[0], &sent.pps[0]];
        let access_unit = nal::length_prefixed(sets.into_iter().map(|set| &set[..]));
        let built = hevc::Config::from_access_unit(&access_unit, 4).unwrap().unwrap();
        assert_eq!((built.format, built.rfc6381()), (sent.format, sent.rfc6381()));
        assert_eq!((&built.vps, &built.sps, &built.pps), (&sent.vps, &sent.sps, &sent.pps));
        assert_eq!(built.record[1..13], sent.record[1..13], "profile, tier, level");
        assert_eq!(built.record[16..19], sent.record[16..19], "chroma format and bit depths");
    }

    let clip = read("av1_10bit.flv");
    let sent = clip.config(Codec::Av1);
    let built = sent.completed_by(&clip.media(Codec::Av1).next().unwrap().payload).unwrap().unwrap();
    // SVT-AV1 announces other coding tools than it uses in-band; profile, level, depth and size agree.
    assert_eq!((&built.record()[..4], built.video()), (&sent.record()[..4], sent.video()));
}

#[test]
fn an_access_unit_without_parameter_sets_gives_no_record() {
    let clip = read("h264_aac.flv");
    let inter = clip.media(Codec::H264).find(|packet| !packet.keyframe).unwrap();
    assert_eq!(avc::Config::from_access_unit(&inter.payload, 4), Ok(None));
    assert_eq!(hevc::Config::from_access_unit(&inter.payload, 4), Ok(None));
    assert_eq!(av1::Config::from_temporal_unit(&[]), Ok(None));
}
