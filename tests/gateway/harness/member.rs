//! A member of a room: an independent WebSocket client (tungstenite), blocking.

use super::{Gateway, s};
use serde_json::{Value, json};
use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};
use tungstenite::{ClientRequestBuilder, Message, WebSocket, client::client_with_config};

/// A room made for a test.
pub struct TestRoom {
    pub id: String,
    pub owner: String,
    /// What requests go to.
    http: SocketAddr,
}

/// An HTTP answer.
pub type Answer = (u16, Value);

impl TestRoom {
    /// Made through the API, over the server's socket in its data directory.
    #[track_caller]
    pub fn create(gateway: &Gateway, name: &str) -> Self {
        let made = gateway.api("POST", "/api/v1/rooms", Some(&json!({ "name": name })));
        let text = |field: &str| made.1[field].as_str().unwrap_or_else(|| panic!("no {field}: {made:?}")).to_owned();
        Self { id: text("id"), owner: text("owner_token"), http: gateway.http }
    }

    /// A member with the owner's token.
    #[track_caller]
    pub fn join(&self, name: &str) -> Member {
        self.join_with(&self.owner, name)
    }

    #[track_caller]
    pub fn join_with(&self, token: &str, name: &str) -> Member {
        Member::join(self.http, &format!("/api/v1/rooms/{}/ws?token={token}&name={name}", self.id))
    }
}

/// One connection.
pub struct Member {
    socket: WebSocket<TcpStream>,
    pub state: Value,
}

/// Why a member hears no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// By a close frame with this status.
    Closed(u16),
    /// Without one.
    Cut,
    /// Nothing came in time.
    Silent,
}

impl Member {
    /// Joins and reads the state.
    #[track_caller]
    pub fn join(to: SocketAddr, target: &str) -> Self {
        let mut member = Self::open(to, target, &[]).unwrap_or_else(|status| panic!("joining is refused: {status}"));
        member.state = member.hear(s(5)).expect("the first message");
        assert_eq!(member.state["type"], "state", "{}", member.state);
        member
    }

    /// Upgrades, with more headers; the status of a refusal.
    pub fn open(to: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let socket = TcpStream::connect(to).unwrap();
        socket.set_nodelay(true).unwrap();
        let uri = format!("ws://{to}{target}").parse().unwrap();
        let request = headers
            .iter()
            .fold(ClientRequestBuilder::new(uri), |request, (name, value)| request.with_header(*name, *value));
        match client_with_config(request, socket, None) {
            Ok((socket, _)) => Ok(Self { socket, state: Value::Null }),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(refused))) => {
                Err(refused.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    pub fn id(&self) -> &str {
        self.state["you"]["id"].as_str().expect("an id")
    }

    pub fn say(&mut self, text: &Value) {
        self.say_text(&text.to_string()).unwrap();
    }

    pub fn say_text(&mut self, text: &str) -> Result<(), tungstenite::Error> {
        self.socket.send(Message::text(text.to_owned()))
    }

    /// The plain socket, to misuse.
    pub fn tcp(&mut self) -> &mut TcpStream {
        self.socket.get_mut()
    }

    /// The next message that is text.
    pub fn hear(&mut self, within: Duration) -> Result<Value, Ended> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Ended::Silent);
            }
            self.socket.get_mut().set_read_timeout(Some(left)).unwrap();
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Ok(Message::Close(frame)) => return Err(Ended::Closed(frame.map_or(1005, |f| f.code.into()))),
                Ok(_) => {}
                Err(tungstenite::Error::Io(e))
                    if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(_) => return Err(Ended::Cut),
            }
        }
    }

    /// The next message of this type; others are passed over.
    #[track_caller]
    pub fn hear_type(&mut self, kind: &str, within: Duration) -> Value {
        let deadline = Instant::now() + within;
        loop {
            match self.hear(deadline.saturating_duration_since(Instant::now())) {
                Ok(said) if said["type"] == kind => return said,
                Ok(_) => {}
                Err(ended) => panic!("no {kind}: {ended:?}"),
            }
        }
    }

    /// How the connection ends; messages before that are passed over.
    pub fn end(&mut self, within: Duration) -> Ended {
        let deadline = Instant::now() + within;
        loop {
            if let Err(ended) = self.hear(deadline.saturating_duration_since(Instant::now())) {
                return ended;
            }
        }
    }
}

impl Gateway {
    /// A request over the server's socket in its data directory, as the operator.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        use std::io::{Read, Write};
        let mut socket = std::os::unix::net::UnixStream::connect(self.data_dir().join("synctv.sock")).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let length = body.len();
        write!(
            socket,
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }
}
