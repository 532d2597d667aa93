//! The JSON API over one kept connection.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

/// The operator's connection to a server.
pub struct Api {
    socket: BufReader<TcpStream>,
}

/// A room, as a member needs it.
#[derive(Clone, Debug)]
pub struct Room {
    pub id: String,
    pub token: String,
    pub media: Vec<String>,
}

impl Api {
    pub fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("the server accepts");
        socket.set_nodelay(true).expect("a socket option");
        Self { socket: BufReader::new(socket) }
    }

    /// Asks; panics unless it succeeds.
    pub fn call(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Status and JSON body.
    pub fn ask(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            super::TOKEN,
            body.len()
        );
        self.socket.get_mut().write_all((head + &body).as_bytes()).expect("a request is written");
        let mut line = String::new();
        self.socket.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            line.clear();
            self.socket.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut answer = vec![0; length];
        self.socket.read_exact(&mut answer).expect("a body");
        (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
    }

    /// A room with media of these durations, that nothing has to find out.
    pub fn room(&mut self, name: &str, durations_ms: &[u64]) -> Room {
        let made = self.call("POST", "/rooms", &serde_json::json!({ "name": name }));
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let id = text(&made["id"]);
        let mut media = Vec::new();
        for (n, duration) in durations_ms.iter().enumerate() {
            let body = serde_json::json!({ "url": format!("http://192.0.2.1/{n}.mp4"), "duration_ms": duration });
            media.push(text(&self.call("POST", &format!("/rooms/{id}/media"), &body)["id"]));
        }
        Room { id, token: text(&made["owner_token"]), media }
    }

    /// A playback command; the state it made.
    pub fn playback(&mut self, room: &Room, body: &Value) -> Value {
        self.call("POST", &format!("/rooms/{}/playback", room.id), body)
    }

    pub fn start(&mut self, room: &Room) {
        self.playback(room, &serde_json::json!({ "command": "start", "media_id": room.media[0] }));
    }
}
