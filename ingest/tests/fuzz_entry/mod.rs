//! What the fuzzer calls, and what the corpus replay calls: one body for each target. Everything here must hold for any
//! bytes.

use bytes::Bytes;
use synctv_ingest::codec::{Codec, Config};
use synctv_ingest::flv::amf0::{Bounds, read_all};
use synctv_ingest::flv::{Demuxer, FileReader, Tag, TagKind};
use synctv_ingest::rtmp::{
    ChunkLimits, ChunkReader, Event, Limits, Metadata, PlayEvent, PlaySession, PlayUrl, Session,
};
use synctv_ingest::{fmp4, ts};

/// The first byte chooses how the input is cut into reads.
fn pieces(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (size, rest) = input.split_first().map_or((1, input), |(size, rest)| (usize::from(*size) + 1, rest));
    rest.chunks(size)
}

/// Chunk reader: messages within their limit, memory within its own.
pub fn chunk(input: &[u8]) {
    let limits = ChunkLimits { message_bytes: 100_000, partial_bytes: 150_000, chunk_streams: 8 };
    let mut reader = ChunkReader::new(limits);
    for mut piece in pieces(input) {
        loop {
            match reader.read(&mut piece) {
                Ok(Some(message)) => assert!(message.body.len() <= limits.message_bytes),
                Ok(None) => break,
                Err(_) => return,
            }
            assert!(reader.partial_bytes() <= limits.partial_bytes);
        }
    }
}

/// AMF0 and AMF3 values, and metadata made of them.
pub fn amf0(input: &[u8]) {
    let _ = read_all(input, &Bounds::default());
    let _ = Metadata::read(input, &Bounds::default());
}

/// FLV file reader and demuxer.
pub fn flv(input: &[u8]) {
    let (mut reader, mut demuxer) = (FileReader::new(), Demuxer::new());
    for mut piece in pieces(input) {
        while let Ok(Some(tag)) = reader.read(&mut piece) {
            demux(&mut demuxer, &tag);
        }
    }
    let body = Bytes::copy_from_slice(input);
    for kind in [TagKind::Audio, TagKind::Video] {
        demux(&mut demuxer, &Tag { kind, timestamp: 0, body: body.clone() });
    }
}

/// A transport stream in pieces: no more is held or given out than came.
pub fn ts_demux(input: &[u8]) {
    let (mut demuxer, mut out) = (ts::Demuxer::new(), Vec::new());
    for piece in pieces(input) {
        if demuxer.feed(piece, &mut out).is_err() {
            return;
        }
        assert!(demuxer.held_bytes() <= input.len() + 1024);
    }
    demuxer.flush(&mut out);
    let _ = demuxer.packed_audio(input, &mut out);
    assert!(out.iter().map(|frame| frame.tag.len()).sum::<usize>() <= input.len() * 6 + 4096);
}

/// A fragmented file: its boxes up to the first fragment are the init section. It is a second segment of itself.
pub fn fmp4_demux(input: &[u8]) {
    let at = input.windows(4).position(|kind| kind == b"moof").map_or(0, |at| at.saturating_sub(4));
    let (init, segment) = input.split_at(at);
    let Ok(mut demuxer) = fmp4::Demuxer::new(init) else { return };
    for _ in 0..2 {
        let mut out = Vec::new();
        let _ = demuxer.segment(segment, &mut out);
        assert!(out.iter().map(|frame| frame.tag.len()).sum::<usize>() <= input.len() * 3 + 4096);
    }
}

/// Decoder configurations; the first byte chooses the codec.
pub fn codec_config(input: &[u8]) {
    const CODECS: [Codec; 7] = [Codec::H264, Codec::Hevc, Codec::Aac, Codec::Av1, Codec::Vp9, Codec::Mp3, Codec::Opus];
    let Some((first, record)) = input.split_first() else { return };
    let codec = CODECS[usize::from(*first) % CODECS.len()];
    if let Ok(config) = Config::parse(codec, &Bytes::copy_from_slice(record)) {
        assert!(config.rfc6381().len() < 64);
        let _ = (config.video(), config.audio());
    }
}

/// The whole session behind a handshake, into the demuxer.
pub fn session(input: &[u8]) {
    let mut session = Session::new(Limits::default());
    let mut demuxer = Demuxer::new();
    let mut handshake = [0; 3073];
    handshake[0] = 3;
    session.feed(&handshake).expect("a plain handshake is accepted");
    for piece in pieces(input) {
        let fed = session.feed(piece);
        while let Some(event) = session.next_event() {
            match event {
                Event::Publish { .. } => session.accept_publish(),
                Event::Tag(tag) => demux(&mut demuxer, &tag),
                Event::Play { .. } | Event::Metadata(_) | Event::Unpublish => {}
            }
        }
        let _ = session.take_output();
        if fed.is_err() {
            return;
        }
    }
}

/// The whole session of a player behind a handshake: what a server says to us.
pub fn play(input: &[u8]) {
    let url = PlayUrl::parse("rtmp://h/live/cam?key=secret").expect("a URL");
    let mut session = PlaySession::new(url, Limits::default()).expect("there is randomness");
    let mut demuxer = Demuxer::new();
    let mut handshake = [0; 3073];
    handshake[0] = 3;
    session.feed(&handshake).expect("a plain handshake is accepted");
    for piece in pieces(input) {
        let fed = session.feed(piece);
        while let Some(event) = session.next_event() {
            match event {
                PlayEvent::Tag(tag) => demux(&mut demuxer, &tag),
                PlayEvent::Refused { code } => assert!(code.len() <= 64 && !code.contains('=')),
                PlayEvent::Started | PlayEvent::Metadata(_) | PlayEvent::Ended => {}
            }
        }
        let _ = session.take_output();
        if fed.is_err() {
            return;
        }
    }
}

/// URLs of streams that are played.
pub fn play_url(input: &[u8]) {
    if let Ok(url) = PlayUrl::parse(&String::from_utf8_lossy(input)) {
        assert!(!url.host().is_empty() && !url.host().contains(['@', '/', '?']) && url.port() > 0);
    }
}

fn demux(demuxer: &mut Demuxer, tag: &Tag) {
    if let Ok(demuxed) = demuxer.demux(tag) {
        for frame in demuxed.frames {
            assert!(!frame.payload().is_empty());
            assert!(frame.tag.len() <= tag.body.len() * 2 + 4096);
        }
    }
}
