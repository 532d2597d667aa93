//! The JSON API over TCP, spoken by hand.

use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// An answer of the API.
#[derive(Debug)]
pub struct Called {
    pub status: u16,
    /// As it came: lines with CRLF.
    pub head: String,
    /// `Null` when there is no body.
    pub body: Value,
}

/// Calls `METHOD /api/v1PATH` with a token and a body as text, if any.
#[track_caller]
pub fn call(to: SocketAddr, token: Option<&str>, method: &str, path: &str, body: Option<&str>) -> Called {
    let mut socket = TcpStream::connect(to).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let body = body.unwrap_or_default();
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n{token}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // A server that refuses a long body may close before it has read it all.
    let _ = socket.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    let text = String::from_utf8(answer).expect("an answer is text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {read:?} {text:?}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("{method} {path}: {head}"));
    let problem = head.to_ascii_lowercase().contains("content-type: application/problem+json");
    assert_eq!(problem, status >= 400, "{method} {path}: {head}\n{body}");
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).expect("JSON") };
    Called { status, head: head.to_owned(), body }
}
