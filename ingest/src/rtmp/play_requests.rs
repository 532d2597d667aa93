//! What a client that plays says: connect, createStream, play.

use super::play_url::PlayUrl;
use super::reply::{Replies, enhanced_capabilities};
use crate::flv::amf0::Value;
use rml_rtmp::messages::{RtmpMessage, UserControlEventType};

/// Transaction of connect; the first there is (7.2.1.1).
pub(super) const CONNECT: f64 = 1.0;
/// Transaction of createStream.
pub(super) const CREATE_STREAM: f64 = 2.0;
const PLAY: f64 = 3.0;
/// play's start: live, else recorded (7.2.2.1); in ms, as every encoder's library writes it.
const LIVE_OR_RECORDED: f64 = -2000.0;
/// What servers may send ahead of a player, in ms: a hint that they bound their burst by.
const BUFFER_MS: u32 = 3000;
/// What servers tell players apart by; an unknown one is refused by some.
const FLASH_VERSION: &str = "LNX 9,0,124,2";
/// All sound and picture codecs of the legacy form (7.2.1.1).
const SUPPORT_ALL_SOUND: f64 = 4071.0;
const SUPPORT_ALL_PICTURE: f64 = 252.0;

/// Requests in the order a session makes them.
impl Replies {
    pub(super) fn connect(&mut self, url: &PlayUrl) {
        self.chunk_size();
        let mut members: Vec<(String, Value)> = vec![
            ("app".to_owned(), url.app().into()),
            ("flashVer".to_owned(), FLASH_VERSION.into()),
            ("tcUrl".to_owned(), url.tc_url().as_str().into()),
            ("fpad".to_owned(), Value::Boolean(false)),
            ("capabilities".to_owned(), 15.0.into()),
            ("audioCodecs".to_owned(), SUPPORT_ALL_SOUND.into()),
            ("videoCodecs".to_owned(), SUPPORT_ALL_PICTURE.into()),
            ("videoFunction".to_owned(), 1.0.into()),
            ("objectEncoding".to_owned(), 0.0.into()),
        ];
        members.extend(enhanced_capabilities());
        self.command(0, "connect", CONNECT, &[Value::Object(members)]);
    }

    pub(super) fn create_stream(&mut self) {
        self.window();
        self.command(0, "createStream", CREATE_STREAM, &[Value::Null]);
    }

    pub(super) fn play(&mut self, stream_id: u32, name: &str) {
        self.command(stream_id, "play", PLAY, &[Value::Null, name.into(), LIVE_OR_RECORDED.into()]);
        self.control(RtmpMessage::UserControl {
            event_type: UserControlEventType::SetBufferLength,
            stream_id: Some(stream_id),
            buffer_length: Some(BUFFER_MS),
            timestamp: None,
        });
    }
}
