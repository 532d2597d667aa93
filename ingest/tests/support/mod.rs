//! What the muxer tests share: fixtures as frames, and independent judges.
#![allow(dead_code, clippy::unwrap_used)]

pub mod feed;
pub mod fragments;
pub mod transport;

use bytes::Bytes;
use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};
use synctv_ingest::{
    Frame, FrameKind, Track,
    codec::{Codec, Config},
};

/// Where a fixture lies.
pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

/// All frames of an FLV file, sequence headers included, timestamps as they are.
pub fn frames(name: &str) -> Vec<Frame> {
    let file = Bytes::from(std::fs::read(fixture(name)).unwrap());
    let mut frames = Vec::new();
    let mut at = 13;
    while at + 11 <= file.len() {
        let size = usize::from(file[at + 1]) << 16 | usize::from(file[at + 2]) << 8 | usize::from(file[at + 3]);
        let dts = i64::from(u32::from_be_bytes([file[at + 7], file[at + 4], file[at + 5], file[at + 6]]));
        let tag = file.slice(at + 11..at + 11 + size);
        match file[at] {
            9 => frames.extend(video(tag, dts)),
            8 => frames.extend(audio(tag, dts)),
            _ => {}
        }
        at += 11 + size + 4;
    }
    frames
}

fn cts(bytes: &[u8]) -> i32 {
    (i32::from_be_bytes([bytes[0], bytes[1], bytes[2], 0])) >> 8
}

fn video(tag: Bytes, dts: i64) -> Option<Frame> {
    let keyframe = (tag[0] >> 4) & 7 == 1;
    let frame = |kind, payload_at, cts| Frame {
        track: Track::Video,
        codec: match &tag[1..5] {
            _ if tag[0] & 0x80 == 0 => Codec::H264,
            b"hvc1" => Codec::Hevc,
            b"av01" => Codec::Av1,
            b"vp09" => Codec::Vp9,
            other => panic!("{other:?}"),
        },
        kind,
        keyframe,
        dts,
        cts,
        tag: tag.clone(),
        payload_at,
    };
    if tag[0] & 0x80 == 0 {
        match tag[1] {
            0 => Some(frame(FrameKind::SequenceHeader, 5, 0)),
            1 => Some(frame(FrameKind::Media, 5, cts(&tag[2..]))),
            _ => None,
        }
    } else {
        match tag[0] & 0x0f {
            0 => Some(frame(FrameKind::SequenceHeader, 5, 0)),
            1 if &tag[1..5] == b"hvc1" => Some(frame(FrameKind::Media, 8, cts(&tag[5..]))),
            1 => Some(frame(FrameKind::Media, 5, 0)),
            3 => Some(frame(FrameKind::Media, 5, 0)),
            _ => None,
        }
    }
}

fn audio(tag: Bytes, dts: i64) -> Option<Frame> {
    let (codec, kind, payload_at) = match (tag[0] >> 4, tag[1]) {
        (10, 0) => (Codec::Aac, FrameKind::SequenceHeader, 2),
        (10, _) => (Codec::Aac, FrameKind::Media, 2),
        (2, _) => (Codec::Mp3, FrameKind::Media, 1),
        (9, _) if &tag[1..5] == b"Opus" && tag[0] & 15 == 0 => (Codec::Opus, FrameKind::SequenceHeader, 5),
        (9, _) if &tag[1..5] == b"Opus" && tag[0] & 15 == 1 => (Codec::Opus, FrameKind::Media, 5),
        _ => return None,
    };
    Some(Frame { track: Track::Audio, codec, kind, keyframe: true, dts, cts: 0, tag, payload_at })
}

/// The configuration of a track, from its sequence header or (MP3) its first frame.
pub fn config(frames: &[Frame], track: Track) -> Option<Config> {
    let of_track = || frames.iter().filter(|f| f.track == track);
    let header = of_track().find(|f| f.kind == FrameKind::SequenceHeader).or_else(|| of_track().next())?;
    Some(Config::parse(header.codec, &header.payload_bytes()).unwrap())
}

/// What ffprobe says about `bytes`, one line a frame or packet: fails on anything it complains about.
pub fn ffprobe(bytes: &[u8], arguments: &[&str]) -> String {
    judge("ffprobe", &[&["-v", "error"], arguments, &["-i", "-"]].concat(), bytes)
}

/// Decodes everything, and fails on the first error or warning about the container.
pub fn decode(bytes: &[u8]) {
    judge("ffmpeg", &["-v", "warning", "-xerror", "-i", "-", "-f", "null", "-"], bytes);
}

fn judge(tool: &str, arguments: &[&str], bytes: &[u8]) -> String {
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{tool} must be installed (Debian package ffmpeg): {e}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = bytes.to_vec();
    let feed = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = feed.join();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{tool} {arguments:?}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}
