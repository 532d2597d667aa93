//! Tags as legacy and enhanced publishers send them, and the frames they come to.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

use bytes::Bytes;
use synctv_ingest::codec::{AudioFormat, Codec, Config, VideoFormat};
use synctv_ingest::flv::amf0::{Bounds, Value, read_all};
use synctv_ingest::flv::{Demuxed, Demuxer, FileReader, Tag, TagKind, Warning, on_metadata};
use synctv_ingest::{Error, Frame, FrameKind, Track};

fn tag(kind: TagKind, body: &[u8]) -> Tag {
    Tag { kind, timestamp: 40, body: Bytes::copy_from_slice(body) }
}

fn video(demuxer: &mut Demuxer, body: &[u8]) -> Demuxed {
    demuxer.demux(&tag(TagKind::Video, body)).unwrap()
}

fn audio(demuxer: &mut Demuxer, body: &[u8]) -> Demuxed {
    demuxer.demux(&tag(TagKind::Audio, body)).unwrap()
}

fn only(demuxed: Demuxed) -> Frame {
    assert_eq!(demuxed.frames.len(), 1);
    demuxed.frames[0].clone()
}

fn fixture_tags(name: &str) -> Vec<Tag> {
    let bytes = std::fs::read(format!("{}/../fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (mut reader, mut input) = (FileReader::new(), &bytes[..]);
    std::iter::from_fn(|| reader.read(&mut input).unwrap()).collect()
}

/// Parameter sets of a real clip, as length-prefixed NAL units in front of its first access unit.
fn in_band(name: &str) -> (Vec<u8>, Bytes, Tag) {
    let mut demuxer = Demuxer::new();
    let frames: Vec<Frame> = fixture_tags(name).iter().flat_map(|tag| demuxer.demux(tag).unwrap().frames).collect();
    let header = frames.iter().find(|f| f.track == Track::Video && f.kind == FrameKind::SequenceHeader).unwrap();
    let first = frames.iter().find(|f| f.is_video_keyframe()).unwrap();
    let sets = match Config::parse(header.codec, &header.payload_bytes()).unwrap() {
        Config::Avc(c) => [c.sps, c.pps].concat(),
        Config::Hevc(c) => [c.vps, c.sps, c.pps].concat(),
        other => panic!("{other:?}"),
    };
    let mut units = Vec::new();
    for set in sets {
        units.extend((set.len() as u32).to_be_bytes());
        units.extend(set);
    }
    let body = [&first.tag[..first.payload_at.into()], &units, first.payload()].concat();
    (units, header.payload_bytes(), tag(TagKind::Video, &body))
}

#[test]
fn legacy_avc_tags_become_frames() {
    let mut demuxer = Demuxer::new();
    let header = only(video(&mut demuxer, &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff]));
    assert_eq!(
        (header.codec, header.kind, header.payload()),
        (Codec::H264, FrameKind::SequenceHeader, &[1, 0x64, 0, 0x1f, 0xff][..])
    );
    let frame = only(video(&mut demuxer, &[0x17, 1, 0, 0, 80, 0, 0, 0, 2, 0x65, 9]));
    assert_eq!((frame.dts, frame.cts, frame.pts(), frame.keyframe), (40, 80, 120, true));
    assert_eq!(frame.payload(), [0, 0, 0, 2, 0x65, 9]);
    let inter = only(video(&mut demuxer, &[0x27, 1, 0xff, 0xff, 0xd8, 0, 0, 0, 2, 0x41, 9]));
    assert_eq!((inter.cts, inter.keyframe), (-40, false), "composition time is signed");
    assert_eq!(video(&mut demuxer, &[0x17, 2, 0, 0, 0]).ended, Some(Track::Video));
    assert_eq!(video(&mut demuxer, &[0x17, 2]).ended, Some(Track::Video));
}

#[test]
fn legacy_hevc_is_accepted() {
    let mut demuxer = Demuxer::new();
    assert_eq!(only(video(&mut demuxer, &[0x1c, 0, 0, 0, 0, 1])).codec, Codec::Hevc);
    let frame = only(video(&mut demuxer, &[0x1c, 1, 0, 0, 40, 0, 0, 0, 3, 0x26, 1, 9]));
    assert_eq!((frame.codec, frame.payload_at, frame.cts, frame.keyframe), (Codec::Hevc, 5, 40, true));
}

#[test]
fn enhanced_video_has_composition_time_only_for_avc_and_hevc_coded_frames() {
    for (four_cc, codec, carries_cts) in [
        (b"avc1", Codec::H264, true),
        (b"hvc1", Codec::Hevc, true),
        (b"av01", Codec::Av1, false),
        (b"vp09", Codec::Vp9, false),
    ] {
        let mut demuxer = Demuxer::new();
        let body = |first: u8, rest: &[u8]| [&[first][..], four_cc, rest].concat();
        assert_eq!(only(video(&mut demuxer, &body(0x90, &[1; 30]))).kind, FrameKind::SequenceHeader);
        let coded = only(video(&mut demuxer, &body(0x91, &[0, 0, 40, 7, 7])));
        assert_eq!(
            (coded.codec, coded.cts, coded.payload_at),
            if carries_cts { (codec, 40, 8) } else { (codec, 0, 5) }
        );
        let coded_x = only(video(&mut demuxer, &body(0xa3, &[7, 7, 7])));
        assert_eq!((coded_x.cts, coded_x.payload_at, coded_x.keyframe), (0, 5, false));
        assert_eq!(video(&mut demuxer, &body(0x92, &[])).ended, Some(Track::Video));
    }
}

#[test]
fn side_data_and_command_frames_are_never_forwarded() {
    let mut demuxer = Demuxer::new();
    video(&mut demuxer, &[&[0x90][..], b"hvc1", &[1; 30]].concat());
    // ffmpeg sends its HDR metadata with frame type 5.
    for body in [&b"\xd4hvc1meta"[..], b"\x94hvc1meta", b"\xd1\x00", b"\x57\x01\x00\x00\x00", b"\x96\x04hvc1\x00meta"] {
        assert!(video(&mut demuxer, body).frames.is_empty());
    }
    assert!(audio(&mut demuxer, b"\x94Opus\x01\x02").frames.is_empty(), "MultichannelConfig");
}

#[test]
fn enhanced_audio_tags_become_frames() {
    for (four_cc, codec) in [(b"Opus", Codec::Opus), (b"mp4a", Codec::Aac)] {
        let mut demuxer = Demuxer::new();
        let header = only(audio(&mut demuxer, &[&[0x90][..], four_cc, &[1, 2]].concat()));
        assert_eq!((header.codec, header.kind, header.payload_at), (codec, FrameKind::SequenceHeader, 5));
        let frame = only(audio(&mut demuxer, &[&[0x91][..], four_cc, &[7]].concat()));
        assert_eq!((frame.payload(), frame.keyframe), (&[7][..], true));
        assert!(audio(&mut demuxer, &[&[0x91][..], four_cc].concat()).frames.is_empty(), "silence");
    }
}

#[test]
fn multitrack_track_0_is_unwrapped_and_other_tracks_are_dropped() {
    let mut demuxer = Demuxer::new();
    // OneTrack: track 0; ManyTracks: 1 then 0; ManyTracksManyCodecs: 1 (an unknown codec) then 0.
    let one = b"\x96\x00hvc1\x00\x01\x02\x03";
    let many = b"\x96\x10hvc1\x01\x00\x00\x02xx\x00\x00\x00\x03\x01\x02\x03";
    let codecs = b"\x96\x20vp08\x01\x00\x00\x02xxhvc1\x00\x00\x00\x03\x01\x02\x03";
    for body in [&one[..], many, codecs] {
        let frame = only(video(&mut demuxer, body));
        assert_eq!((frame.kind, &frame.tag[..]), (FrameKind::SequenceHeader, &b"\x90hvc1\x01\x02\x03"[..]));
    }
    assert!(video(&mut demuxer, b"\x96\x01hvc1\x01\x00\x00\x00xx").frames.is_empty());
    let coded = only(video(&mut demuxer, b"\x96\x01hvc1\x00\x00\x00\x28\x07"));
    assert_eq!((&coded.tag[..], coded.cts, coded.payload()), (&b"\x91hvc1\x00\x00\x28\x07"[..], 40, &[7][..]));
    let sound = only(audio(&mut demuxer, b"\x95\x00Opus\x00head"));
    assert_eq!(&sound.tag[..], b"\x90Opushead");
}

#[test]
fn mod_ex_is_unwrapped() {
    let mut demuxer = Demuxer::new();
    // A nanosecond offset of three bytes, then SequenceStart; the long size form too.
    let frame = only(video(&mut demuxer, b"\x97\x02\x01\x02\x03\x00av01\x81\x00"));
    assert_eq!(&frame.tag[..], b"\x90av01\x81\x00");
    let long = [&b"\x97\xff\x00\x04"[..], &[9; 5], b"\x03av01\x07"].concat();
    assert_eq!(&only(video(&mut demuxer, &long)).tag[..], b"\x93av01\x07");
    assert!(demuxer.demux(&tag(TagKind::Video, b"\x97\xff\xff\xff")).is_err());
}

#[test]
fn codecs_that_cannot_be_carried_are_named() {
    for (kind, body, name) in [
        (TagKind::Video, &b"\x90vp08x"[..], "vp08"),
        (TagKind::Video, b"\x12\x00", "Sorenson H.263"),
        (TagKind::Video, b"\x14\x00", "VP6"),
        (TagKind::Audio, b"\x90fLaCx", "fLaC"),
        (TagKind::Audio, b"\x90ac-3x", "ac-3"),
        (TagKind::Audio, b"\x91ec-3x", "ec-3"),
        (TagKind::Audio, b"\xb2x", "Speex"),
        (TagKind::Audio, b"\x90\x00\xff\n!", "???!"),
    ] {
        let error = Demuxer::new().demux(&tag(kind, body)).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { value, .. } if value == name), "{error}");
    }
}

#[test]
fn aac_without_a_header_is_withheld_and_reported_once() {
    let mut demuxer = Demuxer::new();
    let first = audio(&mut demuxer, &[0xaf, 1, 7]);
    assert_eq!((first.frames.len(), first.warning), (0, Some(Warning::NoSequenceHeader(Codec::Aac))));
    assert_eq!(audio(&mut demuxer, &[0xaf, 1, 7]).warning, None);
    assert!(audio(&mut demuxer, &[0xaf, 0]).frames.is_empty(), "an empty header configures nothing");
    audio(&mut demuxer, &[0xaf, 0, 0x12, 0x10]);
    assert_eq!(only(audio(&mut demuxer, &[0xaf, 1, 7])).payload(), [7]);
    for silence in [&[][..], &[0xaf], &[0xaf, 1]] {
        assert!(audio(&mut demuxer, silence).frames.is_empty());
    }
}

#[test]
fn repeated_sequence_headers_pass_through() {
    let mut demuxer = Demuxer::new();
    for _ in 0..3 {
        assert_eq!(only(audio(&mut demuxer, &[0xaf, 0, 0x12, 0x10])).kind, FrameKind::SequenceHeader);
    }
}

#[test]
fn in_band_parameter_sets_make_a_sequence_header() {
    for name in ["h264_aac.flv", "hevc.flv"] {
        let (_, record, media) = in_band(name);
        let mut demuxer = Demuxer::new();
        let out = demuxer.demux(&media).unwrap();
        let [header, frame] = &out.frames[..] else { panic!("{name}: {:?}", out) };
        assert_eq!(
            (header.kind, frame.kind, frame.tag.clone()),
            (FrameKind::SequenceHeader, FrameKind::Media, media.body)
        );
        let built = Config::parse(header.codec, &header.payload_bytes()).unwrap();
        assert_eq!(built.video(), Config::parse(header.codec, &record).unwrap().video(), "{name}");
        assert_eq!(header.tag[0] & 0x8f, frame.tag[0] & 0x80 | header.tag[0] & 0x0f);
    }
}

#[test]
fn annex_b_becomes_length_prefixed() {
    let (units, _, media) = in_band("h264_aac.flv");
    let mut annex_b = media.body[..5].to_vec();
    let mut rest = &media.body[5..];
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (unit, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        annex_b.extend([&[0, 0, 0, 1][..], unit].concat());
        rest = tail;
    }
    let out = video(&mut Demuxer::new(), &annex_b);
    assert_eq!(out.frames.len(), 2);
    assert!(out.frames[1].payload().starts_with(&units));
}

#[test]
fn key_frame_that_every_slice_contradicts_is_none() {
    let mut demuxer = Demuxer::new();
    video(&mut demuxer, &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff]);
    // first_mb_in_slice 0, slice_type 0 (P): bits 1 1; slice_type 2 (I): bits 1 011.
    let unit = |nal: &[u8]| [&[0x17, 1, 0, 0, 0, 0, 0, 0, nal.len() as u8][..], nal].concat();
    assert!(!only(video(&mut demuxer, &unit(&[0x41, 0b1100_0000, 0]))).keyframe);
    assert!(only(video(&mut demuxer, &unit(&[0x41, 0b1011_0000, 0]))).keyframe, "an I slice");
    assert!(only(video(&mut demuxer, &unit(&[0x65, 0b1100_0000, 0]))).keyframe, "IDR");
    let recovery = [&unit(&[0x06, 6, 1, 0x80, 0x80])[..], &[0, 0, 0, 3, 0x41, 0b1100_0000, 0]].concat();
    assert!(only(video(&mut demuxer, &recovery)).keyframe, "intra refresh");
    assert!(only(video(&mut demuxer, &unit(&[0x0c, 0xff]))).keyframe, "nothing to judge by");
}

#[test]
fn mp3_configures_itself_when_its_frame_header_changes() {
    let (mut demuxer, mut frames) = (Demuxer::new(), Vec::new());
    for tag in fixture_tags("mp3_22050.flv").iter().filter(|tag| tag.kind == TagKind::Audio) {
        frames.extend(demuxer.demux(tag).unwrap().frames);
    }
    let headers: Vec<_> = frames.iter().filter(|frame| frame.kind == FrameKind::SequenceHeader).collect();
    assert_eq!(headers.len(), 1);
    assert!(!headers[0].is_flv_tag() && frames[1].is_flv_tag());
    assert_eq!(frames[0].tag, frames[1].tag);
}

#[test]
fn metadata_for_viewers_reads_back() {
    let video = VideoFormat { width: 160, height: 90, fps: Some(10.0) };
    let audio = AudioFormat { sample_rate: 44_100, channels: 2, samples_per_frame: 1024 };
    let body = on_metadata(Some((Codec::H264, Some(video))), Some((Codec::Aac, Some(audio))));
    let values = read_all(&body, &Bounds::default()).unwrap();
    assert_eq!(values[0].as_str(), Some("onMetaData"));
    for (name, number) in [
        ("width", 160.0),
        ("height", 90.0),
        ("framerate", 10.0),
        ("videocodecid", 7.0),
        ("audiocodecid", 10.0),
        ("audiosamplerate", 44_100.0),
    ] {
        assert_eq!(values[1].get(name).and_then(Value::as_number), Some(number), "{name}");
    }
    assert_eq!(values[1].get("encoder").and_then(Value::as_str), Some("synctv"));
    let bare = read_all(&on_metadata(None, Some((Codec::Opus, None))), &Bounds::default()).unwrap();
    assert_eq!((bare[1].get("width"), bare[1].get("videocodecid")), (None, None));
}
