//! One connection of a watcher: it reads what happens, keeps the clock by pings, and sends what is typed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};

use super::offset::{Offsets, Sample};
use super::print::{Printer, is_closed};
use crate::http::rooms::wire::State;

/// Pings after joining that follow each other quickly, so that the clock is right soon.
const QUICK: u32 = 16;
/// Between quick pings, when the answer is there; and between the others.
const QUICK_PAUSE: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_secs(1);
/// A server that says nothing for so long, although it is pinged, is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// Close codes from here on are this application's: it does not want this member any more (RFC 6455 7.4.2).
const OWN_CODES: std::ops::RangeInclusive<u16> = 4000..=4999;

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// It broke, or the server restarts: join again.
    Lost(String),
    /// Kicked, revoked, expired or deleted: do not come back.
    ThrownOut(String),
    /// Nobody reads what is printed.
    NobodyReads,
}

/// A connection, and what is known through it.
pub(super) struct Session {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    printer: Printer,
    positions: Option<Duration>,
    state: Option<State>,
    clock: Offsets,
    pings: u32,
    heard: Instant,
    next_ping: Instant,
}

impl Session {
    /// On a fresh WebSocket.
    pub(super) fn new(socket: Upgraded, printer: Printer, positions: Option<Duration>) -> Self {
        let socket = ClientBuilder::new().take_over(TokioIo::new(socket));
        let now = Instant::now();
        Self {
            socket,
            printer,
            positions,
            state: None,
            clock: Offsets::default(),
            pings: 0,
            heard: now,
            next_ping: now,
        }
    }

    /// Whether the server told the state.
    pub(super) const fn was_greeted(&self) -> bool {
        self.state.is_some()
    }

    /// Goes on until the connection ends.
    pub(super) async fn run(&mut self, typed: &mut mpsc::Receiver<String>) -> End {
        let mut positions = interval(self.positions.unwrap_or(Duration::from_secs(3600)));
        positions.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut types = true;
        loop {
            let done = tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(message)) => self.hear(&message),
                    Some(Err(err)) => Err(End::Lost(format!("the connection broke ({err})"))),
                    None => Err(End::Lost("the connection ended".into())),
                },
                () = sleep_until(self.next_ping) => self.ping().await,
                _ = positions.tick(), if self.positions.is_some() => self.tell_position(),
                line = typed.recv(), if types => match line {
                    Some(line) if line.trim().is_empty() => Ok(()),
                    Some(line) => self.say(&json!({ "type": "chat", "text": line })).await,
                    None => {
                        types = false;
                        Ok(())
                    }
                },
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    fn hear(&mut self, message: &Message) -> Result<(), End> {
        let received = local_ms();
        self.heard = Instant::now();
        if let Some((code, reason)) = message.as_close() {
            let code = u16::from(code);
            let why = told(code, reason);
            return Err(if OWN_CODES.contains(&code) { End::ThrownOut(why) } else { End::Lost(why) });
        }
        let Some(said) = message.as_text().and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
            return Ok(());
        };
        match said["type"].as_str() {
            Some("pong") => {
                self.take_pong(&said, received);
                return Ok(());
            }
            Some("state" | "playback") => self.state = serde_json::from_value(said.clone()).ok().or(self.state.take()),
            _ => {}
        }
        printed(self.printer.message(&said))
    }

    fn take_pong(&mut self, pong: &Value, t4: i64) {
        let time = |name: &str| pong[name].as_i64().or_else(|| pong[name].as_f64().map(|ms| ms.round() as i64));
        if let (Some(t1), Some(t2), Some(t3)) = (time("t1"), time("t2"), time("t3")) {
            self.clock.add(Sample { t1, t2, t3, t4 });
        }
        if self.pings < QUICK {
            self.next_ping = self.next_ping.min(Instant::now() + QUICK_PAUSE);
        }
    }

    async fn ping(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now.duration_since(self.heard) > SILENCE {
            return Err(End::Lost("the server does not answer any more".into()));
        }
        self.pings = self.pings.saturating_add(1);
        self.next_ping = now + PAUSE;
        self.say(&json!({ "type": "ping", "t1": local_ms() })).await
    }

    async fn say(&mut self, message: &Value) -> Result<(), End> {
        let sent = tokio::time::timeout(SILENCE, self.socket.send(Message::text(message.to_string()))).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(err)) => Err(End::Lost(format!("the connection broke ({err})"))),
            Err(_) => Err(End::Lost("the server takes nothing any more".into())),
        }
    }

    fn tell_position(&self) -> Result<(), End> {
        let (Some(state), Some(clock)) = (&self.state, self.clock.estimate()) else { return Ok(()) };
        printed(self.printer.position(state, local_ms(), clock))
    }
}

/// Why the server closed, and what can be done about it.
fn told(code: u16, reason: &str) -> String {
    match code {
        _ if reason.is_empty() => format!("the server closed with {code}"),
        4001 => format!("{reason}: ask the room's owner for a new one"),
        4003 => format!("{reason}: an owner of the room closed this connection"),
        _ => reason.to_owned(),
    }
}

fn printed(result: std::io::Result<()>) -> Result<(), End> {
    result.map_err(|err| match is_closed(&err) {
        true => End::NobodyReads,
        false => End::ThrownOut(format!("cannot write the output: {err}")),
    })
}

/// The local clock: ms since 1970.
fn local_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
