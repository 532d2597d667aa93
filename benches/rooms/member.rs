//! A member on a WebSocket connection, by the same library the command line uses.

use super::api::Room;
use futures_util::StreamExt;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, MaybeTlsStream, WebSocketStream};

/// A joined member.
pub struct Member(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Member {
    pub async fn join(server: SocketAddr, room: &Room) -> Self {
        let url = format!("ws://{server}/api/v1/rooms/{}/ws?token={}", room.id, room.token);
        let uri = url.parse::<hyper::Uri>().expect("a URL");
        let (socket, _) = ClientBuilder::from_uri(uri).connect().await.expect("the room lets its member in");
        Self(socket)
    }

    /// The next message of these types; `None` when the server closes.
    pub async fn next_of(&mut self, types: &[&str]) -> Option<Value> {
        loop {
            let message = self.0.next().await?.ok()?;
            let Some(text) = message.as_text() else { continue };
            // Looked at before it is parsed: the load must not be what is measured.
            if types.iter().any(|t| text.starts_with("{\"type\":\"") && text[9..].starts_with(t)) {
                return serde_json::from_str(text).ok();
            }
        }
    }
}
