//! A member's WebSocket, from the first message to the last: one small task each.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use synctv_store::{EventKind, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_websockets::{CloseCode, Limits, Message, ServerBuilder, WebSocketStream};

use super::early::{Early, Wire};
use super::greeting;
use super::pace::{Pace, Verdict};
use crate::error::Error;
use crate::http::handover::STALL;
use crate::room::RoomPlane;
use crate::room::connection::{Connection, Heard};
use crate::room::control::{self, Outcome};
use crate::room::message::{Said, Speaker};
use crate::room::playback::Command;
use crate::room::request::{self, MALFORMED, Misread, Request};
use crate::room::runtime::{Announcement, Closing};

/// How often a member is asked whether it is still there.
const PING: Duration = Duration::from_secs(15);
/// Nothing heard for so long means that it is not.
const SILENCE: Duration = Duration::from_secs(35);
/// The database answers within this time or the member is told that it does not.
const ANSWERS_WITHIN: Duration = Duration::from_millis(2800);
/// After the close frame the other side gets so long to read it.
const LINGER: Duration = Duration::from_secs(2);
/// Announcements that are written at once.
const AT_ONCE: usize = 16;
/// Messages that are no JSON before the connection is closed.
const MALFORMED_MAX: u32 = 10;

const SILENT: Closing = Closing { code: 1001, reason: "nothing heard for too long" };
const GARBLED: Closing = Closing { code: 1007, reason: "too many messages that are no JSON" };
const ABUSIVE: Closing = Closing { code: 1008, reason: "too many messages" };
const TOO_BIG: Closing = Closing { code: 1009, reason: "message too big" };
const BEHIND: Closing = Closing { code: 1013, reason: "the state cannot be read: join again" };

/// A member whose connection is about to become the room's.
#[derive(Debug)]
pub struct Joined {
    pub(super) plane: Arc<RoomPlane>,
    pub(super) connection: Connection,
    /// What it is told first.
    pub(super) first: Vec<Bytes>,
    /// When its token stops working.
    pub(super) expires: Option<Instant>,
}

/// Why a session is over.
enum End {
    /// The server closes it.
    Close(Closing),
    /// The other side closed it, broke the protocol, or takes nothing any more.
    Lost,
}

type Going = Result<(), End>;

struct Session {
    plane: Arc<RoomPlane>,
    connection: Connection,
    socket: WebSocketStream<Early>,
    pace: Pace,
    malformed: u32,
    heard_at: Instant,
    expires: Option<Instant>,
}

/// Serves a member until it or the server closes.
pub(in crate::http) async fn run(joined: Joined, wire: Box<dyn Wire>, early: Bytes, stop: CancellationToken) {
    let Joined { plane, connection, first, expires } = joined;
    let limits = Limits::default().max_payload_len(Some(plane.limits.message_bytes));
    let socket = ServerBuilder::new().limits(limits).serve(Early::new(&early, wire));
    drop(early);
    let now = Instant::now();
    let pace = Pace::new(plane.limits.messages_per_s, now);
    let mut session = Session { plane, connection, socket, pace, malformed: 0, heard_at: now, expires };
    let end = match session.tell_all(first).await {
        Ok(()) => session.talk(&stop).await,
        Err(end) => end,
    };
    // Boxed, so that what only the end needs is not held by every session.
    Box::pin(session.part(end)).await;
}

impl Session {
    async fn talk(&mut self, stop: &CancellationToken) -> End {
        let mut stopped = pin!(stop.cancelled());
        let mut next_ping = Instant::now() + PING;
        loop {
            let silent = self.heard_at + SILENCE;
            let deadline = self.expires.map_or(next_ping.min(silent), |at| at.min(next_ping).min(silent));
            let going = tokio::select! {
                () = &mut stopped => Err(End::Close(Closing::STOPPING)),
                () = sleep_until(deadline) => {
                    let now = Instant::now();
                    if self.expires.is_some_and(|at| at <= now) {
                        Err(End::Close(Closing::EXPIRED))
                    } else if silent <= now {
                        Err(End::Close(SILENT))
                    } else {
                        next_ping = now + PING;
                        self.send(Message::ping(Bytes::new())).await
                    }
                }
                heard = self.connection.hear() => match heard {
                    Heard::Said(said) => self.pass_on(said).await,
                    Heard::Missed => Box::pin(self.catch_up()).await,
                    Heard::Close(why) => Err(End::Close(why)),
                },
                message = self.socket.next() => match message {
                    Some(Ok(message)) => self.take(message).await,
                    Some(Err(tokio_websockets::Error::PayloadTooLong { .. })) => Err(End::Close(TOO_BIG)),
                    Some(Err(_)) | None => Err(End::Lost),
                },
            };
            if let Err(end) = going {
                return end;
            }
        }
    }

    /// Writes announcements as they are, all that are there at once.
    async fn pass_on(&mut self, first: Announcement) -> Going {
        let Self { connection, socket, .. } = self;
        let writing = async {
            socket.feed(Message::text(first.text)).await?;
            for _ in 1..AT_ONCE {
                let Some(next) = connection.hear_now() else { break };
                socket.feed(Message::text(next.text)).await?;
            }
            socket.flush().await
        };
        in_time(writing).await
    }

    async fn tell_all(&mut self, texts: Vec<Bytes>) -> Going {
        let writing = async {
            for text in texts {
                self.socket.feed(Message::text(text)).await?;
            }
            self.socket.flush().await
        };
        in_time(writing).await
    }

    async fn send(&mut self, message: Message) -> Going {
        in_time(self.socket.send(message)).await
    }

    async fn tell(&mut self, said: &Said<'_>) -> Going {
        self.send(Message::text(said.encoded())).await
    }

    /// For a reader that was too slow: the state instead of what it missed.
    async fn catch_up(&mut self) -> Going {
        let room_id = self.connection.room_id().to_owned();
        let reading = async {
            let room = self.plane.store.room(&room_id).await?;
            greeting::state(&self.plane, &room, &mut self.connection).await
        };
        match timeout(ANSWERS_WITHIN, reading).await {
            Ok(Ok((state, _))) => self.send(Message::text(state)).await,
            Ok(Err(Error::NotFound(_))) => Err(End::Close(Closing::GONE)),
            Ok(Err(_)) | Err(_) => Err(End::Close(BEHIND)),
        }
    }

    async fn take(&mut self, message: Message) -> Going {
        let received_ms = self.plane.clock.now_ms();
        self.heard_at = Instant::now();
        if message.is_close() {
            return Err(End::Lost);
        }
        match self.pace.judge(self.heard_at) {
            Verdict::Take => {}
            Verdict::Refuse { first: true } => {
                let detail = "too many messages: those without an answer were not carried out";
                return self.tell(&Said::Error { id: None, code: "too_many", detail }).await;
            }
            Verdict::Refuse { first: false } => return Ok(()),
            Verdict::Abuse => return Err(End::Close(ABUSIVE)),
        }
        if message.is_ping() {
            // The pong is queued; it leaves before more is read.
            return in_time(self.socket.flush()).await;
        }
        if message.is_pong() {
            return Ok(());
        }
        match message.as_text().map_or_else(|| Err(binary()), request::read) {
            Ok(Request::Ping { t1 }) => {
                let (t2, t3) = (rounded(received_ms), rounded(self.plane.clock.now_ms()));
                self.tell(&Said::Pong { t1: &t1, t2, t3 }).await
            }
            Ok(Request::Command { command, version, id }) => {
                Box::pin(self.carry_out(&command, version, id.as_deref())).await
            }
            Ok(Request::Chat { text, id }) => Box::pin(self.chat(&text, id.as_deref())).await,
            Err(misread) => self.refuse(&misread).await,
        }
    }

    async fn refuse(&mut self, misread: &Misread) -> Going {
        let Misread { id, code, detail } = misread;
        self.tell(&Said::Error { id: id.as_deref(), code, detail }).await?;
        self.malformed += u32::from(*code == MALFORMED);
        if self.malformed >= MALFORMED_MAX { Err(End::Close(GARBLED)) } else { Ok(()) }
    }

    async fn carry_out(&mut self, command: &Command, version: Option<i64>, id: Option<&str>) -> Going {
        let role = self.connection.member().role;
        let carried = async {
            let (store, room_id) = (self.plane.store.as_ref(), self.connection.room_id());
            if role < Role::Owner {
                let least = store.room(room_id).await?.settings.control;
                if role < least {
                    return Err(Error::Forbidden(format!("this needs the role {least}; you are a {role}")));
                }
            }
            control::command(store, room_id, command, version).await
        };
        match timeout(ANSWERS_WITHIN, carried).await.unwrap_or_else(|_| Err(late())) {
            Ok(Outcome::Done(state)) => self.tell(&Said::Ok { id, version: Some(state.version) }).await,
            Ok(Outcome::Stale(state)) => self.tell(&Said::Conflict { id, state }).await,
            Err(error) => self.tell_error(id, &error).await,
        }
    }

    async fn chat(&mut self, text: &str, id: Option<&str>) -> Going {
        let member = self.connection.member();
        let from = Speaker { id: &member.id, name: &member.name };
        let at_ms = self.plane.clock.now_ms() as i64;
        let body = Said::Chat { from, text, at_ms }.encoded();
        let body = std::str::from_utf8(&body).expect("JSON is UTF-8");
        let posted = self.plane.store.post(self.connection.room_id(), EventKind::Chat, body);
        match timeout(ANSWERS_WITHIN, posted).await.map_or_else(|_| Err(late()), |posted| posted.map_err(Error::from)) {
            Ok(_) if id.is_some() => self.tell(&Said::Ok { id, version: None }).await,
            Ok(_) => Ok(()),
            Err(error) => self.tell_error(id, &error).await,
        }
    }

    async fn tell_error(&mut self, id: Option<&str>, error: &Error) -> Going {
        let detail = error.to_string();
        let (code, detail) = match error {
            Error::Invalid(_) => ("invalid", detail.as_str()),
            Error::NotFound(_) => ("not_found", detail.as_str()),
            Error::Conflict(_) => ("conflict", detail.as_str()),
            Error::Unauthorized(_) => ("unauthorized", detail.as_str()),
            Error::Forbidden(_) => ("forbidden", detail.as_str()),
            Error::Unavailable(_) => {
                tracing::warn!(room = self.connection.room_id(), %error, "the store failed a member's request");
                ("unavailable", "the database does not answer: try again")
            }
        };
        self.tell(&Said::Error { id, code, detail }).await
    }

    /// Leaves the room at once; says goodbye and waits a little until the other side has read it.
    async fn part(self, end: End) {
        let Self { connection, mut socket, .. } = self;
        tracing::debug!(room = connection.room_id(), member = connection.member().id, "member leaves");
        drop(connection);
        let parting = async {
            if let End::Close(Closing { code, reason }) = end
                && let Ok(code) = CloseCode::try_from(code)
            {
                // Fails when a close frame is queued already.
                let _ = socket.feed(Message::close(Some(code), reason)).await;
            }
            let _ = socket.flush().await;
            let mut wire = socket.into_inner();
            let _ = wire.shutdown().await;
            // Closing a socket with unread bytes would throw away what was just written.
            let mut unread = [0; 1024];
            while matches!(wire.read(&mut unread).await, Ok(1..)) {}
        };
        let _ = timeout(LINGER, parting).await;
    }
}

async fn in_time(writing: impl Future<Output = Result<(), tokio_websockets::Error>>) -> Going {
    match timeout(STALL, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Lost),
    }
}

fn binary() -> Misread {
    Misread { id: None, code: MALFORMED, detail: "a message is text, not binary".into() }
}

fn late() -> Error {
    Error::Unavailable("the database does not answer in time".into())
}

/// To thousandths of a ms.
fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
