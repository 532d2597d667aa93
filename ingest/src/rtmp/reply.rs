//! What the server says: protocol control messages, command answers, onStatus.

use crate::flv::amf0::{self, Value, object};
use bytes::Bytes;
use rml_rtmp::chunk_io::ChunkSerializer;
use rml_rtmp::messages::{MessagePayload, PeerBandwidthLimitType, RtmpMessage, UserControlEventType};
use rml_rtmp::time::RtmpTimestamp;

/// Bytes a peer may send before it wants an acknowledgement, both ways (5.4.4).
pub(super) const WINDOW_BYTES: u32 = 2_500_000;
/// Our chunk size: every answer fits one chunk.
const CHUNK_SIZE: u32 = 4096;
const COMMAND: u8 = 20;
/// Enhanced RTMP FourCcInfoMask: CanForward.
const CAN_FORWARD: f64 = 4.0;
/// What can be carried, by its Enhanced RTMP FourCC.
const VIDEO_FOUR_CC: [&str; 4] = ["avc1", "hvc1", "av01", "vp09"];
const AUDIO_FOUR_CC: [&str; 3] = ["Opus", "mp4a", ".mp3"];
/// capsEx: Multitrack and ModEx are understood, reconnect requests and nanosecond offsets are not used.
const CAPS_EX: f64 = 2.0 + 4.0;

/// Why a publisher is turned away, in the codes encoders act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: &'static str,
    description: String,
}

impl Refusal {
    /// The stream is being published with another key, or the name cannot be used.
    pub fn bad_name(description: impl Into<String>) -> Self {
        Self { code: "NetStream.Publish.BadName", description: description.into() }
    }

    /// The key is missing, wrong, expired or revoked.
    pub fn unauthorized(description: impl Into<String>) -> Self {
        Self { code: "NetStream.Publish.Unauthorized", description: description.into() }
    }

    /// The media cannot be carried: the description names the codec.
    pub fn unsupported(description: impl Into<String>) -> Self {
        Self { code: "NetStream.Publish.Rejected", description: description.into() }
    }

    /// Streams are not played over RTMP here.
    pub fn play(description: impl Into<String>) -> Self {
        Self { code: "NetStream.Play.Failed", description: description.into() }
    }

    /// The onStatus code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The text a person at the encoder reads.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }
}

/// Serialises what is sent, in order, until the shell takes it.
pub(super) struct Replies {
    serializer: ChunkSerializer,
    out: Vec<u8>,
}

impl Replies {
    pub fn new() -> Self {
        Self { serializer: ChunkSerializer::new(), out: Vec::new() }
    }

    /// Bytes that are no chunks: the handshake's.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    pub(super) fn control(&mut self, message: RtmpMessage) {
        if let Ok(payload) = message.into_message_payload(RtmpTimestamp::new(0), 0) {
            self.send(&payload);
        }
    }

    fn send(&mut self, payload: &MessagePayload) {
        // It fails only for messages above 16 MiB; none of ours comes near.
        if let Ok(packet) = self.serializer.serialize(payload, false, false) {
            self.out.extend_from_slice(&packet.bytes);
        }
    }

    /// A command message. rml_rtmp's own values have no order and no arrays, so the body is ours.
    pub(super) fn command(&mut self, stream_id: u32, name: &str, transaction: f64, values: &[Value]) {
        let mut body = amf0::Writer::default();
        body.string(name).number(transaction);
        for value in values {
            body.value(value);
        }
        self.send(&MessagePayload {
            timestamp: RtmpTimestamp::new(0),
            type_id: COMMAND,
            message_stream_id: stream_id,
            data: Bytes::from(body.into_bytes()),
        });
    }

    pub fn acknowledge(&mut self, sequence_number: u32) {
        self.control(RtmpMessage::Acknowledgement { sequence_number });
    }

    pub fn window(&mut self) {
        self.control(RtmpMessage::WindowAcknowledgement { size: WINDOW_BYTES });
    }

    pub fn pong(&mut self, timestamp: u32) {
        self.control(user_control(UserControlEventType::PingResponse, None, Some(timestamp)));
    }

    /// Says in which pieces we send from here on.
    pub(super) fn chunk_size(&mut self) {
        if let Ok(packet) = self.serializer.set_max_chunk_size(CHUNK_SIZE, RtmpTimestamp::new(0)) {
            self.out.extend_from_slice(&packet.bytes);
        }
    }

    /// The answer to connect, with what Enhanced RTMP negotiates when the peer knows it.
    pub fn connected(&mut self, transaction: f64, object_encoding: f64, enhanced: bool) {
        self.window();
        self.control(RtmpMessage::SetPeerBandwidth { size: WINDOW_BYTES, limit_type: PeerBandwidthLimitType::Dynamic });
        self.chunk_size();
        let properties = object([("fmsVer", "FMS/3,0,1,123".into()), ("capabilities", 31.0.into())]);
        let mut information = vec![
            ("level".to_owned(), Value::from("status")),
            ("code".to_owned(), "NetConnection.Connect.Success".into()),
            ("description".to_owned(), "Connection succeeded.".into()),
            ("objectEncoding".to_owned(), object_encoding.into()),
        ];
        if enhanced {
            information.extend(enhanced_capabilities());
        }
        self.command(0, "_result", transaction, &[properties, Value::Object(information)]);
    }

    pub fn result(&mut self, transaction: f64, value: Value) {
        self.command(0, "_result", transaction, &[Value::Null, value]);
    }

    pub fn fc_publish(&mut self, name: &str) {
        let information = object([("code", "NetStream.Publish.Start".into()), ("description", name.into())]);
        self.command(0, "onFCPublish", 0.0, &[Value::Null, information]);
    }

    pub fn publish_started(&mut self, stream_id: u32, name: &str) {
        self.control(user_control(UserControlEventType::StreamBegin, Some(stream_id), None));
        let description = format!("{name} is being published.");
        self.status(stream_id, "status", "NetStream.Publish.Start", &description);
    }

    pub fn unpublished(&mut self, stream_id: u32) {
        self.status(stream_id, "status", "NetStream.Unpublish.Success", "The stream is no longer published.");
    }

    pub fn refused(&mut self, stream_id: u32, refusal: &Refusal) {
        self.status(stream_id, "error", refusal.code, &refusal.description);
    }

    fn status(&mut self, stream_id: u32, level: &str, code: &str, description: &str) {
        let information = object([("level", level.into()), ("code", code.into()), ("description", description.into())]);
        self.command(stream_id, "onStatus", 0.0, &[Value::Null, information]);
    }
}

/// What Enhanced RTMP (v2, "connect") negotiates: the same whichever side we are.
pub(super) fn enhanced_capabilities() -> [(String, Value); 4] {
    let list = VIDEO_FOUR_CC.into_iter().chain(AUDIO_FOUR_CC).map(Value::from).collect();
    [
        ("fourCcList".to_owned(), Value::Array(list)),
        ("videoFourCcInfoMap".to_owned(), info_map(&VIDEO_FOUR_CC)),
        ("audioFourCcInfoMap".to_owned(), info_map(&AUDIO_FOUR_CC)),
        ("capsEx".to_owned(), CAPS_EX.into()),
    ]
}

fn info_map(four_cc: &[&str]) -> Value {
    Value::Object(four_cc.iter().map(|name| ((*name).to_owned(), Value::Number(CAN_FORWARD))).collect())
}

fn user_control(event_type: UserControlEventType, stream_id: Option<u32>, timestamp: Option<u32>) -> RtmpMessage {
    RtmpMessage::UserControl {
        event_type,
        stream_id,
        buffer_length: None,
        timestamp: timestamp.map(RtmpTimestamp::new),
    }
}
