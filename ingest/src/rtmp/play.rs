//! Playing a stream of another server: handshake, connect, createStream, play, then media, as a state machine over bytes.

use super::acknowledgement::Acknowledgement;
use super::chunk::{ChunkLimits, ChunkReader, Message};
use super::command::Command;
use super::handshake::HandshakeHalf;
use super::metadata::Metadata;
use super::play_requests::{CONNECT, CREATE_STREAM};
use super::play_url::PlayUrl;
use super::reply::Replies;
use super::{aggregate, limits::Limits};
use crate::error::Error;
use crate::flv::amf0::Value;
use crate::flv::{Tag, TagKind};
use bytes::Bytes;
use std::collections::VecDeque;

/// Characters of a server's status code that are kept.
const CODE_MAX: usize = 64;
/// What a server that refuses without a reason is quoted with.
const UNEXPLAINED: &str = "without a reason";

/// What the server did.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayEvent {
    /// It plays the stream, or says so; media may come before this.
    Started,
    /// It announced the stream's tracks.
    Metadata(Metadata),
    /// One audio or video message.
    Tag(Tag),
    /// It refuses; nothing after it is read. Close.
    Refused {
        /// Its status code (`NetStream.Play.StreamNotFound`); nothing that a server may have taken from our request.
        code: String,
    },
    /// The stream is over, or its publisher is gone. Nothing after it is read. Close, and come back later.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Creating,
    /// play has been sent.
    Playing,
    /// Refused, ended or broken: nothing is read any more.
    Over,
}

/// One connection to a server, client side. Send its output, feed it what comes back, drain its events.
pub struct PlaySession {
    url: PlayUrl,
    limits: Limits,
    handshake: Option<Box<HandshakeHalf>>,
    chunks: ChunkReader,
    replies: Replies,
    events: VecDeque<PlayEvent>,
    stage: Stage,
    /// The message stream that the server made for us.
    stream_id: u32,
    acknowledgement: Acknowledgement,
}

impl PlaySession {
    /// A connection that has just been made; its output begins the handshake.
    ///
    /// # Errors
    /// When there is no randomness for the handshake.
    pub fn new(url: PlayUrl, limits: Limits) -> Result<Self, Error> {
        let (handshake, opening) = HandshakeHalf::client()?;
        let mut replies = Replies::new();
        replies.raw(&opening);
        Ok(Self {
            url,
            limits,
            handshake: Some(Box::new(handshake)),
            chunks: ChunkReader::new(ChunkLimits {
                message_bytes: limits.message_bytes_before_publish.min(limits.message_bytes),
                partial_bytes: limits.message_bytes_before_publish.saturating_mul(2).min(limits.partial_bytes),
                chunk_streams: limits.chunk_streams,
            }),
            replies,
            events: VecDeque::new(),
            stage: Stage::Connecting,
            stream_id: 0,
            acknowledgement: Acknowledgement::new(),
        })
    }

    /// Feeds bytes off the wire. Call [`Self::next_event`] until `None` afterwards, then send [`Self::take_output`].
    ///
    /// # Errors
    /// A protocol violation or a passed limit: close.
    pub fn feed(&mut self, mut input: &[u8]) -> Result<(), Error> {
        if let Some(sequence_number) = self.acknowledgement.count(input.len())
            && self.handshake.is_none()
        {
            self.replies.acknowledge(sequence_number);
        }
        let read = self.read(&mut input);
        if read.is_err() {
            self.stage = Stage::Over;
        }
        read
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<PlayEvent> {
        let event = self.events.pop_front();
        if event.is_none() && self.events.capacity() > 64 {
            self.events = VecDeque::new();
        }
        event
    }

    /// Takes the bytes to send; empty when there are none.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        self.replies.take()
    }

    fn read(&mut self, input: &mut &[u8]) -> Result<(), Error> {
        if let Some(handshake) = &mut self.handshake {
            let (answer, done) = handshake.feed(input)?;
            self.replies.raw(&answer);
            if done {
                self.handshake = None;
                self.replies.connect(&self.url);
            }
        }
        while !input.is_empty() && self.stage != Stage::Over {
            if let Some(message) = self.chunks.read(input)? {
                self.obey(message)?;
            }
        }
        Ok(())
    }

    fn obey(&mut self, message: Message) -> Result<(), Error> {
        match message.kind {
            4 => self.user_control(&message.body),
            5 => self.acknowledgement.set_window(&message.body),
            8 | 9 | 15 | 18 => self.media(message.kind, message.timestamp, message.body),
            17 | 20 => return self.command(&message),
            22 if self.stage == Stage::Playing => {
                for tag in aggregate::split(&message) {
                    self.media(tag.kind.id(), tag.timestamp, tag.body);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// StreamEOF ends the stream, PingRequest is answered (7.1.7); nothing else asks for anything.
    fn user_control(&mut self, body: &[u8]) {
        match body {
            [0, 1, id @ ..] if self.stage == Stage::Playing => {
                let meant = id.first_chunk::<4>().map(|id| u32::from_be_bytes(*id));
                if meant == Some(self.stream_id) {
                    self.end(PlayEvent::Ended);
                }
            }
            [0, 6, time @ ..] => {
                if let Some(time) = time.first_chunk::<4>() {
                    self.replies.pong(u32::from_be_bytes(*time));
                }
            }
            _ => {}
        }
    }

    fn media(&mut self, kind: u8, timestamp: u32, body: Bytes) {
        if self.stage != Stage::Playing || body.is_empty() {
            return;
        }
        match TagKind::from_id(kind) {
            Some(kind @ (TagKind::Audio | TagKind::Video)) => {
                self.events.push_back(PlayEvent::Tag(Tag { kind, timestamp, body }));
            }
            _ => self.events.extend(Metadata::read(&body, &self.limits.amf()).map(PlayEvent::Metadata)),
        }
    }

    fn command(&mut self, message: &Message) -> Result<(), Error> {
        let command = match Command::read(&message.body, &self.limits.amf()) {
            Ok(command) => command,
            // A server that plays is not left for a command nobody needs.
            Err(_) if self.stage == Stage::Playing => return Ok(()),
            Err(error) => return Err(error),
        };
        match command.name.as_str() {
            "_result" => return self.answered(&command),
            "_error" if self.is_awaited(command.transaction) => {
                self.end(PlayEvent::Refused { code: code(&command) });
            }
            "onStatus" => self.status(&command),
            "close" => self.end(PlayEvent::Ended),
            _ => {}
        }
        Ok(())
    }

    fn is_awaited(&self, transaction: f64) -> bool {
        match self.stage {
            Stage::Connecting => transaction == CONNECT,
            Stage::Creating => transaction == CREATE_STREAM,
            // Some servers answer play itself, with whatever transaction they like.
            Stage::Playing => true,
            Stage::Over => false,
        }
    }

    fn answered(&mut self, command: &Command) -> Result<(), Error> {
        if !self.is_awaited(command.transaction) {
            return Ok(());
        }
        match self.stage {
            Stage::Connecting => {
                self.stage = Stage::Creating;
                self.replies.create_stream();
            }
            Stage::Creating => {
                let id =
                    command.argument(0).and_then(Value::as_number).filter(|id| (0.0..4_294_967_296.0).contains(id));
                let id = id.ok_or_else(|| Error::malformed("RTMP createStream", "is answered without a stream id"))?;
                // The filter above keeps it within 32 bits.
                self.stream_id = id as u32;
                self.stage = Stage::Playing;
                self.chunks.set_limits(ChunkLimits {
                    message_bytes: self.limits.message_bytes,
                    partial_bytes: self.limits.partial_bytes,
                    chunk_streams: self.limits.chunk_streams,
                });
                self.replies.play(self.stream_id, self.url.name());
            }
            Stage::Playing | Stage::Over => {}
        }
        Ok(())
    }

    /// onStatus (7.2.2.1): the start, the end, a refusal.
    fn status(&mut self, command: &Command) {
        let information = command.argument(0);
        let member = |name| information.and_then(|all| all.get(name)).and_then(Value::as_str).unwrap_or_default();
        let event = match (member("level"), member("code")) {
            ("error", _) | (_, "NetStream.Play.StreamNotFound" | "NetStream.Play.Failed") => {
                PlayEvent::Refused { code: code(command) }
            }
            (_, "NetStream.Play.Start") => {
                self.events.push_back(PlayEvent::Started);
                return;
            }
            (_, "NetStream.Play.Stop" | "NetStream.Play.UnpublishNotify" | "NetStream.Play.Complete") => {
                PlayEvent::Ended
            }
            (_, "NetConnection.Connect.Closed") => PlayEvent::Ended,
            _ => return,
        };
        self.end(event);
    }

    fn end(&mut self, event: PlayEvent) {
        self.stage = Stage::Over;
        self.events.push_back(event);
    }
}

/// The status code of a refusal: letters and dots only, so that no server can make us repeat a name or a key.
fn code(command: &Command) -> String {
    let said = command.argument(0).and_then(|all| all.get("code")).and_then(Value::as_str).unwrap_or_default();
    let ours = said.starts_with("NetStream.") || said.starts_with("NetConnection.");
    let plain = said.len() <= CODE_MAX && said.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    if ours && plain { said.to_owned() } else { UNEXPLAINED.to_owned() }
}
