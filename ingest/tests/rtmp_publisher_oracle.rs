//! An independent publisher: rml_rtmp's client session, digest handshake included.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod rtmp_wire;

use bytes::Bytes;
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType, StreamMetadata,
};
use rml_rtmp::time::RtmpTimestamp;
use rtmp_wire::{drain, media};
use synctv_ingest::rtmp::{Event, Limits, Refusal, Session};

struct Publisher {
    client: ClientSession,
    server: Session,
    heard: Vec<ClientSessionEvent>,
}

impl Publisher {
    fn connected() -> Self {
        let mut server = Session::new(Limits::default());
        let mut client = Handshake::new(PeerType::Client);
        server.feed(&client.generate_outbound_p0_and_p1().unwrap()).unwrap();
        let Ok(HandshakeProcessResult::Completed { response_bytes, remaining_bytes }) =
            client.process_bytes(&server.take_output())
        else {
            panic!("the client did not take S0, S1 and S2");
        };
        assert!(remaining_bytes.is_empty());
        server.feed(&response_bytes).unwrap();
        assert!(server.handshake_done());
        let (client, first) = ClientSession::new(ClientSessionConfig::new()).unwrap();
        let mut publisher = Self { client, server, heard: Vec::new() };
        publisher.send(first);
        let connect = publisher.client.request_connection("live".into()).unwrap();
        publisher.send(vec![connect]);
        publisher
    }

    /// Delivers what the client wants sent; the answers may make it send more.
    fn send(&mut self, results: Vec<ClientSessionResult>) {
        for result in results {
            match result {
                ClientSessionResult::OutboundResponse(packet) => self.server.feed(&packet.bytes).unwrap(),
                ClientSessionResult::RaisedEvent(event) => self.heard.push(event),
                ClientSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
    }

    fn listen(&mut self) {
        let output = self.server.take_output();
        if !output.is_empty() {
            let results = self.client.handle_input(&output).unwrap();
            self.send(results);
            self.listen();
        }
    }

    fn request_publishing(&mut self) {
        self.listen();
        let request = self.client.request_publishing("demo?key=s".into(), PublishRequestType::Live).unwrap();
        self.send(vec![request]);
        self.listen();
    }
}

#[test]
fn rml_rtmps_client_publishes_metadata_and_media() {
    let mut publisher = Publisher::connected();
    publisher.request_publishing();
    assert!(matches!(drain(&mut publisher.server)[..], [Event::Publish { .. }]));
    publisher.listen();
    assert!(publisher.heard.contains(&ClientSessionEvent::PublishRequestAccepted));

    let mut metadata = StreamMetadata::new();
    metadata.video_width = Some(160);
    let results = publisher.client.publish_metadata(&metadata).unwrap();
    publisher.send(vec![results]);
    assert!(matches!(&drain(&mut publisher.server)[..], [Event::Metadata(m)] if m.width == Some(160)));

    let mut want = Vec::new();
    for n in 0..50_u32 {
        let body: Vec<u8> = (0..n * 97 + 1).map(|byte| byte as u8).collect();
        let (bytes, time) = (Bytes::from(body.clone()), RtmpTimestamp::new(n * 400_000));
        let result = if n % 2 == 0 {
            publisher.client.publish_video_data(bytes, time, false)
        } else {
            publisher.client.publish_audio_data(bytes, time, false)
        };
        publisher.send(vec![result.unwrap()]);
        want.push((n * 400_000, body));
    }
    assert_eq!(media(&drain(&mut publisher.server)), want);

    let results = publisher.client.stop_publishing().unwrap();
    publisher.send(results);
    assert_eq!(drain(&mut publisher.server), [Event::Unpublish]);
}

#[test]
fn rml_rtmps_client_understands_a_refusal() {
    let mut publisher = Publisher::connected();
    publisher.request_publishing();
    assert!(matches!(publisher.server.next_event(), Some(Event::Publish { .. })));
    publisher.server.refuse(&Refusal::bad_name("demo is being published with another key"));
    publisher.listen();
    assert!(!publisher.heard.contains(&ClientSessionEvent::PublishRequestAccepted));
    let refused = publisher.heard.iter().any(|event| format!("{event:?}").contains("NetStream.Publish.BadName"));
    assert!(refused, "{:?}", publisher.heard);
}
