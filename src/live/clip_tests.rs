//! What the tests of the live plane share: real frames, and a strict reader of what viewers get.

use super::{
    gate::Grant,
    stream::{ActivePublication, LiveLimits, Stream},
};
use bytes::Bytes;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use synctv_ingest::{
    Frame, FrameKind, Track,
    codec::Codec,
    flv::{Demuxer, FileReader},
};
use tokio_util::sync::CancellationToken;

/// The demo clip as its publisher sends it: H.264 and AAC, a key frame each second, headers first.
pub fn clip() -> Vec<Frame> {
    let mut file = &include_bytes!("../../fixtures/demo.flv")[..];
    let (mut reader, mut demuxer, mut frames) = (FileReader::new(), Demuxer::new(), Vec::new());
    while let Some(tag) = reader.read(&mut file).unwrap() {
        frames.extend(demuxer.demux(&tag).unwrap().frames);
    }
    frames
}

pub fn header_of(track: Track) -> Frame {
    clip().into_iter().find(|f| f.track == track && f.kind == FrameKind::SequenceHeader).unwrap()
}

pub fn media_of(track: Track) -> impl Iterator<Item = Frame> {
    clip().into_iter().filter(move |f| f.track == track && f.kind == FrameKind::Media)
}

/// An MP3 sequence header as the demuxer makes it, and the media it is made from.
pub fn mp3(dts: i64) -> [Frame; 2] {
    let mut tag = vec![0x2f, 0xff, 0xfb, 0x90, 0x00];
    tag.resize(418, 0);
    let media = Frame {
        track: Track::Audio,
        codec: Codec::Mp3,
        kind: FrameKind::Media,
        keyframe: true,
        dts,
        cts: 0,
        tag: tag.into(),
        payload_at: 1,
    };
    [Frame { kind: FrameKind::SequenceHeader, ..media.clone() }, media]
}

pub fn limits() -> LiveLimits {
    LiveLimits { grace: Duration::from_millis(100), hls_idle: Duration::from_millis(200), ..LiveLimits::default() }
}

pub fn stream() -> Arc<Stream> {
    Arc::new(Stream::new("demo", false, 0, Arc::new(limits()), 1))
}

pub fn begin(stream: &Stream) -> u64 {
    let peer = Some("192.0.2.1:5000".parse().unwrap());
    let (since, close) = (Instant::now(), CancellationToken::new());
    stream.begin(ActivePublication { key_id: None, peer, since, close }, since)
}

pub fn grant(key: &str) -> Grant {
    Grant { key_id: Some(key.into()), private: false }
}

/// A tag as a viewer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    pub kind: u8,
    pub timestamp: u32,
    pub body: Bytes,
}

impl Got {
    pub fn is_header_of(&self, track: Track) -> bool {
        self.body == header_of(track).tag
    }

    pub fn is_of(&self, frame: &Frame) -> bool {
        self.body == frame.tag
    }
}

pub const SCRIPT: u8 = 18;

/// Reads whole tags with right back pointers and timestamps that never fall; what is behind the last whole tag is an error.
pub fn tags(mut bytes: &[u8]) -> Vec<Got> {
    let (mut tags, mut last) = (Vec::new(), [0; 32]);
    while let Some((header, rest)) = bytes.split_at_checked(11) {
        let size = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
        let timestamp = u32::from_be_bytes([header[7], header[4], header[5], header[6]]);
        let (body, rest) = rest.split_at(size);
        let (back, rest) = rest.split_at(4);
        assert_eq!(back, (size as u32 + 11).to_be_bytes(), "PreviousTagSize");
        let last = &mut last[usize::from(header[0])];
        assert!(timestamp >= *last, "{timestamp} after {last}");
        *last = timestamp;
        tags.push(Got { kind: header[0], timestamp, body: Bytes::copy_from_slice(body) });
        bytes = rest;
    }
    assert!(bytes.is_empty(), "{} bytes behind the last whole tag", bytes.len());
    tags
}

/// The flags of the file header, and the tags behind it.
pub fn file(bytes: &[u8]) -> (u8, Vec<Got>) {
    let (header, rest) = bytes.split_at(13);
    assert_eq!(&header[..4], b"FLV\x01");
    assert_eq!(&header[5..], [0, 0, 0, 9, 0, 0, 0, 0]);
    (header[4], tags(rest))
}
