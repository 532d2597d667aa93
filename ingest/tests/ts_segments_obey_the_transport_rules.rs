//! MPEG-TS segments against ISO 13818-1, by our own reading, by an independent reader, and by ffmpeg.

#![allow(clippy::unwrap_used)]

mod support;

use mpeg2ts::ts::{ReadTsPacket, TsPacketReader};
use support::transport::{Stream, since, unit_types};
use synctv_ingest::{
    Frame, FrameKind, Track,
    ts::{Muxer, Sample},
};

fn samples(frames: &[Frame], origin: i64) -> Vec<Sample> {
    let media = frames.iter().filter(|f| f.kind == FrameKind::Media);
    media
        .map(|f| Sample {
            track: f.track,
            dts: origin + f.dts * 90,
            cts: i64::from(f.cts) * 90,
            keyframe: f.keyframe,
            payload: f.payload_bytes(),
        })
        .collect()
}

fn segments(name: &str, origin: i64) -> Vec<Vec<u8>> {
    let frames = support::frames(name);
    let (video, audio) = (support::config(&frames, Track::Video), support::config(&frames, Track::Audio));
    let mut muxer = Muxer::new(video.as_ref(), audio.as_ref()).unwrap();
    let mut runs: Vec<Vec<Sample>> = Vec::new();
    for sample in samples(&frames, origin) {
        if runs.is_empty() || sample.track == Track::Video && sample.keyframe && !runs.last().unwrap().is_empty() {
            runs.push(Vec::new());
        }
        runs.last_mut().unwrap().push(sample);
    }
    runs.iter().map(|run| muxer.segment(run).to_vec()).collect()
}

fn check_clocks(stream: &Stream) {
    for pair in stream.pcrs.windows(2) {
        let step = since(pair[1], pair[0]);
        assert!((0..=3_600).contains(&step), "PCR step of {step} ticks");
    }
    for pes in &stream.pes {
        assert!(since(pes.pts, pes.dts) >= 0 && since(pes.dts, pes.pcr) > 0, "PTS >= DTS > PCR: {pes:?}");
    }
}

#[test]
fn counters_clocks_and_tables_hold_across_segments() {
    for name in ["mux_h264_aac.flv", "mux_h264_mp3.flv", "mux_hevc.flv"] {
        let mut stream = Stream::default();
        for segment in segments(name, 0) {
            stream.read(&segment);
        }
        check_clocks(&stream);
    }
}

#[test]
fn the_33_bit_clock_wraps_without_a_break() {
    let mut stream = Stream::default();
    for segment in segments("mux_h264_aac.flv", (1 << 33) - 300_000) {
        stream.read(&segment);
    }
    check_clocks(&stream);
    assert!(stream.pcrs.first() > stream.pcrs.last(), "the clip must pass the wrap");
}

#[test]
fn access_units_begin_with_a_delimiter_and_random_access_with_parameter_sets() {
    for (name, hevc, head) in
        [("mux_h264_aac.flv", false, [9, 7, 8].as_slice()), ("mux_hevc.flv", true, &[35, 32, 33, 34])]
    {
        let mut stream = Stream::default();
        segments(name, 0).iter().for_each(|segment| stream.read(segment));
        let mut random_access = 0;
        for pes in stream.of(0x100) {
            let types = unit_types(&pes.body, hevc);
            assert_eq!(types[0], head[0]);
            assert_eq!(types.iter().filter(|t| **t == head[0]).count(), 1, "one delimiter: {types:?}");
            if pes.random_access {
                assert_eq!(&types[..head.len()], head);
                random_access += 1;
            }
        }
        assert_eq!(random_access, 3, "{name} has three GOPs");
    }
}

#[test]
fn every_frame_survives_with_its_time() {
    for (name, video, audio) in [("mux_h264_aac.flv", 75, 131), ("mux_h264_mp3.flv", 10, 79), ("mux_hevc.flv", 30, 0)] {
        let frames = support::frames(name);
        let count = |track| frames.iter().filter(|f| f.track == track && f.kind == FrameKind::Media).count();
        assert_eq!((count(Track::Video), count(Track::Audio)), (video, audio), "{name}");
        let bytes = segments(name, 0).concat();
        support::decode(&bytes);
        let packets =
            support::ffprobe(&bytes, &["-select_streams", "v", "-show_entries", "packet=pts,dts", "-of", "csv=p=0"]);
        let seen: Vec<(i64, i64)> = packets
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| line.trim_end_matches(',').split_once(',').unwrap())
            .map(|(pts, dts)| (pts.parse::<i64>().unwrap() - 126_000, dts.parse::<i64>().unwrap() - 126_000))
            .collect();
        let sent: Vec<(i64, i64)> = frames
            .iter()
            .filter(|f| f.track == Track::Video && f.kind == FrameKind::Media)
            .map(|f| (f.pts() * 90, f.dts * 90))
            .collect();
        assert_eq!(seen, sent);
        if audio > 0 {
            let packets =
                support::ffprobe(&bytes, &["-select_streams", "a", "-show_entries", "packet=pts", "-of", "csv=p=0"]);
            assert_eq!(packets.lines().filter(|line| !line.is_empty()).count(), audio);
        }
    }
}

#[test]
fn each_segment_plays_alone() {
    for segment in segments("mux_h264_aac.flv", 0) {
        support::decode(&segment);
    }
}

#[test]
fn an_independent_reader_accepts_every_packet() {
    for name in ["mux_h264_aac.flv", "mux_h264_mp3.flv", "mux_hevc.flv"] {
        let bytes = segments(name, 0).concat();
        let mut reader = TsPacketReader::new(bytes.as_slice());
        let mut packets = 0;
        while let Some(_packet) = reader.read_ts_packet().unwrap() {
            packets += 1;
        }
        assert_eq!(packets, bytes.len() / 188);
    }
}
