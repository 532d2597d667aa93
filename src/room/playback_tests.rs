//! Where a room is, and what commands make of it.

use proptest::prelude::*;
use synctv_store::{Mode, Role, Settings, Target};

use super::*;

const LONG: i64 = 100_000;

fn target(byte: u8) -> Target {
    Target { playlist_id: "p_1".into(), media_id: format!("m_{byte}"), hash: [byte; 32] }
}

fn playback(playing: bool) -> Playback {
    Playback {
        version: 5,
        generation: 2,
        target: Some(target(1)),
        playing,
        ended: false,
        anchor_ms: 10_000,
        anchored_at_ms: 1_000_000,
        speed: 1.0,
    }
}

fn snapshot(playback: Playback, length: Length, now_ms: i64) -> Snapshot {
    let settings = Settings { mode: Mode::Sequential, advance_delay: std::time::Duration::ZERO, control: Role::Viewer };
    Snapshot { room_id: "r_1".into(), playback, length, settings, place: None, head: 0, now_ms }
}

fn after(playing: bool, now_ms: i64, command: &Command) -> Playback {
    apply(&snapshot(playback(playing), Length::Known(LONG), now_ms), command).expect("a command that is possible")
}

#[test]
fn playing_moves_and_pausing_holds() {
    assert_eq!(position_at(&playback(true), Length::Pending, 1_005_000), 15_000);
    assert_eq!(position_at(&playback(false), Length::Pending, 1_005_000), 10_000);
    assert_eq!(position_at(&playback(true), Length::Known(12_000), 1_005_000), 12_000, "never beyond the end");
    assert_eq!(position_at(&playback(true), Length::Live, 999_000), 10_000, "a clock that went back moves nothing");
    let fast = Playback { speed: 2.0, ..playback(true) };
    assert_eq!(position_at(&fast, Length::Pending, 1_005_000), 20_000);
}

#[test]
fn each_command_writes_the_next_version_and_keeps_the_generation() {
    let commands = [Command::Play, Command::Pause, Command::Seek { position_ms: 1 }, Command::Speed { speed: 1.5 }];
    for command in commands {
        let next = after(true, 1_005_000, &command);
        assert_eq!((next.version, next.generation), (6, 2), "{command:?}");
        assert_eq!(next.anchored_at_ms, 1_005_000, "{command:?}");
    }
}

#[test]
fn pausing_near_the_end_is_not_the_end() {
    let near = snapshot(playback(true), Length::Known(15_000), 1_004_999);
    let paused = apply(&near, &Command::Pause).expect("it plays");
    assert_eq!((paused.playing, paused.ended, paused.anchor_ms), (false, false, 14_999));
    assert_eq!(position_at(&paused, Length::Known(15_000), i64::MAX), 14_999);
}

#[test]
fn speed_changes_from_where_it_is() {
    let next = after(true, 1_005_000, &Command::Speed { speed: 2.0 });
    assert_eq!((next.anchor_ms, next.speed), (15_000, 2.0));
    assert_eq!(position_at(&next, Length::Known(LONG), 1_006_000), 17_000);
}

#[test]
fn impossible_values_are_refused() {
    let at = snapshot(playback(true), Length::Pending, 1_005_000);
    for speed in [0.0, -1.0, 0.2, 4.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(apply(&at, &Command::Speed { speed }), Err(Error::Invalid(_))), "{speed}");
    }
    assert!(matches!(apply(&at, &Command::Seek { position_ms: -1 }), Err(Error::Invalid(_))));
}

#[test]
fn nothing_selected_takes_stop_only() {
    let empty = snapshot(Playback { target: None, ..playback(false) }, Length::Pending, 1);
    for command in [Command::Play, Command::Pause, Command::Seek { position_ms: 0 }, Command::Speed { speed: 1.0 }] {
        assert!(matches!(apply(&empty, &command), Err(Error::Conflict(_))), "{command:?}");
    }
    let stopped = apply(&empty, &Command::Stop).expect("stopping is always possible");
    assert_eq!((stopped.version, stopped.generation), (6, 2), "the source stays what it was: none");
}

#[test]
fn stopping_selects_nothing_and_ends_the_generation() {
    let next = after(true, 1_005_000, &Command::Stop);
    assert_eq!((next.target, next.playing, next.anchor_ms, next.generation), (None, false, 0, 3));
}

#[test]
fn after_the_end_play_begins_anew_and_seek_stays_paused() {
    let ended = end(&playback(true), Length::Known(15_000), 1_005_000);
    assert_eq!((ended.playing, ended.ended, ended.anchor_ms, ended.version), (false, true, 15_000, 6));
    let at = snapshot(ended, Length::Known(15_000), 2_000_000);
    let again = apply(&at, &Command::Play).expect("it can be played again");
    assert_eq!((again.playing, again.ended, again.anchor_ms), (true, false, 0));
    let sought = apply(&at, &Command::Seek { position_ms: 3_000 }).expect("it can be sought");
    assert_eq!((sought.playing, sought.ended, sought.anchor_ms), (false, false, 3_000));
}

#[test]
fn another_source_is_another_generation_and_the_same_one_is_not() {
    let same = Item { target: target(1), length: Length::Pending };
    let other = Item { target: target(2), length: Length::Pending };
    assert_eq!(select(&playback(true), &same, 9).generation, 2);
    let next = select(&playback(false), &other, 9);
    assert_eq!((next.generation, next.version, next.anchor_ms, next.anchored_at_ms), (3, 6, 0, 9));
    assert!(next.playing && !next.ended);
}

proptest! {
    #[test]
    fn a_position_is_within_the_item_and_never_goes_back(
        anchor in 0i64..10_000_000, passed in 0i64..1_000_000_000, more in 0i64..1_000_000,
        speed in 0.25f64..4.0, length in proptest::option::of(1i64..20_000_000), playing: bool,
    ) {
        let length = length.map_or(Length::Pending, Length::Known);
        let state = Playback { anchor_ms: anchor, speed, playing, ..playback(playing) };
        let now = state.anchored_at_ms + passed;
        let (first, later) = (position_at(&state, length, now), position_at(&state, length, now + more));
        prop_assert!(first >= 0 && first <= later);
        if let Some(end) = length.known_ms() {
            prop_assert!(later <= end);
        } else if playing {
            let moved = (later - anchor) as f64;
            prop_assert!((moved - (passed + more) as f64 * speed).abs() <= 1.0);
        }
    }

    #[test]
    fn re_anchoring_moves_nobody(now in 0i64..50_000, later in 0i64..50_000, speed in 0.25f64..4.0) {
        let state = Playback { speed, ..playback(true) };
        let now = state.anchored_at_ms + now;
        let again = apply(&snapshot(state.clone(), Length::Pending, now), &Command::Play).expect("it plays");
        let (before, after) = (
            position_at(&state, Length::Pending, now + later),
            position_at(&again, Length::Pending, now + later),
        );
        prop_assert!((before - after).abs() <= 1, "{before} {after}");
    }

    #[test]
    fn no_numbers_make_a_position_overflow(anchor: i64, at: i64, now: i64, speed in 0.25f64..4.0, length: i64) {
        let state = Playback { anchor_ms: anchor, anchored_at_ms: at, speed, ..playback(true) };
        prop_assert!(position_at(&state, Length::Pending, now) >= 0);
        prop_assert!(position_at(&state, Length::Known(length), now) <= length.max(0));
    }
}
