//! Every playlist of random runs, against RFC 8216bis and against the playlist before it, read by an independent parser.

#![allow(clippy::unwrap_used)]

mod support;

use m3u8_rs::{MediaPlaylist, MediaPlaylistType};
use proptest::prelude::*;
use std::collections::HashMap;
use support::feed::{EPOCH_MS, Feed, audio, header, other_audio_header, video};
use synctv_ingest::{
    Track,
    hls::{Container, Origin, Snapshot},
};

/// What a publisher does next.
#[derive(Debug, Clone)]
enum Event {
    Gop { ms: i64, step: i64 },
    Sound { ms: i64 },
    Hole { ms: i64 },
    Reconnect { away: i64 },
    Audio { other: bool },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (100_i64..6_000, prop_oneof![Just(17_i64), Just(33), Just(40), Just(100), Just(400)])
            .prop_map(|(ms, step)| Event::Gop { ms, step }),
        1 => (20_i64..5_000).prop_map(|ms| Event::Sound { ms }),
        1 => (0_i64..9_000).prop_map(|ms| Event::Hole { ms }),
        1 => (0_i64..30_000).prop_map(|away| Event::Reconnect { away }),
        1 => any::<bool>().prop_map(|other| Event::Audio { other }),
    ]
}

/// A client: remembers what each media sequence number meant.
#[derive(Default)]
struct Client {
    known: HashMap<u64, (String, u64, i64)>,
    last_sequence: u64,
    last_discontinuity: u64,
    target: Option<u64>,
}

impl Client {
    fn read(&mut self, snapshot: &Snapshot, container: Container) {
        let text = snapshot.media_playlist(container, None).unwrap();
        let playlist = m3u8_rs::parse_media_playlist_res(&text).unwrap();
        assert_eq!(playlist.version, Some(if container == Container::Fmp4 { 6 } else { 3 }));
        assert_eq!(*self.target.get_or_insert(playlist.target_duration), playlist.target_duration);
        assert!(playlist.media_sequence >= self.last_sequence);
        assert!(playlist.discontinuity_sequence >= self.last_discontinuity);
        self.last_sequence = playlist.media_sequence;
        self.last_discontinuity = playlist.discontinuity_sequence;
        assert!(playlist.playlist_type.as_ref().is_none_or(|kind| !matches!(kind, MediaPlaylistType::Vod)));
        self.segments(&playlist, snapshot, container);

        let total: f32 = playlist.segments.iter().map(|segment| segment.duration).sum();
        let removed = playlist.media_sequence > self.known.keys().copied().min().unwrap();
        if removed && playlist.segments.len() < 64 {
            assert!(total >= 3.0 * playlist.target_duration as f32 - 0.01, "{total} s listed");
            assert!(playlist.segments.len() >= 6);
        }
    }

    fn segments(&mut self, playlist: &MediaPlaylist, snapshot: &Snapshot, container: Container) {
        let mut discontinuity = playlist.discontinuity_sequence;
        let mut expected_time = None;
        for (sequence, segment) in (playlist.media_sequence..).zip(&playlist.segments) {
            let ms = (f64::from(segment.duration) * 1000.0).round() as i64;
            assert!(ms > 0 && segment.duration.round() as u64 <= playlist.target_duration, "EXTINF {ms} ms");
            discontinuity += u64::from(segment.discontinuity);
            let time = segment.program_date_time.unwrap().timestamp_millis();
            if let Some(expected) = expected_time {
                assert!(if segment.discontinuity { time >= expected } else { time == expected }, "time goes on");
            }
            expected_time = Some(time + ms);
            let meaning = (segment.uri.clone(), discontinuity, time);
            let known = self.known.entry(sequence).or_insert_with(|| meaning.clone());
            assert_eq!(*known, meaning, "segment {sequence} means what it meant");
            assert!(snapshot.resource(&segment.uri).is_some());
            if let Some(map) = &segment.map {
                assert_eq!(container, Container::Fmp4);
                assert!(snapshot.resource(&map.uri).is_some());
            }
        }
    }
}

struct Run {
    feed: Feed,
    clients: [Client; 2],
    at: i64,
    wall: i64,
}

impl Run {
    fn push(&mut self, frame: &synctv_ingest::Frame) {
        if self.feed.window.push(frame, EPOCH_MS + self.at + self.wall) {
            self.read();
        }
    }

    fn read(&mut self) {
        let snapshot = self.feed.window.snapshot();
        self.clients[0].read(&snapshot, Container::Fmp4);
        if snapshot.media_playlist(Container::Ts, None).is_some() {
            self.clients[1].read(&snapshot, Container::Ts);
        }
    }

    fn apply(&mut self, event: &Event, pictures: bool) {
        match *event {
            Event::Gop { ms, step } if pictures => {
                let mut next_sound = 0;
                for offset in (0..ms).step_by(step as usize) {
                    self.push(&video(self.at, offset == 0));
                    while next_sound <= offset {
                        self.push(&audio(self.at - offset + next_sound));
                        next_sound += 21;
                    }
                    self.at += step.min(ms - offset);
                }
            }
            Event::Gop { ms, .. } | Event::Sound { ms } => {
                for _ in (0..ms).step_by(21) {
                    self.push(&audio(self.at));
                    self.at += 21;
                }
            }
            Event::Hole { ms } => self.at += ms,
            Event::Reconnect { away } => {
                if self.feed.window.discontinuity(EPOCH_MS + self.at + self.wall) {
                    self.read();
                }
                self.wall += away;
            }
            Event::Audio { other: true } => self.push(&other_audio_header()),
            Event::Audio { other: false } => self.push(&header(Track::Audio)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn playlists_of_any_run_are_consistent(
        events in prop::collection::vec(event(), 1..40), pictures in prop::bool::weighted(0.85), ts_from in 0_usize..12
    ) {
        let tracks: &[Track] = if pictures { &[Track::Video, Track::Audio] } else { &[Track::Audio] };
        let feed = Feed::with(tracks);
        let mut run = Run { feed, clients: Default::default(), at: 0, wall: 0 };
        for (n, event) in events.iter().enumerate() {
            if n == ts_from {
                run.feed.window.enable_ts().unwrap();
            }
            run.apply(event, pictures);
        }
        run.feed.window.end(EPOCH_MS + run.at + run.wall);
        if !run.feed.window.snapshot().segments().is_empty() {
            run.read();
            let snapshot = run.feed.window.snapshot();
            let text = snapshot.media_playlist(Container::Fmp4, None).unwrap();
            prop_assert!(m3u8_rs::parse_media_playlist_res(&text).unwrap().end_list);
        }
    }
}

#[test]
fn numbers_from_the_clock_outrun_the_window_and_fit_their_readers() {
    let birth = Origin::at(1_800_000_000_000);
    assert_eq!(birth.media_sequence, 9_000_000_000);
    // hls.js 1.7 counts up to this number again and again: it must do so in no time, also in 2040.
    assert!(Origin::at(2_208_988_800_000).discontinuity_sequence < 10_000_000);
    // An hour of 1 s segments later the process restarts.
    assert!(Origin::at(1_800_003_600_000).media_sequence > birth.media_sequence + 3_600);
    let ahead = Origin { media_sequence: 9_000_000_009, discontinuity_sequence: 1 };
    let next = Origin::at(1_800_000_000_000).after(ahead);
    assert_eq!((next.media_sequence, next.discontinuity_sequence), (9_000_000_009, birth.discontinuity_sequence));
}

#[test]
fn a_removed_segment_stays_for_its_duration_and_the_playlists() {
    let mut feed = Feed::with(&[Track::Video]);
    feed.run(0, 14_000, 40, 2_000, false);
    feed.run(14_000, 28_100, 40, 2_000, false);
    let snapshot = feed.window.snapshot();
    assert_eq!(snapshot.segments()[0].sequence, 108);
    // Taken off at 14 s from a playlist of 14 s, with 2 s of its own: until 30 s.
    assert!(snapshot.resource("seg-100.m4s").is_some());
    feed.run(28_120, 30_100, 40, 1_880, false);
    assert!(feed.window.snapshot().resource("seg-100.m4s").is_none());
}

#[test]
fn only_the_names_in_playlists_are_served() {
    let mut feed = Feed::with(&[Track::Video]);
    feed.run(0, 2_100, 40, 2_000, false);
    let snapshot = feed.window.snapshot();
    assert_eq!(snapshot.resource("seg-100.m4s").unwrap().content_type, "video/iso.segment");
    for name in ["seg-100.ts", "seg-0100.m4s", "seg-+100.m4s", "seg-101.m4s", "seg-100.m4s.ts", "../seg-100.m4s", ""] {
        assert!(snapshot.resource(name).is_none(), "{name}");
    }
}

#[test]
fn a_signature_reaches_every_child() {
    let mut feed = Feed::with(&[Track::Video]);
    feed.run(0, 4_100, 40, 2_000, false);
    feed.window.enable_ts().unwrap();
    let snapshot = feed.window.snapshot();
    for container in [Container::Fmp4, Container::Ts] {
        let query = Some("expires=1&sig=a_b");
        let text = snapshot.media_playlist(container, query).unwrap();
        let playlist = m3u8_rs::parse_media_playlist_res(&text).unwrap();
        assert!(playlist.segments.iter().all(|segment| segment.uri.ends_with("?expires=1&sig=a_b")));
        assert!(playlist.segments[0].map.iter().all(|map| map.uri.ends_with(".mp4?expires=1&sig=a_b")));
        let text = snapshot.multivariant_playlist(container, query).unwrap();
        let master = m3u8_rs::parse_master_playlist_res(&text).unwrap();
        assert_eq!(master.variants[0].uri, format!("{}?expires=1&sig=a_b", container.media_playlist()));
    }
}
