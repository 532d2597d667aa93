//! A publisher's timestamps come out strictly increasing, without drift, with sound and picture kept together.

use proptest::prelude::*;
use synctv_ingest::{
    Track,
    timeline::{AudioClock, JUMP_MS, MAX_CTS_MS, Timeline},
};

fn place(timeline: &mut Timeline, track: Track, timestamp: u32) -> i64 {
    timeline.place(track, timestamp, 0).dts
}

#[test]
fn first_publication_is_rebased_to_zero() {
    let mut t = Timeline::new();
    t.begin_publication();
    let first = t.place(Track::Video, 123_456, 80);
    assert_eq!((first.dts, first.cts, first.discontinuity), (0, 80, false));
    assert_eq!(place(&mut t, Track::Audio, 123_466), 10);
    assert_eq!(place(&mut t, Track::Video, 123_496), 40);
}

#[test]
fn the_32_bit_wrap_is_not_a_jump() {
    let mut t = Timeline::new();
    place(&mut t, Track::Video, u32::MAX - 19);
    let after = t.place(Track::Video, 20, 0);
    assert_eq!((after.dts, after.discontinuity), (40, false));
    assert_eq!(place(&mut t, Track::Audio, u32::MAX - 9), 10, "audio is still before the wrap");
    assert_eq!(place(&mut t, Track::Audio, 12), 32);
}

#[test]
fn the_fall_to_zero_after_31_bits_is_not_a_jump() {
    let mut t = Timeline::new();
    place(&mut t, Track::Video, 0x7fff_fff0);
    let after = t.place(Track::Video, 0x18, 0);
    assert_eq!((after.dts, after.discontinuity), (0x28, false));
    assert_eq!(place(&mut t, Track::Audio, 0x7fff_fff8), 8);
}

#[test]
fn a_jump_re_anchors_both_tracks_to_one_place_and_says_so_once() {
    for far in [5_000_000_u32, 3] {
        let mut t = Timeline::new();
        place(&mut t, Track::Video, 1_000_000);
        place(&mut t, Track::Audio, 1_000_010);
        let video = t.place(Track::Video, far, 0);
        assert_eq!((video.dts, video.discontinuity), (11, true));
        assert_eq!(t.place(Track::Audio, 1_000_030, 0).dts, 30, "a frame of the old time goes where it belongs");
        let audio = t.place(Track::Audio, far + 25, 0);
        assert_eq!((audio.dts, audio.discontinuity), (36, false), "25 ms after its picture, as sent");
    }
}

#[test]
fn a_jump_at_the_limit_keeps_the_tracks_together() {
    let mut t = Timeline::new();
    place(&mut t, Track::Video, 0);
    place(&mut t, Track::Audio, 40);
    let video = t.place(Track::Video, 10_050, 0);
    assert!(video.discontinuity);
    let audio = t.place(Track::Audio, 10_040, 0);
    assert_eq!(audio.dts, 41, "10 ms before its picture would be 31, which is taken: clamped, not 10 s ahead");
    assert!(!audio.discontinuity);
}

#[test]
fn a_small_step_back_is_clamped_and_keeps_the_presentation_time() {
    let mut t = Timeline::new();
    place(&mut t, Track::Video, 0);
    place(&mut t, Track::Video, 40);
    let back = t.place(Track::Video, 30, 50);
    assert_eq!((back.dts, back.cts, back.discontinuity), (41, 39, false));
    assert_eq!(place(&mut t, Track::Video, 120), 120, "no drift afterwards");
}

#[test]
fn the_next_publication_continues_after_the_former() {
    let mut t = Timeline::new();
    t.begin_publication();
    place(&mut t, Track::Video, 500);
    place(&mut t, Track::Audio, 700);
    t.begin_publication();
    let first = t.place(Track::Audio, 0, 0);
    assert_eq!((first.dts, first.discontinuity), (201, true));
    let second = t.place(Track::Video, 33, 0);
    assert_eq!((second.dts, second.discontinuity), (234, false));
}

#[test]
fn a_silent_track_that_returns_is_no_jump_while_the_other_went_on() {
    let mut t = Timeline::new();
    place(&mut t, Track::Audio, 0);
    for n in 0..500 {
        place(&mut t, Track::Video, n * 40);
    }
    let back = t.place(Track::Audio, 19_980, 0);
    assert_eq!((back.dts, back.discontinuity), (19_980, false));
}

#[test]
fn audio_positions_count_samples_and_not_rounded_ms() {
    let mut clock = AudioClock::new(44_100);
    for n in 0..100_000_i64 {
        let placed = clock.place(n * 1024 * 1000 / 44_100, 1024);
        assert_eq!((placed.samples, placed.resynchronised), (n * 1024, false));
    }
}

#[test]
fn audio_resynchronises_above_100_ms_only() {
    let mut clock = AudioClock::new(48_000);
    clock.place(0, 1024);
    assert_eq!(clock.place(120, 1024).samples, 1024, "99 ms late is jitter");
    let gap = clock.place(300, 1024);
    assert_eq!((gap.samples, gap.resynchronised), (14_400, true));
    let surplus = clock.place(100, 1024);
    assert_eq!((surplus.samples, surplus.resynchronised), (14_401, true), "never backwards");
}

fn track() -> impl Strategy<Value = Track> {
    prop_oneof![Just(Track::Video), Just(Track::Audio)]
}

proptest! {
    #[test]
    fn dts_strictly_increases_on_each_track_for_any_input(
        frames in prop::collection::vec((track(), any::<u32>(), any::<i32>(), prop::bool::weighted(0.02)), 1..400)
    ) {
        let mut t = Timeline::new();
        let (mut video, mut audio) = (-1, -1);
        for (track, timestamp, cts, again) in frames {
            if again { t.begin_publication(); }
            let placed = t.place(track, timestamp, cts);
            let last = if track == Track::Video { &mut video } else { &mut audio };
            prop_assert!(placed.dts > *last);
            prop_assert!((0..=MAX_CTS_MS).contains(&placed.cts));
            *last = placed.dts;
        }
    }

    #[test]
    fn clean_input_passes_unchanged_from_any_origin(
        origin in any::<u32>(), steps in prop::collection::vec((track(), 1_u32..JUMP_MS as u32), 1..400)
    ) {
        let mut t = Timeline::new();
        t.begin_publication();
        let mut clock = 0_i64;
        t.place(Track::Video, origin, 0);
        t.place(Track::Audio, origin, 0);
        for (track, step) in steps {
            clock += i64::from(step);
            let placed = t.place(track, origin.wrapping_add(clock as u32), 7);
            prop_assert_eq!(placed.dts, clock);
            prop_assert!(!placed.discontinuity);
        }
    }

    #[test]
    fn a_masked_clock_passes_unchanged(origin in 0x7fff_0000_u32..0x8000_0000, steps in prop::collection::vec(1_u32..500, 1..400)) {
        let mut t = Timeline::new();
        t.place(Track::Video, origin, 0);
        let mut clock = 0;
        for step in steps {
            clock += step;
            prop_assert_eq!(t.place(Track::Video, origin.wrapping_add(clock) & 0x7fff_ffff, 0).dts, i64::from(clock));
        }
    }

    #[test]
    fn the_distance_between_tracks_survives_a_jump(before in any::<u32>(), after in any::<u32>(), offset in 0_u32..400) {
        let distance = after.wrapping_sub(before).cast_signed().unsigned_abs();
        prop_assume!(distance > 12_000 && distance < 0x7fff_0000);
        let mut t = Timeline::new();
        t.place(Track::Video, before, 0);
        t.place(Track::Audio, before, 0);
        let video = t.place(Track::Video, after, 0);
        let audio = t.place(Track::Audio, after.wrapping_add(offset), 0);
        prop_assert!(video.discontinuity && !audio.discontinuity);
        prop_assert_eq!(audio.dts - video.dts, i64::from(offset));
    }
}
