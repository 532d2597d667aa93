//! What ffmpeg wraps into MPEG-TS and fragmented MP4 comes out as the access units and times that went in.
#![allow(clippy::unwrap_used, reason = "a broken fixture or a missing ffmpeg ends the test")]

mod support;

use std::{io::Write, path::PathBuf, process::Command};
use support::{fixture, frames};
use synctv_ingest::codec::nal::{NalKind, units};
use synctv_ingest::{Frame, FrameKind, Track, codec::Codec, fmp4, ts};

/// A fixture as a file that ffmpeg 5.1 reads: it knows no HEVC in FLV.
fn readable(name: &str) -> PathBuf {
    if name != "mux_hevc.flv" {
        return fixture(name);
    }
    let frames = frames(name);
    let config = support::config(&frames, Track::Video).unwrap();
    let samples: Vec<_> = frames.iter().filter(|frame| frame.kind == FrameKind::Media).map(sample).collect();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("demux_hevc.ts");
    let bytes = ts::Muxer::new(Some(&config), None).unwrap().segment(&samples);
    compare(name, "our own transport stream", &from_ts(&bytes, 500));
    // Readers of the same file in other tests see it whole or not at all.
    let mut written = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    written.write_all(&bytes).unwrap();
    written.persist(&path).unwrap();
    path
}

fn sample(frame: &Frame) -> ts::Sample {
    let (track, dts, cts) = (frame.track, frame.dts * 90, i64::from(frame.cts) * 90);
    ts::Sample { track, dts, cts, keyframe: frame.keyframe, payload: frame.payload_bytes() }
}

/// A fixture in another container.
fn remux(name: &str, arguments: &[&str]) -> Vec<u8> {
    let input = readable(name);
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-copyts", "-i", input.to_str().unwrap(), "-c", "copy"])
        .args(arguments)
        .arg("-")
        .output()
        .expect("ffmpeg must be installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn from_ts(bytes: &[u8], piece: usize) -> Vec<Frame> {
    let (mut demuxer, mut out) = (ts::Demuxer::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        demuxer.feed(piece, &mut out).unwrap();
    }
    demuxer.flush(&mut out);
    assert_eq!(demuxer.take_warnings(), []);
    assert_eq!(demuxer.held_bytes(), 0);
    out
}

fn from_fmp4(bytes: &[u8]) -> Vec<Frame> {
    let moof = bytes.windows(4).position(|kind| kind == b"moof").unwrap() - 4;
    let mut out = Vec::new();
    fmp4::Demuxer::new(&bytes[..moof]).unwrap().segment(&bytes[moof..], &mut out).unwrap();
    out
}

/// The units of an access unit that belong to the picture, or the bytes of a sound frame.
fn essence(frame: &Frame) -> Vec<Vec<u8>> {
    if !matches!(frame.codec, Codec::H264 | Codec::Hevc) {
        return vec![frame.payload().to_vec()];
    }
    let units = units(frame.payload(), 4).map(Result::unwrap);
    units
        .filter(|unit| matches!(NalKind::of(frame.codec, unit), NalKind::RandomAccess | NalKind::Slice | NalKind::Sei))
        // ffmpeg counts the zero before a start code to the unit before it.
        .map(|unit| unit[..unit.iter().rposition(|byte| *byte != 0).unwrap() + 1].to_vec())
        .collect()
}

/// What a decoder sees of a track: bytes, key frame, and its times from the first picture on.
fn compare(name: &str, what: &str, out: &[Frame]) {
    let expected = frames(name);
    let media = |frames: &[Frame], track: Track| -> Vec<Frame> {
        frames.iter().filter(|frame| frame.track == track && frame.kind == FrameKind::Media).cloned().collect()
    };
    let mut offsets = Vec::new();
    for track in [Track::Video, Track::Audio] {
        let (expected, out) = (media(&expected, track), media(out, track));
        assert_eq!(out.len(), expected.len(), "{name} as {what}, {track:?}");
        // With `empty_moov` ffmpeg writes a first sample at 0 that lasts until the second.
        let Some(second) = out.get(1) else { continue };
        let second_expected = &expected[1];
        let offset = second.pts() - second_expected.pts();
        offsets.push(offset);
        for (at, (out, expected)) in out.iter().zip(&expected).enumerate() {
            assert!(essence(out) == essence(expected), "{name} as {what}, {track:?} {at}");
            assert_eq!(out.keyframe, expected.keyframe, "{name} as {what}, {track:?} {at}");
            if at == 0 {
                continue;
            }
            assert!((out.pts() - expected.pts() - offset).abs() <= 2, "{name} as {what}, {track:?} {at}: {out:?}");
            // Where offsets are negative, decoding may begin later than it did.
            let dts = out.dts - expected.dts - offset - (second.dts - second_expected.dts - offset);
            assert!(out.cts >= 0 && dts.abs() <= 2, "{name} as {what}, {track:?} {at}: {dts} ms, cts {}", out.cts);
        }
    }
    // ffmpeg's own answer there begins both tracks at 0, whatever lay between them.
    let together = what.contains("negative");
    assert!(
        together || offsets.iter().all(|offset| (offset - offsets[0]).abs() <= 2),
        "{name} as {what} in sync: {offsets:?}"
    );
}

fn headers(frames: &[Frame]) -> Vec<Codec> {
    frames.iter().filter(|frame| frame.kind == FrameKind::SequenceHeader).map(|frame| frame.codec).collect()
}

#[test]
fn transport_streams_of_ffmpeg_give_the_same_access_units_and_times() {
    for name in ["mux_h264_aac.flv", "mux_hevc.flv", "mux_h264_mp3.flv", "demo.flv"] {
        let bytes = remux(name, &["-f", "mpegts"]);
        for piece in [1, 187, 188, 4096, bytes.len()] {
            compare(name, "mpegts", &from_ts(&bytes, piece));
        }
    }
}

#[test]
fn one_sequence_header_for_each_track_comes_before_its_media() {
    let out = from_ts(&remux("mux_hevc.flv", &["-f", "mpegts"]), 1000);
    assert_eq!(headers(&out).iter().filter(|codec| **codec == Codec::Hevc).count(), 1);
    let out = from_ts(&remux("demo.flv", &["-f", "mpegts"]), 1000);
    let mut found = headers(&out);
    found.sort_by_key(|codec| codec.name());
    assert_eq!(found, [Codec::Aac, Codec::H264]);
    let expected = support::config(&frames("demo.flv"), Track::Video).unwrap();
    assert_eq!(support::config(&out, Track::Video).unwrap().video(), expected.video());
    let sound = support::config(&out, Track::Audio).unwrap();
    assert_eq!(sound.audio(), support::config(&frames("demo.flv"), Track::Audio).unwrap().audio());
}

#[test]
fn fragmented_mp4_of_ffmpeg_gives_the_same_access_units_and_times() {
    let plain = ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof"];
    // What `-f hls -hls_segment_type fmp4` writes: an edit list.
    let edited = ["-f", "mp4", "-movflags", "frag_keyframe+delay_moov+default_base_moof"];
    let negative = ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets"];
    // Offsets from the beginning of the moof, without the flag that says so.
    let implicit = ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov+omit_tfhd_offset"];
    let absolute = ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov"];
    for name in ["mux_h264_aac.flv", "mux_hevc.flv", "mux_h264_mp3.flv", "demo.flv"] {
        for arguments in [&plain, &edited, &negative, &implicit, &absolute] {
            compare(name, arguments[3], &from_fmp4(&remux(name, arguments)));
        }
    }
}
