//! What viewers are shown of a publication, as they get it.

use super::{
    batch::{Batch, Framing},
    clip_tests::*,
    cursor::{Batches, Cursor},
    stream::Stream,
};
use std::time::{Duration, Instant};
use synctv_ingest::{Frame, FrameKind, Track};

const AUDIO: u8 = 4;
const VIDEO: u8 = 1;

/// All that a viewer can get now, as one piece.
fn drain(cursor: &mut Cursor, stream: &Stream) -> Vec<u8> {
    let end = stream.read(|core| core.feed.ring.end());
    let mut batches = Batches::default();
    let next = std::iter::from_fn(|| batches.next(cursor, stream, end, Framing::Raw));
    next.flat_map(|batch| batch.parts().concat()).collect()
}

/// Pushes frames as if each arrived at its own DTS after `from`.
fn push(stream: &Stream, epoch: u64, from: Instant, frames: impl IntoIterator<Item = Frame>) {
    for frame in frames {
        let at = from + Duration::from_millis(u64::try_from(frame.dts).unwrap());
        assert!(stream.push(epoch, std::iter::once(frame), at));
    }
}

#[test]
fn a_viewer_gets_header_metadata_configurations_and_the_gop_from_zero() {
    let stream = stream();
    let epoch = begin(&stream);
    push(&stream, epoch, Instant::now(), clip());
    let (flags, tags) = file(&drain(&mut Cursor::default(), &stream));
    assert_eq!(flags, AUDIO | VIDEO);
    assert_eq!(tags[0].kind, SCRIPT);
    assert!(tags[1].is_header_of(Track::Video) && tags[2].is_header_of(Track::Audio));
    let key = media_of(Track::Video).filter(|f| f.keyframe).last().unwrap();
    assert!(tags[3].is_of(&key), "the newest key frame is first");
    assert_eq!(tags[3].timestamp, 0);
    let sound: Vec<_> = tags[3..].iter().filter(|t| t.kind == 8).map(|t| t.timestamp).collect();
    assert!(sound.windows(2).all(|pair| pair[0] < pair[1]), "no sound from before the picture is squeezed in at 0");
}

#[test]
fn a_header_without_media_promises_nothing() {
    let stream = stream();
    let epoch = begin(&stream);
    let frames = clip().into_iter().filter(|f| f.track == Track::Video || f.kind == FrameKind::SequenceHeader);
    push(&stream, epoch, Instant::now(), frames);
    let (flags, tags) = file(&drain(&mut Cursor::default(), &stream));
    assert_eq!(flags, VIDEO);
    assert!(!tags.iter().any(|t| t.kind == 8));
    assert_eq!(stream.status().tracks.len(), 1);
}

#[test]
fn sound_that_comes_late_brings_its_header_to_viewers_that_were_there() {
    let stream = stream();
    let epoch = begin(&stream);
    let start = Instant::now();
    push(&stream, epoch, start, [header_of(Track::Video), header_of(Track::Audio)]);
    push(&stream, epoch, start, media_of(Track::Video).take_while(|f| f.dts < 2500));
    let mut viewer = Cursor::default();
    assert_eq!(file(&drain(&mut viewer, &stream)).0, VIDEO);
    push(&stream, epoch, start, media_of(Track::Audio).filter(|f| f.dts >= 2500).take(3));
    let late = tags(&drain(&mut viewer, &stream));
    assert!(late[0].is_header_of(Track::Audio), "{late:?}");
    assert_eq!(late.len(), 4);
    assert_eq!(file(&drain(&mut Cursor::default(), &stream)).0, AUDIO | VIDEO, "who joins now is told of both");
}

#[test]
fn a_picture_that_comes_late_brings_its_header_to_viewers_that_were_there() {
    let stream = stream();
    let epoch = begin(&stream);
    let start = Instant::now();
    push(&stream, epoch, start, [header_of(Track::Video), header_of(Track::Audio)]);
    push(&stream, epoch, start, media_of(Track::Audio).take_while(|f| f.dts < 1900));
    let mut viewer = Cursor::default();
    assert_eq!(file(&drain(&mut viewer, &stream)).0, AUDIO);
    push(&stream, epoch, start, media_of(Track::Video).filter(|f| f.dts > 1900 && f.dts < 2100));
    let late = tags(&drain(&mut viewer, &stream));
    assert!(late[0].is_header_of(Track::Video), "{:?}", late[0]);
    let (flags, joined) = file(&drain(&mut Cursor::default(), &stream));
    assert_eq!(flags, AUDIO | VIDEO);
    assert!(joined[1].is_header_of(Track::Video));
}

#[test]
fn a_repeated_header_is_no_change_and_another_one_is_told_inline() {
    let stream = stream();
    let epoch = begin(&stream);
    let start = Instant::now();
    push(&stream, epoch, start, clip());
    let mut viewer = Cursor::default();
    drain(&mut viewer, &stream);
    push(&stream, epoch, start, [header_of(Track::Video)]);
    assert!(drain(&mut viewer, &stream).is_empty());
    // 48 kHz instead of what the clip has.
    let mut other = header_of(Track::Audio);
    other.tag = vec![0xaf, 0, 0x11, 0x88].into();
    push(&stream, epoch, start, [other.clone()]);
    assert!(tags(&drain(&mut viewer, &stream))[0].is_of(&other));
    assert!(drain(&mut Cursor::default(), &stream).is_empty(), "nobody joins at frames of the former configuration");
}

#[test]
fn a_publication_without_sound_does_not_inherit_it() {
    let stream = stream();
    push(&stream, begin(&stream), Instant::now(), clip());
    let mut viewer = Cursor::default();
    drain(&mut viewer, &stream);
    let second = begin(&stream);
    assert!(drain(&mut Cursor::default(), &stream).is_empty(), "nobody joins what a former publication left");
    let video = std::iter::once(header_of(Track::Video)).chain(media_of(Track::Video));
    push(&stream, second, Instant::now(), video);
    assert_eq!(file(&drain(&mut Cursor::default(), &stream)).0, VIDEO);
    let continued = tags(&drain(&mut viewer, &stream));
    assert!(continued[0].timestamp > 1000, "the viewer's time goes on");
    assert!(!continued.iter().any(|t| t.is_header_of(Track::Video)), "it knows the configuration");
}

#[test]
fn a_publication_of_mp3_ends_nobody() {
    let stream = stream();
    push(&stream, begin(&stream), Instant::now(), clip());
    let mut viewer = Cursor::default();
    drain(&mut viewer, &stream);
    let second = begin(&stream);
    let start = Instant::now();
    push(&stream, second, start, [header_of(Track::Video)]);
    push(&stream, second, start, mp3(0));
    push(&stream, second, start, media_of(Track::Video).take(3));
    push(&stream, second, start, mp3(100));
    let end = stream.read(|core| core.feed.ring.end());
    let mut batches = Batches::default();
    while let Some(batch) = batches.next(&mut viewer, &stream, end, Framing::Chunked) {
        assert!(!batch.parts().concat().starts_with(b"0\r\n"), "an empty chunk ends the body");
    }
}

#[test]
fn a_viewer_that_fell_behind_skips_to_a_key_frame_and_hears_of_the_change_it_missed() {
    let stream = stream();
    let epoch = begin(&stream);
    let start = Instant::now();
    push(&stream, epoch, start, clip());
    let mut viewer = Cursor::default();
    let mut got = drain(&mut viewer, &stream);
    let mut other = header_of(Track::Audio);
    other.tag = vec![0xaf, 0, 0x11, 0x88].into();
    push(&stream, epoch, start, [other.clone()]);
    for lap in 1..=3 {
        let later = clip().into_iter().filter(|f| f.kind == FrameKind::Media);
        push(&stream, epoch, start, later.map(|f| Frame { dts: f.dts + lap * 10_000, ..f }));
    }
    got.extend(drain(&mut viewer, &stream));
    assert_eq!(stream.counters.skips.load(std::sync::atomic::Ordering::Relaxed), 1);
    // `file` sees that no timestamp falls, the headers' included.
    let (_, tags) = file(&got);
    let told = tags.iter().position(|t| t.is_of(&other)).unwrap();
    assert!(tags[told + 1].body[0] == 0x17, "a key frame follows");
}

#[test]
fn a_clock_that_jumps_at_a_frame_nobody_gets_breaks_before_the_next_one() {
    let stream = stream();
    let epoch = begin(&stream);
    let start = Instant::now();
    push(&stream, epoch, start, [header_of(Track::Video), header_of(Track::Audio)]);
    push(&stream, epoch, start, media_of(Track::Audio).take_while(|f| f.dts < 1900));
    let end = stream.read(|core| core.feed.ring.end());
    let hidden = media_of(Track::Video).find(|f| !f.keyframe).unwrap();
    push(&stream, epoch, start, [Frame { dts: hidden.dts + 60_000, ..hidden }]);
    assert_eq!(stream.read(|core| core.feed.ring.break_before(end)), None);
    let heard = media_of(Track::Audio).next().unwrap();
    push(&stream, epoch, start, [Frame { dts: heard.dts + 60_100, ..heard }]);
    assert!(stream.read(|core| core.feed.ring.break_before(end)).is_some());
}

#[test]
fn viewers_in_step_share_their_bytes() {
    let stream = stream();
    push(&stream, begin(&stream), Instant::now(), clip());
    let end = stream.read(|core| core.feed.ring.end());
    let (mut batches, mut one, mut other) = (Batches::default(), Cursor::default(), Cursor::default());
    while let Some(first) = batches.next(&mut one, &stream, end, Framing::Chunked) {
        let second = batches.next(&mut other, &stream, end, Framing::Chunked).unwrap();
        assert!(std::sync::Arc::ptr_eq(&first, &second));
    }
    assert!(batches.next(&mut other, &stream, end, Framing::Chunked).is_none());
}

#[test]
fn a_write_without_tags_is_empty_in_every_framing() {
    for framing in [Framing::Raw, Framing::Chunked, Framing::WebSocket] {
        assert!(Batch::new(None, mp3(0)[..1].iter(), 0, framing).is_empty(), "{framing:?}");
    }
}
