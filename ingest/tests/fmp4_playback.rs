//! What the fragmenter writes is decoded whole by ffmpeg, and ffprobe reads from it what the configuration said.
#![allow(clippy::unwrap_used, reason = "a broken fixture or a missing ffmpeg ends the test")]

mod codec_fixture;

use codec_fixture::{Clip, Packet, TRACKS, path, read};
use std::{fs, path::PathBuf, process::Command};
use synctv_ingest::{
    codec::{Codec, av1},
    fmp4::{Sample, TrackRun, TrackSetup, fragment, init_segment},
    frame::Track,
};

/// The samples of one track on its own clock, starting at the packet's time plus `offset_ms`.
fn samples(clip: &Clip, codec: Codec, timescale: u32, offset_ms: u64) -> Vec<Sample> {
    let packets: Vec<&Packet> = clip.media(codec).collect();
    let frame = clip.whole_config(codec).audio().map(|audio| audio.samples_per_frame);
    let ticks = |ms: u64| ms * u64::from(timescale) / 1000;
    let first = packets[0].dts_ms + offset_ms;
    let sample = |(at, packet): (usize, &&Packet)| {
        let dts = match frame {
            Some(frame) => ticks(first) + at as u64 * u64::from(frame),
            None => ticks(packet.dts_ms + offset_ms),
        };
        let payload =
            if codec == Codec::Av1 { av1::without_temporal_delimiter(&packet.payload) } else { packet.payload.clone() };
        let cts = i32::try_from(i64::from(packet.cts_ms) * i64::from(timescale) / 1000).unwrap();
        Sample { dts, duration: frame.unwrap_or(timescale / 10), cts, keyframe: packet.keyframe, payload }
    };
    packets.iter().enumerate().map(sample).collect()
}

/// An init segment and one fragment per group of five samples, as a file for ffmpeg.
fn remux(name: &str, clip: &Clip, codecs: &[Codec], offset_ms: u64) -> PathBuf {
    let configs: Vec<_> = codecs.iter().map(|codec| clip.whole_config(*codec)).collect();
    let timescale = |codec: Codec, at: usize| match codec.track() {
        Track::Video => 90_000,
        Track::Audio => configs[at].audio().unwrap().sample_rate,
    };
    let setups: Vec<TrackSetup<'_>> = codecs
        .iter()
        .enumerate()
        .map(|(at, codec)| TrackSetup { id: at as u32 + 1, config: &configs[at], timescale: timescale(*codec, at) })
        .collect();
    let mut file = init_segment(&setups).unwrap().to_vec();
    let tracks: Vec<Vec<Sample>> =
        codecs.iter().zip(&setups).map(|(codec, setup)| samples(clip, *codec, setup.timescale, offset_ms)).collect();
    let fragments = tracks.iter().map(|track| track.len().div_ceil(5)).max().unwrap();
    for at in 0..fragments {
        let runs: Vec<TrackRun<'_>> = tracks
            .iter()
            .zip(&setups)
            .filter_map(|(track, setup)| {
                let samples = track.chunks(5).nth(at)?;
                Some(TrackRun { id: setup.id, base_decode_time: samples[0].dts, samples })
            })
            .collect();
        let bytes = fragment(at as u32 + 1, &runs).unwrap();
        assert_eq!(bytes.len(), bytes.capacity(), "one allocation of the exact size");
        file.extend_from_slice(&bytes);
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fmp4_{name}.mp4"));
    fs::write(&path, file).unwrap();
    path
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{program} {args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// `entries` of the first stream of `kind` as ffprobe prints them, one value a line.
fn probe(file: &str, kind: &str, entries: &str) -> Vec<String> {
    let entries = format!("stream={entries}");
    let text = run(
        "ffprobe",
        &["-v", "error", "-select_streams", kind, "-show_entries", &entries, "-of", "default=nw=1:nk=1", file],
    );
    text.lines().map(str::to_owned).collect()
}

/// Every clip with all its tracks.
const CLIPS: [(&str, &[Codec]); 7] = [
    ("h264_aac.flv", &[Codec::H264, Codec::Aac]),
    ("hevc.flv", &[Codec::Hevc]),
    ("hevc_10bit.flv", &[Codec::Hevc]),
    ("av1_opus.flv", &[Codec::Av1, Codec::Opus]),
    ("av1_10bit.flv", &[Codec::Av1]),
    ("vp9_mp3.flv", &[Codec::Vp9, Codec::Mp3]),
    ("mp3_22050.flv", &[Codec::Mp3]),
];

#[test]
fn every_codec_decodes_whole_and_without_a_complaint() {
    for (name, codecs) in CLIPS {
        let clip = read(name);
        let file = remux(name, &clip, codecs, 0);
        let file = file.to_str().unwrap();
        run("ffprobe", &["-v", "error", file]);
        run("ffmpeg", &["-v", "error", "-xerror", "-i", file, "-f", "null", "-"]);
        for codec in codecs {
            let kind = if codec.track() == Track::Video { "v:0" } else { "a:0" };
            let counted = run(
                "ffprobe",
                &[
                    "-v",
                    "error",
                    "-count_packets",
                    "-select_streams",
                    kind,
                    "-show_entries",
                    "stream=nb_read_packets",
                    "-of",
                    "default=nw=1:nk=1",
                    file,
                ],
            );
            assert_eq!(counted.trim(), clip.media(*codec).count().to_string(), "{name} {codec:?}");
        }
    }
}

#[test]
fn pictures_are_those_of_the_published_clip() {
    let pictures = |input: &str| {
        run(
            "ffmpeg",
            &["-v", "error", "-i", input, "-map", "0:v", "-f", "rawvideo", "-c:v", "rawvideo", "-f", "md5", "-"],
        )
    };
    // Debian's ffmpeg cannot read Enhanced RTMP, so only the legacy clip serves as a reference.
    let remuxed = remux("pictures", &read("h264_aac.flv"), &[Codec::H264, Codec::Aac], 0);
    assert_eq!(pictures(remuxed.to_str().unwrap()), pictures(&path("h264_aac.flv")));
}

#[test]
fn ffprobe_reads_codec_size_and_rates_as_configured() {
    for (name, codecs) in CLIPS {
        let clip = read(name);
        let file = remux(&format!("probe_{name}"), &clip, codecs, 0);
        let file = file.to_str().unwrap();
        for codec in codecs {
            let config = clip.whole_config(*codec);
            if let Some(video) = config.video() {
                let size = [video.width.to_string(), video.height.to_string()];
                assert_eq!(probe(file, "v:0", "width,height"), size, "{name}");
            }
            if let Some(audio) = config.audio() {
                let rates = [audio.sample_rate.to_string(), audio.channels.to_string()];
                assert_eq!(probe(file, "a:0", "sample_rate,channels"), rates, "{name}");
            }
            let tag = match codec {
                Codec::H264 => "avc1",
                Codec::Hevc => "hvc1",
                Codec::Av1 => "av01",
                Codec::Vp9 => "vp09",
                Codec::Aac | Codec::Mp3 => "mp4a",
                Codec::Opus => "Opus",
            };
            let kind = if codec.track() == Track::Video { "v:0" } else { "a:0" };
            assert_eq!(probe(file, kind, "codec_name,codec_tag_string"), [codec.name(), tag], "{name}");
        }
    }
}

#[test]
fn codec_names_agree_with_ffprobes_profile_and_level() {
    for (name, profile, level, codecs_name) in [
        ("h264_aac.flv", "High", "10", "avc1.64000a"),
        ("hevc.flv", "Main", "30", "hvc1.1.6.L30.90"),
        ("hevc_10bit.flv", "Main 10", "30", "hvc1.2.4.L30.90"),
        ("av1_10bit.flv", "Main", "0", "av01.0.00M.10"),
    ] {
        let clip = read(name);
        let codec = TRACKS.iter().find(|(clip, _)| *clip == name).unwrap().1;
        let file = remux(&format!("level_{name}"), &clip, &[codec], 0);
        assert_eq!(probe(file.to_str().unwrap(), "v:0", "profile,level"), [profile, level], "{name}");
        assert_eq!(clip.whole_config(codec).rfc6381(), codecs_name);
    }
}

#[test]
fn times_come_out_exactly_beyond_32_bits() {
    // 2^33 ticks of 90 kHz are about 26.5 hours: past every 32-bit and 33-bit field.
    let offset_ms = 100_000_000;
    let clip = read("h264_aac.flv");
    let file = remux("late", &clip, &[Codec::H264, Codec::Aac], offset_ms);
    let text = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "packet=pts,dts,flags",
            "-of",
            "csv=p=0",
            file.to_str().unwrap(),
        ],
    );
    let wanted: Vec<String> = clip
        .media(Codec::H264)
        .map(|packet| {
            let dts = (packet.dts_ms + offset_ms) * 90;
            let pts = i64::try_from(dts).unwrap() + i64::from(packet.cts_ms) * 90;
            format!("{pts},{dts},{}", if packet.keyframe { "K_" } else { "__" })
        })
        .collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn negative_composition_offsets_survive() {
    let clip = read("h264_aac.flv");
    let config = clip.whole_config(Codec::H264);
    let setup = TrackSetup { id: 7, config: &config, timescale: 90_000 };
    let mut file = init_segment(&[setup]).unwrap().to_vec();
    let mut samples = samples(&clip, Codec::H264, 90_000, 1000);
    let shift = samples.iter().map(|sample| sample.cts).max().unwrap();
    samples.iter_mut().for_each(|sample| sample.cts -= shift);
    let run_of_all = TrackRun { id: 7, base_decode_time: samples[0].dts, samples: &samples };
    file.extend(fragment(1, &[run_of_all]).unwrap());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fmp4_negative.mp4");
    fs::write(&path, file).unwrap();
    let text =
        run("ffprobe", &["-v", "error", "-show_entries", "packet=pts", "-of", "csv=p=0", path.to_str().unwrap()]);
    let pts: Vec<i64> = text.lines().map(|line| line.trim_end_matches(',').parse().unwrap()).collect();
    let wanted: Vec<i64> =
        samples.iter().map(|sample| i64::try_from(sample.dts).unwrap() + i64::from(sample.cts)).collect();
    // ffmpeg moves the track so that no PTS precedes its DTS; the distances are ours.
    let distances = |times: &[i64]| times.iter().map(|time| time - times[0]).collect::<Vec<_>>();
    assert_eq!(distances(&pts), distances(&wanted));
}

#[test]
fn track_sets_that_no_player_could_use_are_refused() {
    let clip = read("vp9_mp3.flv");
    let (sizeless, whole, mp3) = (clip.config(Codec::Vp9), clip.whole_config(Codec::Vp9), clip.config(Codec::Mp3));
    let setup = |id, config, timescale| TrackSetup { id, config, timescale };
    assert!(init_segment(&[]).is_err());
    assert!(init_segment(&[setup(1, &sizeless, 90_000)]).is_err(), "VP9 before its first key frame");
    assert!(init_segment(&[setup(0, &whole, 90_000)]).is_err());
    assert!(init_segment(&[setup(1, &whole, 0)]).is_err());
    assert!(init_segment(&[setup(1, &whole, 90_000), setup(1, &mp3, 44_100)]).is_err());
    assert!(init_segment(&[setup(1, &whole, 90_000), setup(2, &mp3, 44_100)]).is_ok());
    let empty = fragment(1, &[TrackRun { id: 1, base_decode_time: 0, samples: &[] }]).unwrap();
    assert_eq!(empty.len(), 24 + 8, "moof with mfhd, empty mdat");
}
