//! Playing from another server: what it may say, and what we make of it.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod rtmp_wire;

use bytes::Bytes;
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{ServerSession, ServerSessionConfig, ServerSessionEvent, ServerSessionResult};
use rml_rtmp::time::RtmpTimestamp;
use rtmp_wire::{AUDIO, COMMAND, VIDEO, command_body, handshake, message};
use synctv_ingest::flv::TagKind;
use synctv_ingest::flv::amf0::{Bounds, Value, object, read_all};
use synctv_ingest::rtmp::{ChunkLimits, ChunkReader, Limits, Message, PlayEvent, PlaySession, PlayUrl};

const USER_CONTROL: u8 = 4;
const AGGREGATE: u8 = 22;
const ACKNOWLEDGEMENT: u8 = 3;
const WINDOW: u8 = 5;

fn client() -> PlaySession {
    let url = PlayUrl::parse("rtmp://h:1936/live/cam?key=secret").unwrap();
    PlaySession::new(url, Limits::default()).unwrap()
}

/// Past the handshake.
fn greeted() -> PlaySession {
    let mut client = client();
    assert_eq!(client.take_output().len(), 1537, "C0 and C1");
    client.feed(&handshake()).unwrap();
    client
}

fn command(name: &str, transaction: f64, values: &[Value]) -> Vec<u8> {
    message(3, COMMAND, 0, 0, &command_body(name, transaction, values), 128)
}

fn connected() -> Vec<u8> {
    command("_result", 1.0, &[Value::Null, object([("code", "NetConnection.Connect.Success".into())])])
}

fn created() -> Vec<u8> {
    command("_result", 2.0, &[Value::Null, 7.0.into()])
}

fn status(level: &str, code: &str, description: &str) -> Vec<u8> {
    let information = object([("level", level.into()), ("code", code.into()), ("description", description.into())]);
    message(5, COMMAND, 7, 0, &command_body("onStatus", 0.0, &[Value::Null, information]), 128)
}

fn user_control(kind: u16, value: u32) -> Vec<u8> {
    let body = [&kind.to_be_bytes()[..], &value.to_be_bytes()].concat();
    message(2, USER_CONTROL, 0, 0, &body, 128)
}

/// A client that plays.
fn playing() -> PlaySession {
    let mut client = greeted();
    client.feed(&connected()).unwrap();
    client.feed(&created()).unwrap();
    let _ = client.take_output();
    assert_eq!(client.next_event(), None);
    client
}

fn events(client: &mut PlaySession) -> Vec<PlayEvent> {
    std::iter::from_fn(|| client.next_event()).collect()
}

/// What a client says behind its handshake.
fn messages(output: &[u8]) -> Vec<Message> {
    let mut reader =
        ChunkReader::new(ChunkLimits { message_bytes: 1 << 16, partial_bytes: 1 << 16, chunk_streams: 16 });
    let mut rest = output;
    std::iter::from_fn(|| reader.read(&mut rest).unwrap()).collect()
}

/// The commands among it, by name and values.
fn commands(output: &[u8]) -> Vec<(String, Vec<Value>)> {
    let commands = messages(output).into_iter().filter(|message| message.kind == COMMAND);
    let read = commands.map(|message| read_all(&message.body, &Bounds::default()).unwrap());
    read.map(|values| (values[0].as_str().unwrap().to_owned(), values[1..].to_vec())).collect()
}

#[test]
fn connect_create_stream_and_play_follow_each_other() {
    let mut client = greeted();
    let output = client.take_output();
    let said = commands(output.get(1536..).unwrap());
    assert_eq!(said.len(), 1, "{said:?}");
    let (name, values) = &said[0];
    let member = |name| values[1].get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!((name.as_str(), values[0].as_number()), ("connect", Some(1.0)));
    assert_eq!((member("app"), member("tcUrl")), ("live".into(), "rtmp://h:1936/live".into()));
    assert!(values[1].get("fourCcList").is_some() && values[1].get("capsEx").is_some());

    client.feed(&connected()).unwrap();
    let mut all = output.get(1536..).unwrap().to_vec();
    all.extend(client.take_output());
    client.feed(&created()).unwrap();
    all.extend(client.take_output());
    let names: Vec<_> = commands(&all).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["connect", "createStream", "play"]);
    assert_eq!(commands(&all)[2].1[2].as_str(), Some("cam?key=secret"));

    client.feed(&status("status", "NetStream.Play.Start", "")).unwrap();
    client.feed(&message(6, VIDEO, 7, 40, &[0x17, 1, 2, 3], 128)).unwrap();
    let heard = events(&mut client);
    assert_eq!(heard[0], PlayEvent::Started);
    assert!(matches!(&heard[1], PlayEvent::Tag(tag) if tag.kind == TagKind::Video && tag.timestamp == 40));
}

#[test]
fn refusals_are_told_by_a_code_that_repeats_nothing() {
    let refused = |bytes: Vec<u8>, mut client: PlaySession| {
        client.feed(&bytes).unwrap();
        client.feed(&message(6, VIDEO, 7, 0, &[0x17, 1], 128)).unwrap();
        match events(&mut client).as_slice() {
            [PlayEvent::Refused { code }] => code.clone(),
            other => panic!("{other:?}"),
        }
    };
    let not_found = "NetStream.Play.StreamNotFound";
    assert_eq!(refused(status("error", not_found, "no cam?key=secret"), playing()), not_found);
    assert_eq!(refused(status("status", not_found, ""), playing()), not_found);
    for odd in ["secret", "NetStream.cam?key=secret", "NetStream.Play\nx", &format!("NetStream.{}", "a".repeat(64))] {
        assert_eq!(refused(status("error", odd, "cam?key=secret"), playing()), "without a reason", "{odd}");
    }
    let rejected = object([("level", "error".into()), ("code", "NetConnection.Connect.Rejected".into())]);
    let code = refused(command("_error", 1.0, &[Value::Null, rejected]), greeted());
    assert_eq!(code, "NetConnection.Connect.Rejected");
    assert_eq!(refused(command("_error", 1.0, &[]), greeted()), "without a reason");
}

#[test]
fn the_end_of_the_stream_is_noticed_in_every_form() {
    let ends = [
        status("status", "NetStream.Play.Stop", ""),
        status("status", "NetStream.Play.UnpublishNotify", ""),
        status("status", "NetStream.Play.Complete", ""),
        user_control(1, 7),
        command("close", 0.0, &[]),
    ];
    for end in ends {
        let mut client = playing();
        client.feed(&end).unwrap();
        client.feed(&message(6, AUDIO, 7, 0, &[0xaf, 1, 2], 128)).unwrap();
        assert_eq!(events(&mut client), [PlayEvent::Ended]);
    }
    let mut client = playing();
    client.feed(&user_control(1, 8)).unwrap();
    assert_eq!(events(&mut client), [], "another stream's end is not ours");
}

#[test]
fn pings_are_answered_and_bytes_acknowledged() {
    let mut client = greeted();
    client.feed(&connected()).unwrap();
    client.feed(&created()).unwrap();
    client.feed(&user_control(6, 0x0102_0304)).unwrap();
    client.feed(&message(2, WINDOW, 0, 0, &20_000u32.to_be_bytes(), 128)).unwrap();
    client.feed(&message(6, VIDEO, 7, 0, &[0x27; 10_000], 128)).unwrap();
    let output = client.take_output();
    let said = messages(output.get(1536..).unwrap());
    assert!(said.iter().any(|message| message.kind == USER_CONTROL && message.body[..] == [0, 7, 1, 2, 3, 4]));
    let acknowledged = said.iter().find(|message| message.kind == ACKNOWLEDGEMENT).expect("half a window has come");
    let received = u32::from_be_bytes(acknowledged.body[..].try_into().unwrap());
    assert!((10_000..15_000).contains(&received), "{received}");
}

#[test]
fn aggregates_come_apart() {
    let tag = |kind: u8, at: u8, body: &[u8]| {
        let len = u8::try_from(body.len()).unwrap();
        [&[kind, 0, 0, len, 0, 0, at, 0, 0, 0, 0][..], body, &[0, 0, 0, len + 11]].concat()
    };
    let body = [tag(9, 10, &[0x27, 1, 0, 0, 0]), tag(8, 12, &[0xaf, 1, 9])].concat();
    let mut client = playing();
    client.feed(&message(6, AGGREGATE, 7, 1000, &body, 128)).unwrap();
    let times: Vec<_> = events(&mut client)
        .into_iter()
        .map(|event| match event {
            PlayEvent::Tag(tag) => (tag.kind, tag.timestamp),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(times, [(TagKind::Video, 1000), (TagKind::Audio, 1002)]);
}

#[test]
fn a_server_gets_no_more_than_the_limits_before_it_plays() {
    let mut client = greeted();
    let long = message(6, VIDEO, 7, 0, &vec![0x27; 70_000], 128);
    assert!(client.feed(&long).is_err(), "64 KiB before play");
    let mut client = playing();
    client.feed(&message(6, VIDEO, 7, 0, &vec![0x27; 70_000], 128)).unwrap();
    assert_eq!(events(&mut client).len(), 1);

    let mut nested = command_body("_result", 1.0, &[]);
    nested.extend([3, 0, 1, b'a'].repeat(10_000));
    assert!(greeted().feed(&message(3, COMMAND, 0, 0, &nested, 128)).is_err(), "AMF0 depth");
    let no_id = command("_result", 2.0, &[Value::Null, "x".into()]);
    let mut client = greeted();
    client.feed(&connected()).unwrap();
    assert!(client.feed(&no_id).is_err());
    assert!(client.feed(&created()).is_ok() && events(&mut client).is_empty(), "nothing is read after a failure");
}

#[test]
fn how_bytes_are_cut_changes_nothing() {
    let all = [
        handshake(),
        connected(),
        created(),
        status("status", "NetStream.Play.Start", ""),
        message(6, VIDEO, 7, 0, &[0x27; 300], 128),
        message(4, AUDIO, 7, 5, &[0xaf; 20], 128),
        user_control(1, 7),
    ]
    .concat();
    let heard = |step: usize| {
        let mut client = client();
        let mut heard = Vec::new();
        for piece in all.chunks(step) {
            client.feed(piece).unwrap();
            heard.extend(events(&mut client));
        }
        heard
    };
    let whole = heard(all.len());
    assert_eq!(whole.len(), 4);
    for step in [1, 7, 128, 1500] {
        assert_eq!(heard(step), whole, "{step}");
    }
}

/// rml_rtmp's server, digest handshake included.
struct Oracle {
    server: ServerSession,
    client: PlaySession,
    playing: Option<u32>,
}

impl Oracle {
    fn new() -> Self {
        let mut client = client();
        let mut handshake = Handshake::new(PeerType::Server);
        let Ok(HandshakeProcessResult::InProgress { response_bytes }) = handshake.process_bytes(&client.take_output())
        else {
            panic!("C0 and C1 are not taken");
        };
        client.feed(&response_bytes).unwrap();
        let Ok(HandshakeProcessResult::Completed { response_bytes, remaining_bytes }) =
            handshake.process_bytes(&client.take_output())
        else {
            panic!("C2 is not taken");
        };
        client.feed(&response_bytes).unwrap();
        let (server, first) = ServerSession::new(ServerSessionConfig::new()).unwrap();
        let mut oracle = Self { server, client, playing: None };
        oracle.act(first);
        let results = oracle.server.handle_input(&remaining_bytes).unwrap();
        oracle.act(results);
        oracle.listen();
        oracle
    }

    fn act(&mut self, results: Vec<ServerSessionResult>) {
        for result in results {
            match result {
                ServerSessionResult::OutboundResponse(packet) => self.client.feed(&packet.bytes).unwrap(),
                ServerSessionResult::RaisedEvent(ServerSessionEvent::ConnectionRequested { request_id, .. }) => {
                    let results = self.server.accept_request(request_id).unwrap();
                    self.act(results);
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::PlayStreamRequested {
                    request_id,
                    stream_id,
                    stream_key,
                    ..
                }) => {
                    assert_eq!(stream_key, "cam?key=secret");
                    self.playing = Some(stream_id);
                    let results = self.server.accept_request(request_id).unwrap();
                    self.act(results);
                }
                _ => {}
            }
        }
    }

    fn listen(&mut self) {
        let output = self.client.take_output();
        if !output.is_empty() {
            let results = self.server.handle_input(&output).unwrap();
            self.act(results);
            self.listen();
        }
    }
}

#[test]
fn rml_rtmps_server_plays_to_us() {
    let mut oracle = Oracle::new();
    let id = oracle.playing.expect("it was asked to play");
    assert!(events(&mut oracle.client).contains(&PlayEvent::Started));
    let body = Bytes::from(vec![0x17; 20_000]);
    let packet = oracle.server.send_video_data(id, body.clone(), RtmpTimestamp::new(77), false).unwrap();
    oracle.client.feed(&packet.bytes).unwrap();
    let heard = events(&mut oracle.client);
    assert!(matches!(&heard[..], [PlayEvent::Tag(tag)] if tag.body == body && tag.timestamp == 77), "{heard:?}");
    let finished = oracle.server.finish_playing(id).unwrap();
    oracle.client.feed(&finished.bytes).unwrap();
    assert_eq!(events(&mut oracle.client), [PlayEvent::Ended]);
}
