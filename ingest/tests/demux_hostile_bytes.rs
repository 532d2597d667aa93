//! Whatever a foreign origin sends as a segment: no panic, no more memory than it sent.
#![allow(clippy::unwrap_used, reason = "a broken fixture ends the test")]

mod support;

use synctv_ingest::{
    Error, Frame, FrameKind, Track,
    fmp4::{self, TrackRun, TrackSetup},
    ts,
};

/// A short transport stream and a short fragmented MP4 (its init section, and the rest) of a fixture.
fn short() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let frames = support::frames("mux_h264_aac.flv");
    let (video, audio) =
        (support::config(&frames, Track::Video).unwrap(), support::config(&frames, Track::Audio).unwrap());
    let media: Vec<&Frame> = frames.iter().filter(|frame| frame.kind == FrameKind::Media).take(12).collect();
    let samples: Vec<ts::Sample> = media
        .iter()
        .map(|frame| ts::Sample {
            track: frame.track,
            dts: frame.dts * 90,
            cts: i64::from(frame.cts) * 90,
            keyframe: frame.keyframe,
            payload: frame.payload_bytes(),
        })
        .collect();
    let transport = ts::Muxer::new(Some(&video), Some(&audio)).unwrap().segment(&samples);
    let setups = [(1, &video), (2, &audio)].map(|(id, config)| TrackSetup { id, config, timescale: 1000 });
    let init = fmp4::init_segment(&setups).unwrap();
    let of = |track: Track| -> Vec<fmp4::Sample> {
        let of_track = media.iter().filter(|frame| frame.track == track);
        of_track
            .map(|frame| fmp4::Sample {
                dts: frame.dts as u64,
                duration: 40,
                cts: frame.cts,
                keyframe: frame.keyframe,
                payload: frame.payload_bytes(),
            })
            .collect()
    };
    let tracks = [of(Track::Video), of(Track::Audio)];
    let runs: Vec<_> = tracks
        .iter()
        .zip(1..)
        .map(|(samples, id)| TrackRun { id, base_decode_time: samples[0].dts, samples })
        .collect();
    (transport.to_vec(), init.to_vec(), fmp4::fragment(1, &runs).unwrap())
}

/// Bytes that frames hold, all in all.
fn held(frames: &[Frame]) -> usize {
    frames.iter().map(|frame| frame.tag.len()).sum()
}

fn transport(bytes: &[u8]) -> Vec<Frame> {
    let (mut demuxer, mut out) = (ts::Demuxer::new(), Vec::new());
    for piece in bytes.chunks(777) {
        if demuxer.feed(piece, &mut out).is_err() {
            break;
        }
        assert!(demuxer.held_bytes() <= bytes.len() + 1024);
    }
    demuxer.flush(&mut out);
    assert!(demuxer.held_bytes() <= 16 * 1024);
    assert!(held(&out) <= bytes.len() * 3 + 4096, "{} of {}", held(&out), bytes.len());
    out
}

fn fragments(init: &[u8], segment: &[u8]) -> Result<Vec<Frame>, Error> {
    let mut out = Vec::new();
    let read = fmp4::Demuxer::new(init)?.segment(segment, &mut out);
    // A key frame's configuration may come out of it once more.
    assert!(held(&out) <= (init.len() + segment.len()) * 3 + 4096);
    read.map(|()| out)
}

#[test]
fn every_byte_of_a_transport_stream_may_be_damaged_and_it_may_end_anywhere() {
    let (transport_stream, ..) = short();
    assert!(transport(&transport_stream).len() >= 12);
    for at in 0..transport_stream.len() {
        let mut damaged = transport_stream.clone();
        for value in [0, 0xff, damaged[at] ^ 0x01, damaged[at] ^ 0x80, 0x47] {
            damaged[at] = value;
            transport(&damaged);
        }
        transport(&transport_stream[..at]);
        transport(&transport_stream[at..]);
    }
}

#[test]
fn every_byte_of_a_fragmented_file_may_be_damaged_and_it_may_end_anywhere() {
    let (_, init, segment) = short();
    assert_eq!(fragments(&init, &segment).unwrap().len(), 14);
    for at in 0..init.len() {
        let mut damaged = init.clone();
        for value in [0, 0xff, damaged[at] ^ 0x01, damaged[at] ^ 0x80] {
            damaged[at] = value;
            let _ = fragments(&damaged, &segment);
        }
        assert!(fragments(&init[..at], &segment).is_err());
    }
    for at in 0..segment.len() {
        let mut damaged = segment.clone();
        for value in [0, 0xff, damaged[at] ^ 0x01, damaged[at] ^ 0x80] {
            damaged[at] = value;
            let _ = fragments(&init, &damaged);
        }
        let _ = fragments(&init, &segment[..at]);
    }
}

#[test]
fn what_is_no_transport_stream_ends_soon() {
    let (mut demuxer, mut out) = (ts::Demuxer::new(), Vec::new());
    let fed = (0..).map(|_| demuxer.feed(&[b'x'; 1000], &mut out)).take(100).find(Result::is_err);
    assert!(fed.is_some());
    let mut demuxer = ts::Demuxer::new();
    // A sync byte now and then is none.
    let almost = [&[0x47][..], &[0; 900]].concat();
    assert!((0..200).any(|_| demuxer.feed(&almost, &mut out).is_err()));
    assert!(out.is_empty());
}

#[test]
fn samples_that_share_their_bytes_are_refused() {
    let (_, init, segment) = short();
    let trun = segment.windows(4).position(|kind| kind == b"trun").unwrap();
    // Forty fragments that all refer to the bytes behind the last of them.
    let (moof, mdat) = segment.split_at(u32::from_be_bytes(segment[..4].try_into().unwrap()) as usize);
    let copies = (0..40u32).rev().flat_map(|behind| {
        let mut moof = moof.to_vec();
        let runs: Vec<_> = (0..moof.len() - 4).filter(|at| &moof[*at..*at + 4] == b"trun").collect();
        for at in runs.iter().map(|at| at + 12) {
            let offset = u32::from_be_bytes(moof[at..at + 4].try_into().unwrap()) + behind * moof.len() as u32;
            moof[at..at + 4].copy_from_slice(&offset.to_be_bytes());
        }
        moof
    });
    let bomb: Vec<u8> = copies.chain(mdat.iter().copied()).collect();
    let refused = fragments(&init, &bomb).unwrap_err();
    assert!(refused.to_string().contains("overlap"), "{refused}");
    let mut endless = segment.clone();
    endless[trun + 8..trun + 12].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(matches!(fragments(&init, &endless), Err(Error::Limit { .. })));
}

#[test]
fn sound_in_frames_of_a_byte_does_not_fill_the_memory() {
    let tiny = [0xff, 0xf1, 0x50, 0x80, 0x01, 0x1f, 0xfc, 0];
    let mut out = Vec::new();
    let refused = ts::Demuxer::new().packed_audio(&tiny.repeat(1_000_000), &mut out).unwrap_err();
    assert!(matches!(refused, Error::Limit { .. }), "{refused}");
    assert!(out.len() < 250_000, "{}", out.len());
}
