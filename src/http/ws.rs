//! WebSocket-FLV: the handshake (RFC 6455 4.2.2), and the relay for viewers behind TLS.

use super::{handover::STALL, respond};
use crate::live::{Batch, IncomingFrames};
use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use sha1::{Digest, Sha1};
use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    sync::mpsc,
    time::timeout,
};

/// What the key is hashed with (RFC 6455 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether the request asks for a WebSocket, as only a GET of HTTP/1.1 can (RFC 6455 4.2.1).
pub fn is_upgrade(request: &Request<()>) -> bool {
    let names = |name, token: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|v| v.to_str().ok());
        values.flat_map(|v| v.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && names(header::CONNECTION, "upgrade")
        && names(header::UPGRADE, "websocket")
}

/// The 101, or why not: only a 101 switches.
pub fn accept(headers: &HeaderMap) -> Response<Body> {
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|v| v != "13") {
        let mut refusal = respond::problem(StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is needed");
        refusal.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, header::HeaderValue::from_static("13"));
        return refusal;
    }
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY).filter(|k| k.len() == 24) else {
        return respond::problem(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing or malformed");
    };
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let h = response.headers_mut();
    h.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
    h.insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = header::HeaderValue::from_str(&STANDARD.encode(digest)) {
        h.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

/// Writes a viewer's messages to a connection that is not a plain socket, until either side ends.
pub async fn relay<T: AsyncRead + AsyncWrite + Send>(mut batches: mpsc::Receiver<Arc<Batch>>, io: T, early: Bytes) {
    let (mut reader, mut writer) = split(io);
    let mut incoming = IncomingFrames::new(&early);
    let mut buffer = [0; 512];
    // What came behind the upgrade request.
    if incoming.feed(&[]).is_err() {
        return;
    }
    loop {
        let pieces = match incoming.reply() {
            Some(pong) => Arc::new(Batch::of(pong)),
            None => tokio::select! {
                batch = batches.recv() => match batch {
                    Some(batch) => batch,
                    None => break,
                },
                read = reader.read(&mut buffer) => {
                    let Ok(n @ 1..) = read else { return };
                    if incoming.feed(&buffer[..n]).is_err() {
                        return;
                    }
                    continue;
                }
            },
        };
        let written = async {
            for piece in pieces.parts() {
                writer.write_all(piece).await?;
            }
            writer.flush().await
        };
        if !matches!(timeout(STALL, written).await, Ok(Ok(()))) {
            return;
        }
    }
    let _ = timeout(STALL, writer.shutdown()).await;
}
