//! A publisher's side of the wire, written by hand: handshake, chunks, commands.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a broken test ends")]

use synctv_ingest::flv::amf0::{Value, Writer, object};
use synctv_ingest::rtmp::{Event, Limits, Session};

pub const AUDIO: u8 = 8;
pub const VIDEO: u8 = 9;
pub const DATA: u8 = 18;
pub const COMMAND: u8 = 20;

pub const RECORDINGS: [&str; 5] = [
    "rtmp_ffmpeg_5.1.bin",
    "rtmp_ffmpeg_9_hevc_opus.bin",
    "rtmp_ffmpeg_9_multitrack.bin",
    "rtmp_gstreamer_rtmp2sink.bin",
    "rtmp_gstreamer_rtmpsink.bin",
];

pub fn recording(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// C0, C1 with a zero version, and a C2 that is not checked: the plain handshake.
pub fn handshake() -> Vec<u8> {
    let mut bytes = vec![0; 3073];
    bytes[0] = 3;
    bytes[100] = 7;
    bytes
}

/// A session past its handshake.
pub fn session() -> Session {
    session_with(Limits::default())
}

pub fn session_with(limits: Limits) -> Session {
    let mut session = Session::new(limits);
    session.feed(&handshake()).unwrap();
    assert!(session.handshake_done());
    assert_eq!(session.take_output().len(), 3073);
    session
}

/// All events there are; publishing is accepted, playing is not answered.
pub fn drain(session: &mut Session) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = session.next_event() {
        if matches!(event, Event::Publish { .. }) {
            session.accept_publish();
        }
        events.push(event);
    }
    events
}

/// One message in type-0 and type-3 chunks.
pub fn message(csid: u8, kind: u8, stream_id: u32, timestamp: u32, body: &[u8], chunk_size: usize) -> Vec<u8> {
    chunks(csid, kind, stream_id, timestamp, body, chunk_size).concat()
}

/// The same, chunk by chunk.
pub fn chunks(csid: u8, kind: u8, stream_id: u32, timestamp: u32, body: &[u8], chunk_size: usize) -> Vec<Vec<u8>> {
    let mut first = vec![csid];
    first.extend(&timestamp.min(0xff_ffff).to_be_bytes()[1..]);
    first.extend(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    first.push(kind);
    first.extend(stream_id.to_le_bytes());
    if timestamp >= 0xff_ffff {
        first.extend(timestamp.to_be_bytes());
    }
    let mut out = vec![first];
    for (n, part) in body.chunks(chunk_size).enumerate() {
        if n > 0 {
            out.push(vec![0xc0 | csid]);
        }
        out.last_mut().unwrap().extend(part);
    }
    out
}

pub fn command_body(name: &str, transaction: f64, values: &[Value]) -> Vec<u8> {
    let mut body = Writer::default();
    body.string(name).number(transaction);
    for value in values {
        body.value(value);
    }
    body.into_bytes()
}

/// A command at chunk size 128 on chunk stream 3.
pub fn command(name: &str, transaction: f64, values: &[Value]) -> Vec<u8> {
    message(3, COMMAND, 0, 0, &command_body(name, transaction, values), 128)
}

pub fn connect(app: &str) -> Vec<u8> {
    let tc_url = format!("rtmp://localhost/{app}");
    command("connect", 1.0, &[object([("app", app.into()), ("tcUrl", tc_url.as_str().into())])])
}

pub fn publish(name: &str) -> Vec<u8> {
    message(8, COMMAND, 1, 0, &command_body("publish", 5.0, &[Value::Null, name.into(), "live".into()]), 128)
}

/// Everything up to the answer to publish.
pub fn opening() -> Vec<u8> {
    [connect("live"), command("createStream", 4.0, &[Value::Null]), publish("demo?key=s")].concat()
}

/// A session that publishes.
pub fn publishing() -> Session {
    publishing_with(Limits::default())
}

pub fn publishing_with(limits: Limits) -> Session {
    let mut session = session_with(limits);
    session.feed(&opening()).unwrap();
    assert!(matches!(drain(&mut session)[..], [Event::Publish { .. }]));
    let _ = session.take_output();
    session
}

pub fn set_chunk_size(size: u32) -> Vec<u8> {
    message(2, 1, 0, 0, &size.to_be_bytes(), 128)
}

/// Bodies and timestamps of the media among events.
pub fn media(events: &[Event]) -> Vec<(u32, Vec<u8>)> {
    let tag = |event: &Event| match event {
        Event::Tag(tag) => Some((tag.timestamp, tag.body.to_vec())),
        _ => None,
    };
    events.iter().filter_map(tag).collect()
}

/// Whether what was sent holds this text.
pub fn says(output: &[u8], text: &str) -> bool {
    output.windows(text.len()).any(|window| window == text.as_bytes())
}
