//! A WebSocket client (RFC 6455) that reads binary messages as one stream of bytes.

use super::http::{Body, open, path_of};
use std::{
    io::{self, Read},
    net::SocketAddr,
};

/// The sample nonce of RFC 6455 1.3 and the accept value it demands.
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The payloads of a server's binary messages, in order.
pub struct WebSocket {
    http: Body,
    left: u64,
    /// The status of the close frame, when one came.
    pub closed: Option<u16>,
}

/// Upgrades; panics when the server does not.
#[track_caller]
pub fn open_websocket(to: SocketAddr, target: &str) -> WebSocket {
    let nonce = format!("Sec-WebSocket-Key: {NONCE}");
    let head = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", &nonce];
    let http = open(to, "GET", path_of(target), &head).expect("an answer to the upgrade");
    assert_eq!(http.status, 101, "the upgrade is refused: {:?}", http.headers);
    assert_eq!(http.header("sec-websocket-accept"), Some(ACCEPT));
    WebSocket { http, left: 0, closed: None }
}

impl WebSocket {
    /// Reads a frame header; false when the server closes.
    fn next_frame(&mut self) -> io::Result<bool> {
        loop {
            let [first, second] = self.bytes()?;
            assert_eq!(second & 0x80, 0, "a server must not mask");
            let length = match second & 0x7f {
                126 => u64::from(u16::from_be_bytes(self.bytes()?)),
                127 => u64::from_be_bytes(self.bytes()?),
                short => u64::from(short),
            };
            match first & 0x0f {
                0x0 | 0x2 => {
                    self.left = length;
                    return Ok(true);
                }
                0x8 => {
                    self.closed = if length >= 2 { Some(u16::from_be_bytes(self.bytes()?)) } else { None };
                    return Ok(false);
                }
                0x9 | 0xa => io::copy(&mut (&mut self.http.socket).take(length), &mut io::sink()).map(drop)?,
                other => panic!("opcode {other:#x} where media is expected"),
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.http.socket.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Read for WebSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            if self.closed.is_some() || !self.next_frame()? {
                return Ok(0);
            }
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let got = self.http.socket.read(&mut buffer[..most])?;
        self.left -= got as u64;
        Ok(got)
    }
}
