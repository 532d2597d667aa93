//! Frames in no order, with any bytes, of any codec: the window neither panics nor writes a playlist that breaks the rules.

#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::feed::EPOCH_MS;
use synctv_ingest::{
    Frame, FrameKind, Track,
    codec::Codec,
    hls::{Container, Origin, Window},
};

const FIXTURES: [&str; 6] =
    ["mux_h264_aac.flv", "mux_h264_mp3.flv", "mux_hevc.flv", "av1_opus.flv", "vp9_mp3.flv", "av1_10bit.flv"];

fn noise() -> impl Strategy<Value = Frame> {
    let codec = prop::sample::select(vec![
        Codec::H264,
        Codec::Hevc,
        Codec::Av1,
        Codec::Vp9,
        Codec::Aac,
        Codec::Mp3,
        Codec::Opus,
    ]);
    let tag = prop::collection::vec(any::<u8>(), 0..40);
    (codec, prop::bool::weighted(0.2), any::<bool>(), 0_i64..20_000, 0_i32..0x80_0000, tag, 0_u8..9).prop_map(
        |(codec, header, keyframe, dts, cts, tag, payload_at)| Frame {
            track: codec.track(),
            codec,
            kind: if header { FrameKind::SequenceHeader } else { FrameKind::Media },
            keyframe: keyframe || codec.track() == Track::Audio,
            dts,
            cts,
            tag: tag.into(),
            payload_at,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_frames_leave_rule_abiding_playlists(
        fixture in prop::sample::select(FIXTURES.to_vec()),
        noise in prop::collection::vec((0_usize..200, noise()), 0..60),
        breaks in prop::collection::vec((0_usize..200, 0_u8..3), 0..6),
    ) {
        let mut frames = support::frames(fixture);
        for (at, frame) in noise {
            frames.insert(at.min(frames.len()), frame);
        }
        let mut window = Window::new(Origin { media_sequence: 0, discontinuity_sequence: 0 });
        for (n, frame) in frames.iter().enumerate() {
            for (_, kind) in breaks.iter().filter(|(at, _)| *at == n) {
                match kind {
                    0 => _ = window.discontinuity(EPOCH_MS),
                    1 => _ = window.begin_publication(EPOCH_MS),
                    _ => _ = window.enable_ts(),
                }
            }
            window.push(frame, EPOCH_MS + frame.dts);
        }
        window.end(EPOCH_MS);
        let snapshot = window.snapshot();
        for container in [Container::Fmp4, Container::Ts] {
            let Some(text) = snapshot.media_playlist(container, None) else { continue };
            let playlist = m3u8_rs::parse_media_playlist_res(&text).unwrap();
            prop_assert!(playlist.segments.iter().all(|s| s.duration.round() as u64 <= playlist.target_duration));
            prop_assert!(playlist.segments.iter().all(|s| snapshot.resource(&s.uri).is_some()));
        }
    }
}
