//! Sessions that real encoders sent, whole, cut into pieces and cut short.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod rtmp_wire;

use rtmp_wire::{RECORDINGS, drain, recording, session};
use synctv_ingest::codec::Codec;
use synctv_ingest::flv::Demuxer;
use synctv_ingest::rtmp::Event;
use synctv_ingest::{Frame, FrameKind, Track};

fn events_of(pieces: &[&[u8]]) -> Vec<Event> {
    let mut session = session();
    let mut events = Vec::new();
    for piece in pieces {
        session.feed(piece).unwrap();
        events.extend(drain(&mut session));
        let _ = session.take_output();
    }
    events
}

fn frames_of(events: &[Event]) -> Vec<Frame> {
    let mut demuxer = Demuxer::new();
    let tags = events.iter().filter_map(|event| if let Event::Tag(tag) = event { Some(tag) } else { None });
    tags.flat_map(|tag| demuxer.demux(tag).unwrap().frames).collect()
}

fn count(frames: &[Frame], codec: Codec, kind: FrameKind) -> usize {
    frames.iter().filter(|frame| frame.codec == codec && frame.kind == kind).count()
}

#[test]
fn every_recorded_encoder_publishes_with_its_key_and_ends() {
    for name in RECORDINGS {
        let events = events_of(&[&recording(name)]);
        let Some(Event::Publish { stream, key: Some(key) }) = events.first() else {
            panic!("{name}: {:?}", events.first());
        };
        assert_eq!((stream.as_str(), key.expose()), ("demo", "s"), "{name}");
        assert!(matches!(events.get(1), Some(Event::Metadata(m)) if m.width == Some(160) && m.has_audio), "{name}");
        assert_eq!(events.last(), Some(&Event::Unpublish), "{name}");
        assert_eq!(events.iter().filter(|event| **event == Event::Unpublish).count(), 1, "{name}");
    }
}

#[test]
fn recorded_media_comes_out_with_the_frames_ffprobe_counts() {
    for (name, video, video_frames, audio, audio_frames) in [
        ("rtmp_ffmpeg_5.1.bin", Codec::H264, 5, Codec::Aac, 23),
        ("rtmp_ffmpeg_9_hevc_opus.bin", Codec::Hevc, 5, Codec::Opus, 26),
        ("rtmp_ffmpeg_9_multitrack.bin", Codec::H264, 5, Codec::Aac, 23),
        ("rtmp_gstreamer_rtmp2sink.bin", Codec::H264, 5, Codec::Aac, 10),
        ("rtmp_gstreamer_rtmpsink.bin", Codec::H264, 5, Codec::Aac, 10),
    ] {
        let frames = frames_of(&events_of(&[&recording(name)]));
        assert_eq!(count(&frames, video, FrameKind::Media), video_frames, "{name}");
        assert_eq!(count(&frames, audio, FrameKind::Media), audio_frames, "{name}");
        assert_eq!(count(&frames, video, FrameKind::SequenceHeader), 1, "{name}");
        assert_eq!(count(&frames, audio, FrameKind::SequenceHeader), 1, "{name}");
        let keys: Vec<_> = frames.iter().filter(|frame| frame.is_video_keyframe()).map(|frame| frame.dts).collect();
        assert_eq!(keys.len(), 2, "{name}: {keys:?}");
        let first = frames.iter().find(|frame| frame.track == Track::Video && frame.kind == FrameKind::Media).unwrap();
        assert!(first.keyframe, "{name}");
    }
}

#[test]
fn every_split_point_gives_the_same_events() {
    for name in RECORDINGS {
        let bytes = recording(name);
        let whole = events_of(&[&bytes]);
        // Each session shakes hands anew, which is slow unoptimised: all points of one recording, a sample of the others.
        let step = if name == "rtmp_gstreamer_rtmp2sink.bin" { 1 } else { 13 };
        for at in (1..bytes.len()).step_by(step) {
            let (front, back) = bytes.split_at(at);
            assert_eq!(events_of(&[front, back]), whole, "{name} split at {at}");
        }
    }
}

#[test]
fn every_truncation_gives_a_prefix_of_the_events() {
    for name in RECORDINGS {
        let bytes = recording(name);
        let whole = events_of(&[&bytes]);
        let mut session = session();
        let mut events = Vec::new();
        // A session fed byte by byte stands, after each of them, where one cut there stands.
        for (end, byte) in bytes.chunks(1).enumerate() {
            session.feed(byte).unwrap();
            events.extend(drain(&mut session));
            assert_eq!(events[..], whole[..events.len()], "{name} cut at {end}");
        }
        assert_eq!(events, whole, "{name}");
    }
}
