//! A member of a room, through somebody else's WebSocket client (tungstenite).

use super::Gateway;
use serde_json::{Value, json};
use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};
use tungstenite::{Error, Message, WebSocket, client::IntoClientRequest};

/// Nothing a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Joined; leaves when dropped.
pub struct Member(WebSocket<TcpStream>);

impl Member {
    #[track_caller]
    pub fn join(node: &Gateway, room: &str, token: &str) -> Self {
        Self::try_join(node.http, &format!("/api/v1/rooms/{room}/ws?token={token}"), &[]).expect("the room lets them in")
    }

    /// With more request headers; the refusal's status when there is one.
    pub fn try_join(to: SocketAddr, target: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{to}{target}").into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let socket = TcpStream::connect(to).expect("the server accepts");
        socket.set_nodelay(true).expect("a socket option");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        match tungstenite::client(request, socket) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::HandshakeError::Failure(Error::Http(response))) => Err(response.status().as_u16()),
            Err(other) => panic!("no answer to the upgrade: {other}"),
        }
    }

    /// The next message of this type.
    #[track_caller]
    pub fn next(&mut self, kind: &str) -> Value {
        self.wait(kind, "any", |_| true)
    }

    /// The next message of this type that passes the test.
    #[track_caller]
    pub fn wait(&mut self, kind: &str, what: &str, test: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut last = Value::Null;
        while begun.elapsed() < PATIENCE {
            match self.read() {
                Ok(message) if message["type"] == kind && test(&message) => return message,
                Ok(message) => last = message,
                Err(closed) => panic!("closed ({closed:?}) while waiting for {kind:?}: {what}; last was {last}"),
            }
        }
        panic!("not within {PATIENCE:?}: {kind:?}, {what}; last was {last}");
    }

    /// The next message, or code and reason of the close.
    #[track_caller]
    pub fn read(&mut self) -> Result<Value, (u16, String)> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Ok(Message::Close(Some(frame))) => return Err((frame.code.into(), frame.reason.to_string())),
                Ok(Message::Close(None)) | Err(Error::ConnectionClosed | Error::Protocol(_)) => {
                    return Err((1006, String::new()));
                }
                Ok(_) => {}
                Err(Error::Io(e)) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("nothing within {PATIENCE:?}")
                }
                Err(other) => return Err((1006, other.to_string())),
            }
        }
    }

    /// Code and reason with which the server closes.
    #[track_caller]
    pub fn closed(&mut self) -> (u16, String) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Err(closed) = self.read() {
                return closed;
            }
        }
        panic!("not closed within {PATIENCE:?}");
    }

    #[track_caller]
    pub fn send(&mut self, message: &Value) {
        self.send_text(message.to_string());
    }

    #[track_caller]
    pub fn send_text(&mut self, text: String) {
        self.0.send(Message::text(text)).expect("the server reads");
    }

    /// Asks for the time; the pong.
    #[track_caller]
    pub fn ping(&mut self) -> Value {
        self.send(&json!({ "type": "ping", "t1": 12345.5 }));
        self.next("pong")
    }
}
