//! What a window serves, written to files, played by ffmpeg.

#![allow(clippy::unwrap_used)]

mod support;

use std::{path::Path, process::Command};
use support::fragments;
use synctv_ingest::{
    FrameKind, Track,
    hls::{Container, Origin, Window},
    timeline::Timeline,
};

/// A window into which a fixture was published `times` times, one after the other.
fn window(name: &str, times: usize) -> Window {
    let mut window = Window::new(Origin { media_sequence: 1, discontinuity_sequence: 0 });
    let mut timeline = Timeline::new();
    let frames = support::frames(name);
    for _ in 0..times {
        timeline.begin_publication();
        let now = 1_800_000_000_000 + timeline.last_dts().unwrap_or(0);
        window.begin_publication(now);
        for mut frame in frames.clone() {
            if frame.kind == FrameKind::Media {
                let placed = timeline.place(frame.track, frame.dts as u32, frame.cts);
                (frame.dts, frame.cts) = (placed.dts, placed.cts);
            }
            window.push(&frame, 1_800_000_000_000 + frame.dts);
        }
    }
    window.end(1_800_000_000_000);
    window
}

fn write(window: &Window, directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    let snapshot = window.snapshot();
    let save = |name: &str, bytes: &[u8]| std::fs::write(directory.join(name), bytes).unwrap();
    for container in [Container::Fmp4, Container::Ts] {
        let Some(media) = snapshot.media_playlist(container, None) else { continue };
        save(container.media_playlist(), &media);
        save(container.multivariant_playlist(), &snapshot.multivariant_playlist(container, None).unwrap());
        for segment in snapshot.segments() {
            let name = segment.name(container);
            save(&name, &snapshot.resource(&name).unwrap().bytes);
            save(&segment.init_name, &snapshot.resource(&segment.init_name).unwrap().bytes);
        }
    }
}

/// Reads all of a playlist; the frames of picture and sound in it.
fn play(playlist: &Path) -> [usize; 2] {
    let output = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror", "-live_start_index", "0", "-allowed_extensions", "ALL", "-i"])
        .arg(playlist)
        .args(["-map", "0", "-f", "framecrc", "-c", "copy", "-"])
        .output()
        .expect("ffmpeg must be installed (Debian package ffmpeg)");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{playlist:?}: {complaints}");
    let lines = String::from_utf8(output.stdout).unwrap();
    ["video", "audio"].map(|kind| {
        let stream =
            lines.lines().find_map(|line| line.strip_prefix("#media_type ")?.strip_suffix(&format!(": {kind}")));
        stream.map_or(0, |stream| lines.lines().filter(|line| line.starts_with(&format!("{stream},"))).count())
    })
}

#[test]
fn both_containers_carry_every_frame() {
    for (name, ts) in
        [("mux_h264_aac.flv", true), ("mux_h264_mp3.flv", true), ("mux_hevc.flv", true), ("mp3_22050.flv", true)]
    {
        let mut window = window(name, 1);
        assert_eq!(window.enable_ts().is_ok(), ts);
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hls-{name}"));
        write(&window, &directory);
        let frames = support::frames(name);
        let sent = [Track::Video, Track::Audio]
            .map(|track| frames.iter().filter(|f| f.track == track && f.kind == FrameKind::Media).count());
        assert_eq!(play(&directory.join("index.m3u8")), sent, "{name}");
        assert_eq!(play(&directory.join("ts.m3u8")), sent, "{name}");
    }
}

#[test]
fn segments_with_their_init_section_decode_alone() {
    let window = window("mux_h264_aac.flv", 2);
    let snapshot = window.snapshot();
    assert_eq!(snapshot.segments().len(), 6);
    for segment in snapshot.segments() {
        let init = snapshot.resource(&segment.init_name).unwrap();
        support::decode(&[init.bytes, segment.fmp4.clone()].concat());
    }
}

#[test]
fn fragments_follow_each_other_without_gap_or_overlap() {
    for (name, tracks) in [("mux_h264_aac.flv", 2), ("mux_hevc.flv", 1), ("mux_h264_mp3.flv", 2)] {
        let snapshot = window(name, 1).snapshot();
        let runs: Vec<_> = snapshot.segments().iter().map(|segment| fragments::runs(&segment.fmp4)).collect();
        assert!(runs.iter().all(|runs| runs.len() == tracks), "{name}");
        for pair in runs.windows(2) {
            for (run, next) in pair[0].iter().zip(&pair[1]) {
                assert_eq!((run.track, run.end), (next.track, next.start), "{name}");
            }
        }
    }
}

#[test]
fn codecs_that_mpeg_ts_does_not_carry_are_named() {
    let mut window = window("vp9_mp3.flv", 1);
    assert_eq!(window.enable_ts().unwrap_err().to_string(), "unsupported codec in MPEG-TS: vp9");
    assert!(window.snapshot().media_playlist(Container::Ts, None).is_none());
}

#[test]
fn the_multivariant_playlist_says_what_the_stream_is() {
    let window = window("mux_h264_aac.flv", 1);
    let snapshot = window.snapshot();
    let text = snapshot.multivariant_playlist(Container::Fmp4, None).unwrap();
    let master = m3u8_rs::parse_master_playlist_res(&text).unwrap();
    let variant = &master.variants[0];
    assert_eq!(variant.uri, "media.m3u8");
    let codecs = variant.codecs.as_deref().unwrap();
    assert!(codecs.starts_with("avc1.") && codecs.ends_with(",mp4a.40.2"), "{codecs}");
    assert_eq!(variant.resolution.map(|r| (r.width, r.height)), Some((96, 64)));
    assert_eq!(variant.frame_rate, Some(25.0));
    // 1 s segments and a target of 2 s: runs of one, two and three of them count.
    let sizes: Vec<u64> = snapshot.segments().iter().map(|segment| segment.fmp4.len() as u64 * 8).collect();
    assert_eq!(snapshot.segments().iter().map(|segment| segment.duration).collect::<Vec<_>>(), [1_000; 3]);
    assert_eq!(variant.bandwidth, *sizes.iter().max().unwrap());
    assert_eq!(variant.average_bandwidth, Some(sizes.iter().sum::<u64>().div_ceil(3)));
}
