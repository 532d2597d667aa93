//! What transport streams do that ffmpeg's do not.
#![allow(clippy::unwrap_used, reason = "a broken fixture ends the test")]

mod support;

use synctv_ingest::{Frame, FrameKind, Track, codec::Codec, ts};

const PACKET: usize = 188;

/// A segment of a fixture's frames, `shift` 90 kHz ticks later.
fn segment(muxer: &mut ts::Muxer, frames: &[Frame], shift: i64) -> Vec<u8> {
    let media = frames.iter().filter(|frame| frame.kind == FrameKind::Media);
    let sample = |frame: &Frame| ts::Sample {
        track: frame.track,
        dts: frame.dts * 90 + shift,
        cts: i64::from(frame.cts) * 90,
        keyframe: frame.keyframe,
        payload: frame.payload_bytes(),
    };
    muxer.segment(&media.map(sample).collect::<Vec<_>>()).to_vec()
}

fn muxer(frames: &[Frame]) -> ts::Muxer {
    let config = |track| support::config(frames, track);
    ts::Muxer::new(config(Track::Video).as_ref(), config(Track::Audio).as_ref()).unwrap()
}

fn demux(demuxer: &mut ts::Demuxer, bytes: &[u8]) -> Vec<Frame> {
    let mut out = Vec::new();
    demuxer.feed(bytes, &mut out).unwrap();
    demuxer.flush(&mut out);
    out
}

fn media(frames: &[Frame], track: Track) -> Vec<&Frame> {
    frames.iter().filter(|frame| frame.track == track && frame.kind == FrameKind::Media).collect()
}

fn pid(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[1] & 0x1f, packet[2]])
}

#[test]
fn times_run_on_over_the_wrap_of_the_clock() {
    let frames = support::frames("demo.flv");
    // Five seconds before 2^33 ticks.
    let shift = (1i64 << 33) - 5 * 90_000 - 126_000;
    let out = demux(&mut ts::Demuxer::new(), &segment(&mut muxer(&frames), &frames, shift));
    for track in [Track::Video, Track::Audio] {
        let (out, frames) = (media(&out, track), media(&frames, track));
        assert_eq!(out.len(), frames.len());
        let zero = ((1i64 << 33) - 5 * 90_000) / 90;
        for (out, frame) in out.iter().zip(&frames) {
            assert!((out.dts - zero - frame.dts).abs() <= 2, "{} for {}", out.dts, frame.dts);
        }
    }
}

#[test]
fn a_lost_packet_costs_its_access_unit_alone_and_a_repeated_one_nothing() {
    let frames = support::frames("demo.flv");
    let whole = segment(&mut muxer(&frames), &frames, 0);
    let packets: Vec<&[u8]> = whole.chunks(PACKET).collect();
    let count = media(&frames, Track::Video).len();
    // A packet in the middle of a late picture, one that brings no parameter sets: no start, with a payload, on the video PID.
    let inner =
        packets.iter().rposition(|packet| pid(packet) == 0x100 && packet[1] & 0x40 == 0 && packet[3] & 0x30 == 0x10);
    let inner = inner.unwrap();
    let lossy: Vec<u8> =
        packets.iter().enumerate().filter(|(at, _)| *at != inner).flat_map(|(_, packet)| *packet).copied().collect();
    let mut demuxer = ts::Demuxer::new();
    assert_eq!(media(&demux(&mut demuxer, &lossy), Track::Video).len(), count - 1);
    assert_eq!(demuxer.take_warnings(), [ts::Warning::Lost]);

    let twice: Vec<u8> = packets
        .iter()
        .enumerate()
        .flat_map(|(at, packet)| std::iter::repeat_n(*packet, if at == inner { 2 } else { 1 }))
        .flatten()
        .copied()
        .collect();
    let mut demuxer = ts::Demuxer::new();
    assert_eq!(media(&demux(&mut demuxer, &twice), Track::Video).len(), count);
    assert_eq!(demuxer.take_warnings(), []);
}

#[test]
fn rubbish_between_packets_is_passed_over() {
    let frames = support::frames("demo.flv");
    let whole = segment(&mut muxer(&frames), &frames, 0);
    let (head, tail) = whole.split_at(PACKET * 40);
    let mut demuxer = ts::Demuxer::new();
    let out = demux(&mut demuxer, &[b"rubbish", head, &[1; 100], tail].concat());
    assert!(media(&out, Track::Video).len() + 2 >= media(&frames, Track::Video).len());
}

#[test]
fn streams_that_are_not_carried_are_named_and_the_others_play() {
    let frames = support::frames("demo.flv");
    let mut bytes = segment(&mut muxer(&frames), &frames, 0);
    // The programme map says AC-3 where AAC was; its CRC is made anew.
    let section = &mut bytes[PACKET + 5..PACKET * 2];
    let length = 3 + usize::from(section[2]);
    let at = section[..length].windows(3).position(|entry| entry == [0x0f, 0xe1, 0x01]).unwrap();
    section[at] = 0x81;
    let crc = section[..length - 4].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x04c1_1db7 }
        })
    });
    section[length - 4..length].copy_from_slice(&crc.to_be_bytes());
    let mut demuxer = ts::Demuxer::new();
    let out = demux(&mut demuxer, &bytes);
    assert_eq!(media(&out, Track::Video).len(), media(&frames, Track::Video).len());
    assert!(media(&out, Track::Audio).is_empty());
    assert_eq!(demuxer.take_warnings(), [ts::Warning::Unsupported("AC-3")]);
    assert_eq!(demuxer.take_warnings(), [], "said once");

    // A table with a wrong CRC is no table.
    bytes[PACKET + 5 + length - 1] ^= 1;
    assert!(demux(&mut ts::Demuxer::new(), &bytes).is_empty());
}

#[test]
fn another_encoder_behind_a_discontinuity_brings_its_configuration() {
    let (first, second) = (support::frames("mux_h264_aac.flv"), support::frames("mux_hevc.flv"));
    let mut demuxer = ts::Demuxer::new();
    demux(&mut demuxer, &segment(&mut muxer(&first), &first, 0));
    let again = demux(&mut demuxer, &segment(&mut muxer(&first), &first, 900_000));
    assert!(again.iter().all(|frame| frame.kind == FrameKind::Media), "a configuration that stays is not said again");
    demuxer.discontinuity();
    let out = demux(&mut demuxer, &segment(&mut muxer(&second), &second, 0));
    assert_eq!(out[0].kind, FrameKind::SequenceHeader);
    assert_eq!(out[0].codec, Codec::Hevc);
    assert_eq!(media(&out, Track::Video).len(), media(&second, Track::Video).len());
}

#[test]
fn packed_audio_begins_when_its_tag_says_and_goes_on() {
    let frames = support::frames("demo.flv");
    let sound = media(&frames, Track::Audio);
    // ADTS as a transport stream carries it: mono, LC, 44.1 kHz or what the configuration says.
    let Some(synctv_ingest::codec::Config::Aac(config)) = support::config(&frames, Track::Audio) else { panic!("AAC") };
    let packed = |frames: &[&Frame]| -> Vec<u8> {
        let adts = |frame: &&Frame| {
            let length = (frame.payload().len() + 7) as u32;
            let channels = config.channel_configuration;
            let mut bytes = vec![0xff, 0xf1, 0x40 | config.frequency_index() << 2 | channels >> 2];
            bytes.extend([channels << 6 | (length >> 11) as u8, (length >> 3) as u8, (length << 5) as u8 | 0x1f, 0xfc]);
            [&bytes, frame.payload()].concat()
        };
        frames.iter().flat_map(adts).collect()
    };
    let owner = b"com.apple.streaming.transportStreamTimestamp\0";
    let mut tag = b"ID3\x04\0\0\0\0\0\x3fPRIV\0\0\0\x35\0\0".to_vec();
    tag.extend(owner);
    tag.extend(900_000u64.to_be_bytes());
    let (mut demuxer, mut out) = (ts::Demuxer::new(), Vec::new());
    demuxer.packed_audio(&[&tag[..], &packed(&sound[..50])].concat(), &mut out).unwrap();
    demuxer.packed_audio(&packed(&sound[50..100]), &mut out).unwrap();
    assert_eq!(demuxer.take_warnings(), []);
    let played = media(&out, Track::Audio);
    assert_eq!((out.len(), played.len()), (101, 100), "one sequence header");
    for (out, frame) in played.iter().zip(&sound) {
        assert_eq!(out.payload(), frame.payload());
        assert!((out.dts - 10_000 - (frame.dts - sound[0].dts)).abs() <= 2, "{} for {}", out.dts, frame.dts);
    }
    assert!(demuxer.packed_audio(b"<html>", &mut out).is_err());
    assert!(demuxer.packed_audio(&tag, &mut out).is_err());
    for at in 0..tag.len() {
        let mut damaged = [&tag[..], &packed(&sound[..3])].concat();
        damaged[at] ^= 0xff;
        let _ = demuxer.packed_audio(&damaged, &mut out);
    }
}
