//! One publisher connection: handshake, commands, then media, as a state machine over bytes.

use super::acknowledgement::Acknowledgement;
use super::chunk::{ChunkLimits, ChunkReader, Message};
use super::command::{Command, Connect};
use super::handshake::HandshakeHalf;
use super::metadata::{Metadata, printable};
use super::name::{self, PublishKey, StreamName};
use super::reply::{Refusal, Replies};
use super::{aggregate, limits::Limits};
use crate::error::Error;
use crate::flv::amf0::Value;
use crate::flv::{Tag, TagKind};
use bytes::Bytes;
use std::collections::VecDeque;

/// Message streams a connection may create; one is needed to publish.
const MESSAGE_STREAMS_MAX: u32 = 64;

/// What a publisher did.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It asks to publish. Nothing after it is read until [`Session::accept_publish`] or [`Session::refuse`].
    Publish {
        /// The stream it means.
        stream: StreamName,
        /// The key it offers.
        key: Option<PublishKey>,
    },
    /// It asks to play; nothing after it is read. The shell refuses.
    Play {
        /// What it asked for, printable and cut to 64 characters, query left out.
        stream: String,
    },
    /// It announced its tracks.
    Metadata(Metadata),
    /// One audio or video message.
    Tag(Tag),
    /// It ended its publication and may begin another.
    Unpublish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before connect.
    Fresh,
    /// Connected, not publishing.
    Connected,
    /// Asked to publish or play; the shell has not answered.
    Asked,
    Publishing,
    /// Refused or broken: nothing is read any more.
    Over,
}

/// One publisher connection, server side. Feed it bytes, drain its events, send its output.
pub struct Session {
    limits: Limits,
    handshake: Option<Box<HandshakeHalf>>,
    chunks: ChunkReader,
    replies: Replies,
    events: VecDeque<Event>,
    stage: Stage,
    peer: Connect,
    /// Name and message stream of the publication asked for or going on.
    publication: Publication,
    /// What arrived behind a publish command that is not answered yet.
    held: Vec<u8>,
    acknowledgement: Acknowledgement,
    message_streams: u32,
    /// Found while input was held; told by the next feed.
    failure: Option<Error>,
}

#[derive(Debug, Default)]
struct Publication {
    name: String,
    stream_id: u32,
    /// The peer sent FCPublish and waits for onFCPublish.
    fc_publish: bool,
}

impl Session {
    /// A connection that has just been accepted.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            handshake: Some(Box::new(HandshakeHalf::server())),
            chunks: ChunkReader::new(ChunkLimits {
                message_bytes: limits.message_bytes_before_publish.min(limits.message_bytes),
                partial_bytes: limits.message_bytes_before_publish.saturating_mul(2).min(limits.partial_bytes),
                chunk_streams: limits.chunk_streams,
            }),
            replies: Replies::new(),
            events: VecDeque::new(),
            stage: Stage::Fresh,
            peer: Connect::default(),
            publication: Publication::default(),
            held: Vec::new(),
            acknowledgement: Acknowledgement::new(),
            message_streams: 0,
            failure: None,
        }
    }

    /// Feeds bytes off the wire. Call [`Self::next_event`] until `None` afterwards, then send [`Self::take_output`].
    ///
    /// # Errors
    /// A protocol violation, a passed limit or a publish URL that names no stream: send the output, then close.
    pub fn feed(&mut self, input: &[u8]) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if let Some(sequence_number) = self.acknowledgement.count(input.len())
            && self.handshake.is_none()
        {
            self.replies.acknowledge(sequence_number);
        }
        self.read(input).inspect_err(|error| self.fail(error))
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
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

    /// Whether C0, C1 and C2 have come.
    #[must_use]
    pub const fn handshake_done(&self) -> bool {
        self.handshake.is_none()
    }

    /// Lets the publisher begin: StreamBegin, onFCPublish where asked, and onStatus NetStream.Publish.Start. What it sent
    /// meanwhile is read at once: drain the events again. Does nothing unless a publish command waits for its answer.
    pub fn accept_publish(&mut self) {
        if self.stage != Stage::Asked {
            return;
        }
        self.stage = Stage::Publishing;
        self.chunks.set_limits(ChunkLimits {
            message_bytes: self.limits.message_bytes,
            partial_bytes: self.limits.partial_bytes,
            chunk_streams: self.limits.chunk_streams,
        });
        if std::mem::take(&mut self.publication.fc_publish) {
            self.replies.fc_publish(&self.publication.name);
        }
        self.replies.publish_started(self.publication.stream_id, &self.publication.name);
        let held = std::mem::take(&mut self.held);
        if let Err(error) = self.read(&held) {
            self.fail(&error);
        }
    }

    /// Turns the publisher away, before or during its publication: onStatus of level "error". Send the output, then close.
    pub fn refuse(&mut self, refusal: &Refusal) {
        self.replies.refused(self.publication.stream_id, refusal);
        self.stage = Stage::Over;
        self.held = Vec::new();
    }

    fn fail(&mut self, error: &Error) {
        self.stage = Stage::Over;
        self.held = Vec::new();
        self.failure = Some(error.clone());
    }

    fn read(&mut self, mut input: &[u8]) -> Result<(), Error> {
        self.shake_hands(&mut input)?;
        while !input.is_empty() {
            match self.stage {
                Stage::Over => return Ok(()),
                Stage::Asked => return self.hold(input),
                Stage::Fresh | Stage::Connected | Stage::Publishing => {}
            }
            if let Some(message) = self.chunks.read(&mut input)? {
                self.obey(message)?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, input: &[u8]) -> Result<(), Error> {
        let bytes = self.held.len().saturating_add(input.len());
        // A peer that does not wait for its answer gets one receive buffer's worth of patience.
        let max = self.limits.message_bytes_before_publish.saturating_mul(4);
        if bytes > max {
            return Err(Error::Limit { what: "bytes before publishing", value: bytes as u64, max: max as u64 });
        }
        self.held.extend_from_slice(input);
        Ok(())
    }

    fn shake_hands(&mut self, input: &mut &[u8]) -> Result<(), Error> {
        if let Some(handshake) = &mut self.handshake {
            let (answer, done) = handshake.feed(input)?;
            self.replies.raw(&answer);
            if done {
                self.handshake = None;
            }
        }
        Ok(())
    }

    fn obey(&mut self, message: Message) -> Result<(), Error> {
        match message.kind {
            4 => self.user_control(&message.body),
            5 => self.acknowledgement.set_window(&message.body),
            6 => self.replies.window(),
            8 | 9 | 15 | 18 => self.media(message.kind, message.timestamp, message.body),
            17 | 20 => return self.command(&message),
            22 if self.stage == Stage::Publishing => {
                for tag in aggregate::split(&message) {
                    self.media(tag.kind.id(), tag.timestamp, tag.body);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Answers PingRequest (7.1.7); nothing else asks for anything.
    fn user_control(&mut self, body: &[u8]) {
        if let Some([0, 6, time @ ..]) = body.first_chunk::<6>() {
            self.replies.pong(u32::from_be_bytes(*time));
        }
    }

    fn media(&mut self, kind: u8, timestamp: u32, body: Bytes) {
        if self.stage != Stage::Publishing || body.is_empty() {
            return;
        }
        match TagKind::from_id(kind) {
            Some(kind @ (TagKind::Audio | TagKind::Video)) => {
                self.events.push_back(Event::Tag(Tag { kind, timestamp, body }));
            }
            _ => self.events.extend(Metadata::read(&body, &self.limits.amf()).map(Event::Metadata)),
        }
    }

    fn command(&mut self, message: &Message) -> Result<(), Error> {
        let command = match Command::read(&message.body, &self.limits.amf()) {
            Ok(command) => command,
            // A publisher that is known is not dropped for a command nobody needs.
            Err(_) if self.stage == Stage::Publishing => return Ok(()),
            Err(error) => return Err(error),
        };
        let text = |n| command.argument(n).and_then(Value::as_str).unwrap_or_default();
        match command.name.as_str() {
            "connect" => self.connect(&command),
            "createStream" => self.create_stream(command.transaction)?,
            "releaseStream" | "FCPublish" => {
                self.publication.fc_publish |= command.name == "FCPublish";
                if command.transaction != 0.0 {
                    self.replies.result(command.transaction, Value::Null);
                }
            }
            "publish" => return self.publish(text(0), message.stream_id),
            "play" | "play2" if self.stage == Stage::Connected => {
                self.publication.stream_id = message.stream_id;
                self.stage = Stage::Asked;
                let stream = printable(text(0).split('?').next().unwrap_or_default());
                self.events.push_back(Event::Play { stream });
            }
            "FCUnpublish" | "closeStream" => self.unpublish(None),
            "deleteStream" => self.unpublish(command.argument(0).and_then(Value::as_number)),
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, command: &Command) {
        if self.stage != Stage::Fresh {
            return;
        }
        self.peer = Connect::from_command(command);
        self.stage = Stage::Connected;
        self.replies.connected(command.transaction, self.peer.object_encoding, self.peer.enhanced);
    }

    fn create_stream(&mut self, transaction: f64) -> Result<(), Error> {
        self.message_streams += 1;
        if self.message_streams > MESSAGE_STREAMS_MAX {
            let (value, max) = (self.message_streams.into(), MESSAGE_STREAMS_MAX.into());
            return Err(Error::Limit { what: "RTMP message streams", value, max });
        }
        self.replies.result(transaction, Value::Number(self.message_streams.into()));
        Ok(())
    }

    fn publish(&mut self, name: &str, stream_id: u32) -> Result<(), Error> {
        match self.stage {
            Stage::Connected => {}
            Stage::Fresh => return Err(Error::malformed("RTMP publish", "came before connect")),
            _ => return Err(Error::malformed("RTMP publish", "this connection publishes already")),
        }
        self.publication.stream_id = stream_id;
        match name::resolve(&self.peer.app, name, &self.peer.tc_url) {
            Ok((stream, key)) => {
                stream.as_str().clone_into(&mut self.publication.name);
                self.stage = Stage::Asked;
                self.events.push_back(Event::Publish { stream, key });
                Ok(())
            }
            Err(bad) => {
                self.refuse(&Refusal::bad_name(bad.to_string()));
                Err(Error::Unsupported { what: "publish URL", value: bad.to_string() })
            }
        }
    }

    /// Ends the publication; `of` is the message stream meant, where the command says so.
    fn unpublish(&mut self, of: Option<f64>) {
        let meant = of.is_none_or(|id| id == f64::from(self.publication.stream_id));
        if self.stage != Stage::Publishing || !meant {
            return;
        }
        self.stage = Stage::Connected;
        self.replies.unpublished(self.publication.stream_id);
        self.events.push_back(Event::Unpublish);
    }
}
