//! Where segments begin and end, for the GOPs and tracks that publishers really send.

#![allow(clippy::unwrap_used)]

mod support;

use support::feed::{EPOCH_MS, Feed, audio, header, other_audio_header, video};
use synctv_ingest::{Track, hls::Container};

const BOTH: [Track; 2] = [Track::Video, Track::Audio];

fn media(feed: &Feed) -> String {
    let playlist = feed.window.snapshot().media_playlist(Container::Fmp4, None).unwrap();
    String::from_utf8(playlist.to_vec()).unwrap()
}

#[test]
fn a_gop_of_two_seconds_is_a_segment() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 10_500, 40, 2_000, true);
    assert_eq!(feed.durations(), [2_000; 5]);
    assert_eq!(feed.window.snapshot().target_duration(), 2);
}

#[test]
fn short_gops_are_merged_to_a_second() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 4_600, 50, 500, true);
    assert_eq!(feed.durations(), [1_000; 4]);
}

#[test]
fn a_long_gop_is_one_segment_and_sets_the_target_with_headroom() {
    let mut feed = Feed::with(&[Track::Video]);
    feed.run(0, 12_100, 40, 4_000, false);
    assert_eq!(feed.durations(), [4_000; 3]);
    assert_eq!(feed.window.snapshot().target_duration(), 5);
}

#[test]
fn a_gop_beyond_the_target_is_cut_within_it_and_key_frames_lead_again() {
    let mut feed = Feed::with(&[Track::Video]);
    feed.run(0, 4_000, 40, 2_000, false);
    feed.run(4_000, 13_000, 40, 9_000, false);
    feed.run(13_000, 17_100, 40, 2_000, false);
    let snapshot = feed.window.snapshot();
    assert_eq!(snapshot.target_duration(), 2);
    assert_eq!(feed.durations(), [2_480, 2_480, 2_480, 1_560, 2_000, 2_000]);
    let independent: Vec<bool> = snapshot.segments().iter().map(|s| s.independent).collect();
    assert_eq!(independent, [true, false, false, false, true, true]);
    assert!(!media(&feed).contains("INDEPENDENT"));
}

#[test]
fn an_overgrown_segment_is_cut_at_a_key_frame_it_passed_over() {
    let mut feed = Feed::with(&[Track::Video]);
    feed.run(0, 2_000, 40, 2_000, false);
    feed.run(2_000, 2_800, 40, 800, false);
    feed.run(2_800, 4_800, 40, 2_000, false);
    feed.run(4_800, 7_000, 40, 2_000, false);
    assert_eq!(feed.durations(), [2_000, 800, 2_000, 2_000]);
    assert!(feed.window.snapshot().segments().iter().all(|segment| segment.independent));
}

#[test]
fn sound_alone_is_cut_every_two_seconds() {
    let mut feed = Feed::with(&[Track::Audio]);
    (0..400).for_each(|n| _ = feed.push(&audio(n * 20)));
    assert_eq!(feed.durations(), [2_000; 3]);
    assert!(media(&feed).contains("INDEPENDENT"));
}

#[test]
fn sound_does_not_wait_for_a_picture_that_never_comes() {
    let mut feed = Feed::with(&BOTH);
    (0..300).for_each(|n| _ = feed.push(&audio(n * 20)));
    assert_eq!(feed.durations(), [2_020, 2_000]);
    feed.run(6_000, 10_100, 40, 2_000, true);
    let snapshot = feed.window.snapshot();
    let seen: Vec<(i64, bool)> = snapshot.segments().iter().map(|s| (s.duration, s.discontinuity)).collect();
    assert_eq!(seen[3..], [(2_000, true), (2_000, false)], "the picture joins at its first key frame");
    assert_eq!(media(&feed).matches("EXT-X-MAP").count(), 2);
}

#[test]
fn a_picture_that_stops_does_not_stop_the_sound() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 4_000, 40, 2_000, true);
    (200..600).for_each(|n| _ = feed.push(&audio(n * 20)));
    assert!(feed.durations().len() >= 4, "{:?}", feed.durations());
    assert!(feed.durations().iter().all(|duration| *duration < 2_500));
}

#[test]
fn late_sound_and_a_changed_encoder_join_at_the_next_key_frame_with_a_discontinuity() {
    let mut feed = Feed::with(&[Track::Video]);
    feed.run(0, 3_000, 40, 2_000, false);
    for late in [header(Track::Audio), other_audio_header()] {
        let before = feed.window.snapshot().segments().len();
        feed.push(&late);
        let from = if before == 1 { 3_000 } else { 7_000 };
        (from..from + 1_000).step_by(20).for_each(|at| _ = feed.push(&audio(at)));
        feed.run(from + 1_000, from + 4_000, 40, 2_000, true);
        feed.push(&late);
    }
    let snapshot = feed.window.snapshot();
    let seen: Vec<bool> = snapshot.segments().iter().map(|s| s.discontinuity).collect();
    assert_eq!(seen, [false, false, true, false, true], "repeated headers are no change");
    let inits: std::collections::HashSet<_> = snapshot.segments().iter().map(|s| s.init_name.clone()).collect();
    assert_eq!(inits.len(), 3);
    assert!(inits.iter().all(|name| snapshot.resource(name).is_some()));
}

#[test]
fn a_returning_publisher_continues_the_sequence_behind_a_discontinuity() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 3_000, 40, 2_000, true);
    assert!(feed.window.discontinuity(EPOCH_MS + 3_000), "the last second is offered at once");
    assert_eq!(feed.durations(), [2_000, 1_000]);
    for frame in [header(Track::Video), header(Track::Audio)] {
        feed.window.push(&frame, EPOCH_MS + 20_000);
    }
    for n in 0..60 {
        feed.window.push(&video(3_001 + n * 40, n % 50 == 0), EPOCH_MS + 20_000 + n * 40);
    }
    let snapshot = feed.window.snapshot();
    let last = snapshot.segments().last().unwrap();
    assert_eq!((last.sequence, last.discontinuity, last.discontinuity_sequence), (102, true, 8));
    assert_eq!(last.wall_clock, EPOCH_MS + 20_000, "wall-clock time shows the pause");
    assert_eq!(media(&feed).matches("EXT-X-MAP").count(), 1, "the same encoder needs no other init section");
}

#[test]
fn the_gop_cache_pushed_at_once_gets_the_time_it_was_sent() {
    let mut feed = Feed::with(&[Track::Video]);
    let now = EPOCH_MS + 5_000;
    for n in 0..40 {
        feed.window.push(&video(n * 40, n == 0), now);
    }
    feed.window.push(&video(2_000, true), now + 440);
    let first = feed.window.snapshot().segments()[0].clone();
    assert_eq!(first.wall_clock, now - 1_560);
}

#[test]
fn a_hole_longer_than_a_segment_may_be_is_a_discontinuity() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 3_000, 40, 2_000, true);
    feed.run(9_000, 14_000, 40, 2_000, true);
    let snapshot = feed.window.snapshot();
    let seen: Vec<(i64, bool)> = snapshot.segments().iter().map(|s| (s.duration, s.discontinuity)).collect();
    assert_eq!(seen, [(2_000, false), (1_000, false), (2_000, true), (2_000, false)]);
}

#[test]
fn the_end_finishes_the_open_segment_and_nothing_comes_after() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 3_000, 40, 2_000, true);
    feed.window.end(EPOCH_MS + 3_000);
    assert_eq!(feed.durations(), [2_000, 1_000]);
    assert!(media(&feed).ends_with("#EXT-X-ENDLIST\n"));
    let version = feed.window.snapshot().version();
    feed.run(3_000, 6_000, 40, 2_000, true);
    assert_eq!(feed.window.snapshot().version(), version);
}

#[test]
fn a_publisher_with_fewer_tracks_is_not_held_to_the_former_ones() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 3_000, 40, 2_000, true);
    feed.window.begin_publication(EPOCH_MS + 3_000);
    feed.push(&header(Track::Video));
    feed.run(3_001, 5_100, 40, 2_000, false);
    let playlist = feed.window.snapshot().multivariant_playlist(Container::Fmp4, None).unwrap();
    assert!(!String::from_utf8(playlist.to_vec()).unwrap().contains("mp4a"));
}

#[test]
fn sound_that_changes_while_an_announced_picture_stays_away_goes_on() {
    let mut feed = Feed::with(&BOTH);
    (0..200).for_each(|n| _ = feed.push(&audio(n * 20)));
    feed.push(&other_audio_header());
    (200..600).for_each(|n| _ = feed.push(&audio(n * 20)));
    let snapshot = feed.window.snapshot();
    assert!(snapshot.segments().len() >= 4);
    assert_eq!(snapshot.segments().iter().filter(|segment| segment.discontinuity).count(), 1);
}

#[test]
fn sound_that_is_announced_and_never_sent_is_not_promised_to_players() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 2_100, 40, 2_000, false);
    let playlist = feed.window.snapshot().multivariant_playlist(Container::Fmp4, None).unwrap();
    assert!(!String::from_utf8(playlist.to_vec()).unwrap().contains("mp4a"));
}

#[test]
fn sound_that_comes_after_the_first_picture_is_part_of_the_first_segment() {
    let mut feed = Feed::with(&BOTH);
    feed.run(0, 2_100, 40, 2_000, true);
    let snapshot = feed.window.snapshot();
    assert_eq!(snapshot.segments().len(), 1);
    let playlist = snapshot.multivariant_playlist(Container::Fmp4, None).unwrap();
    assert!(String::from_utf8(playlist.to_vec()).unwrap().contains("mp4a.40.2"));
}
