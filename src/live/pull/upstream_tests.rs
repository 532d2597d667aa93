//! Upstreams for the tests of this module: an RTMP server that plays (rml_rtmp's, an independent one) and FLV over HTTP.

use super::{Finding, PullError, PullFrom, Upstream, Upstreams};
use parking_lot::Mutex;
use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::{ServerSession, ServerSessionConfig, ServerSessionEvent, ServerSessionResult},
    time::RtmpTimestamp,
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use synctv_ingest::flv::{FileReader, Tag, TagKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

const CLIP: &[u8] = include_bytes!("../../../fixtures/demo.flv");

/// The clip's tags without its script tag.
fn tags() -> Vec<Tag> {
    let (mut file, mut reader, mut tags) = (CLIP, FileReader::new(), Vec::new());
    while let Some(tag) = reader.read(&mut file).unwrap() {
        if tag.kind != TagKind::Script && !(tag.kind == TagKind::Video && tag.body.get(1) == Some(&2)) {
            tags.push(tag);
        }
    }
    tags
}

/// The store, as the pulls see it.
#[derive(Default)]
pub struct Table {
    streams: Mutex<HashMap<String, Result<Upstream, PullError>>>,
    pub asked: AtomicUsize,
    /// Looking up takes so long.
    pub delay: Mutex<Duration>,
    /// Looking up ends the task.
    pub breaks: AtomicBool,
}

impl Table {
    pub fn put(&self, name: &str, url: &str) {
        self.put_with(name, url, true);
    }

    pub fn put_with(&self, name: &str, url: &str, private: bool) {
        let upstream = PullFrom::new(url, []).map(|from| Upstream { from, private });
        self.streams.lock().insert(name.into(), upstream);
    }

    pub fn remove(&self, name: &str) {
        self.streams.lock().remove(name);
    }

    pub fn fail(&self, name: &str) {
        self.streams.lock().insert(name.into(), Err(PullError::Unavailable));
    }
}

impl Upstreams for Table {
    fn find<'a>(&'a self, name: &'a str) -> Finding<'a> {
        self.asked.fetch_add(1, SeqCst);
        assert!(!self.breaks.load(SeqCst), "it breaks, as it was told to");
        let (found, delay) = (self.streams.lock().get(name).cloned(), *self.delay.lock());
        Box::pin(async move {
            sleep(delay).await;
            found.transpose()
        })
    }
}

/// What an upstream does with those who connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// RTMP, the clip at its own pace, for ever.
    Rtmp,
    /// RTMP, refused.
    Refusing,
    /// RTMP, accepted, and then nothing.
    Mute,
    /// FLV over HTTP, the clip all at once, then silence.
    Flv,
    /// HTTP that is neither.
    Text,
    /// 403.
    Forbidden,
}

/// A server, and how many are connected.
pub struct Server {
    pub address: SocketAddr,
    pub accepted: Arc<AtomicUsize>,
    pub connected: Arc<AtomicUsize>,
    cut: CancellationToken,
}

impl Server {
    pub async fn start(manner: Manner) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), manner).await
    }

    pub async fn start_at(address: SocketAddr, manner: Manner) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let listener: TcpListener = socket.listen(1024).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            accepted: Arc::default(),
            connected: Arc::default(),
            cut: CancellationToken::new(),
        };
        let (accepted, connected, cut) = (server.accepted.clone(), server.connected.clone(), server.cut.clone());
        tokio::spawn(async move {
            loop {
                let socket = tokio::select! {
                    socket = listener.accept() => socket.unwrap().0,
                    () = cut.cancelled() => return,
                };
                accepted.fetch_add(1, SeqCst);
                connected.fetch_add(1, SeqCst);
                let (connected, cut) = (connected.clone(), cut.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = serve(socket, manner) => {}
                        () = cut.cancelled() => {}
                    }
                    connected.fetch_sub(1, SeqCst);
                });
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("rtmp://{}{path}", self.address)
    }

    pub fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Cuts everybody off and listens no more.
    pub fn stop(&self) {
        self.cut.cancel();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(socket: TcpStream, manner: Manner) -> Option<()> {
    match manner {
        Manner::Rtmp | Manner::Refusing | Manner::Mute => rtmp(socket, manner).await,
        Manner::Flv => http(socket, "200 OK\r\nContent-Type: video/x-flv", CLIP).await,
        Manner::Text => http(socket, "200 OK\r\nContent-Type: text/html", b"<html>no stream here</html>").await,
        Manner::Forbidden => http(socket, "403 Forbidden", b"").await,
    }
}

async fn http(mut socket: TcpStream, head: &str, body: &[u8]) -> Option<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let n = socket.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        request.extend_from_slice(&buffer[..n]);
    }
    socket.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes()).await.ok()?;
    socket.write_all(body).await.ok()?;
    if head.contains("flv") {
        // Until the peer goes.
        while socket.read(&mut buffer).await.ok().filter(|n| *n > 0).is_some() {}
    }
    Some(())
}

async fn rtmp(mut socket: TcpStream, manner: Manner) -> Option<()> {
    let early = greet(&mut socket).await?;
    let (mut session, first) = ServerSession::new(ServerSessionConfig::new()).ok()?;
    let mut playing = None;
    let mut results = first;
    results.extend(session.handle_input(&early).ok()?);
    let mut buffer = vec![0; 4096];
    while playing.is_none() {
        playing = answer(&mut socket, &mut session, results, manner).await?;
        if playing.is_none() {
            let n = socket.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
            results = session.handle_input(&buffer[..n]).ok()?;
        } else {
            results = Vec::new();
        }
    }
    let (mut reading, mut writing) = socket.into_split();
    // The peer's end is noticed at once, as by every server.
    let gone = async {
        let mut buffer = [0; 4096];
        while reading.read(&mut buffer).await.ok().filter(|n| *n > 0).is_some() {}
    };
    tokio::select! {
        () = gone => {}
        _ = async {
            if manner == Manner::Mute {
                std::future::pending::<()>().await;
            }
            play(&mut writing, &mut session, playing.unwrap()).await
        } => {}
    }
    Some(())
}

async fn greet(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut handshake = Handshake::new(PeerType::Server);
    let mut buffer = vec![0; 4096];
    loop {
        let n = socket.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        match handshake.process_bytes(&buffer[..n]).ok()? {
            HandshakeProcessResult::InProgress { response_bytes } => socket.write_all(&response_bytes).await.ok()?,
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                socket.write_all(&response_bytes).await.ok()?;
                return Some(remaining_bytes);
            }
        }
    }
}

/// Sends what the session wants sent; the message stream once the peer plays.
async fn answer(
    socket: &mut TcpStream,
    session: &mut ServerSession,
    results: Vec<ServerSessionResult>,
    manner: Manner,
) -> Option<Option<u32>> {
    let mut results = std::collections::VecDeque::from(results);
    let mut playing = None;
    while let Some(result) = results.pop_front() {
        match result {
            ServerSessionResult::OutboundResponse(packet) => socket.write_all(&packet.bytes).await.ok()?,
            ServerSessionResult::RaisedEvent(ServerSessionEvent::ConnectionRequested { request_id, app_name }) => {
                assert_eq!(app_name, "live");
                results.extend(session.accept_request(request_id).ok()?);
            }
            ServerSessionResult::RaisedEvent(ServerSessionEvent::PlayStreamRequested {
                request_id,
                stream_id,
                stream_key,
                ..
            }) => {
                assert_eq!(stream_key, "cam?key=secret");
                if manner == Manner::Refusing {
                    let code = "NetStream.Play.StreamNotFound";
                    results.extend(session.reject_request(request_id, code, "no cam?key=secret here").ok()?);
                } else {
                    results.extend(session.accept_request(request_id).ok()?);
                    playing = Some(stream_id);
                }
            }
            _ => {}
        }
    }
    Some(playing)
}

async fn play(socket: &mut (impl AsyncWriteExt + Unpin), session: &mut ServerSession, id: u32) -> Option<()> {
    let tags = tags();
    let lap = u64::from(tags.last()?.timestamp) + 40;
    let begun = tokio::time::Instant::now();
    for turn in 0u64.. {
        for tag in &tags {
            let at = turn * lap + u64::from(tag.timestamp);
            // A second ahead, as servers that keep a GOP are.
            let due = begun + Duration::from_millis(at.saturating_sub(1000));
            sleep(due.saturating_duration_since(tokio::time::Instant::now())).await;
            let time = RtmpTimestamp::new(at as u32);
            let packet = match tag.kind {
                TagKind::Video => session.send_video_data(id, tag.body.clone(), time, false).ok()?,
                _ => session.send_audio_data(id, tag.body.clone(), time, false).ok()?,
            };
            socket.write_all(&packet.bytes).await.ok()?;
        }
    }
    Some(())
}
