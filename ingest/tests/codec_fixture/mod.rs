//! Reads the FLV clips in fixtures/: only what these tests need, independent of the crate's own FLV reader.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a broken fixture ends the test")]

use bytes::Bytes;
use synctv_ingest::codec::{Codec, Config};

pub struct Packet {
    pub codec: Codec,
    pub header: bool,
    pub keyframe: bool,
    pub dts_ms: u64,
    pub cts_ms: i32,
    pub payload: Bytes,
}

pub struct Clip {
    pub packets: Vec<Packet>,
}

pub fn path(name: &str) -> String {
    format!("{}/../fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub fn read(name: &str) -> Clip {
    let file = Bytes::from(std::fs::read(path(name)).unwrap());
    let mut at = 13;
    let mut packets = Vec::new();
    while at + 11 <= file.len() {
        let size = u32::from_be_bytes([0, file[at + 1], file[at + 2], file[at + 3]]) as usize;
        let dts = u32::from_be_bytes([file[at + 7], file[at + 4], file[at + 5], file[at + 6]]);
        let body = file.slice(at + 11..at + 11 + size);
        match file[at] {
            8 => packets.extend(audio(body, dts.into())),
            9 => packets.extend(video(body, dts.into())),
            _ => {}
        }
        at += 11 + size + 4;
    }
    Clip { packets }
}

fn fourcc(bytes: &[u8]) -> Codec {
    match bytes {
        b"avc1" => Codec::H264,
        b"hvc1" => Codec::Hevc,
        b"av01" => Codec::Av1,
        b"vp09" => Codec::Vp9,
        b"Opus" => Codec::Opus,
        b"mp4a" => Codec::Aac,
        b".mp3" => Codec::Mp3,
        other => panic!("fourcc {other:?}"),
    }
}

fn audio(body: Bytes, dts_ms: u64) -> Option<Packet> {
    let (codec, header, start) = match body[0] >> 4 {
        2 => (Codec::Mp3, false, 1),
        10 => (Codec::Aac, body[1] == 0, 2),
        9 if body[0] & 15 > 1 => return None,
        9 => (fourcc(&body[1..5]), body[0] & 15 == 0, 5),
        other => panic!("sound format {other}"),
    };
    Some(Packet { codec, header, keyframe: true, dts_ms, cts_ms: 0, payload: body.slice(start..) })
}

fn video(body: Bytes, dts_ms: u64) -> Option<Packet> {
    let cts = |at: usize| i32::from_be_bytes([body[at], body[at + 1], body[at + 2], 0]) >> 8;
    let keyframe = body[0] >> 4 & 7 == 1;
    if body[0] & 0x80 == 0 {
        assert_eq!(body[0] & 15, 7);
        return (body[1] < 2).then(|| Packet {
            codec: Codec::H264,
            header: body[1] == 0,
            keyframe,
            dts_ms,
            cts_ms: cts(2),
            payload: body.slice(5..),
        });
    }
    let codec = fourcc(&body[1..5]);
    let (header, cts_ms, start) = match (body[0] & 15, codec) {
        (0, _) => (true, 0, 5),
        (1, Codec::H264 | Codec::Hevc) => (false, cts(5), 8),
        (1 | 3, _) => (false, 0, 5),
        _ => return None,
    };
    Some(Packet { codec, header, keyframe, dts_ms, cts_ms, payload: body.slice(start..) })
}

impl Clip {
    /// The codec's configuration record: the sequence header, or the first frame for MP3.
    pub fn record(&self, codec: Codec) -> Bytes {
        let wants_header = codec != Codec::Mp3;
        self.packets.iter().find(|p| p.codec == codec && p.header == wants_header).unwrap().payload.clone()
    }

    pub fn config(&self, codec: Codec) -> Config {
        Config::parse(codec, &self.record(codec)).unwrap()
    }

    /// The configuration, completed by the first key frame where the record leaves something out.
    pub fn whole_config(&self, codec: Codec) -> Config {
        let config = self.config(codec);
        if config.is_complete() {
            return config;
        }
        let key_frame = self.media(codec).find(|packet| packet.keyframe).unwrap();
        config.completed_by(&key_frame.payload).unwrap().unwrap()
    }

    pub fn media(&self, codec: Codec) -> impl Iterator<Item = &Packet> {
        self.packets.iter().filter(move |p| p.codec == codec && !p.header && !p.payload.is_empty())
    }
}

/// Every (clip, codec) pair there is.
pub const TRACKS: [(&str, Codec); 10] = [
    ("h264_aac.flv", Codec::H264),
    ("h264_aac.flv", Codec::Aac),
    ("hevc.flv", Codec::Hevc),
    ("hevc_10bit.flv", Codec::Hevc),
    ("av1_opus.flv", Codec::Av1),
    ("av1_opus.flv", Codec::Opus),
    ("av1_10bit.flv", Codec::Av1),
    ("vp9_mp3.flv", Codec::Vp9),
    ("vp9_mp3.flv", Codec::Mp3),
    ("mp3_22050.flv", Codec::Mp3),
];
