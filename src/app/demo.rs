//! `serve --demo`: the bundled clip, published in a loop over RTMP to ourselves: what a viewer sees has come the whole way.

use crate::secret::Secret;
use anyhow::{Context, bail};
use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::{ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType},
    time::RtmpTimestamp,
};
use std::{net::SocketAddr, time::Duration};
use synctv_ingest::flv::{FileReader, Tag, TagKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// The stream's name.
pub const STREAM: &str = "demo";
/// The clip, made as fixtures/README.md tells.
const CLIP: &[u8] = include_bytes!("../../fixtures/demo.flv");
/// Between attempts when the connection is lost (a takeover or kick of the demo).
const RETRY: Duration = Duration::from_secs(2);

/// Publishes until `stop`.
pub async fn publish(rtmp: SocketAddr, secret: Secret, stop: CancellationToken) {
    let publishing = async {
        loop {
            if let Err(error) = publish_once(rtmp, secret.reveal()).await {
                tracing::warn!(%error, "the demo publisher was cut off; it tries again");
            }
            sleep(RETRY).await;
        }
    };
    tokio::select! {
        () = publishing => {}
        () = stop.cancelled() => {}
    }
}

async fn publish_once(rtmp: SocketAddr, secret: &str) -> anyhow::Result<()> {
    let tags = read_clip()?;
    let mut publisher = Publisher::connect(rtmp, secret).await?;
    let lap_ms = tags.iter().map(|t| t.timestamp).max().unwrap_or(0) + frame_ms(&tags);
    let begun = Instant::now();
    for lap in 0u64.. {
        for tag in &tags {
            if lap > 0 && is_header(tag) {
                continue;
            }
            let at = lap * u64::from(lap_ms) + u64::from(tag.timestamp);
            sleep_until(begun + Duration::from_millis(at)).await;
            publisher.send(tag, (at & 0xffff_ffff) as u32).await?;
        }
    }
    Ok(())
}

fn read_clip() -> anyhow::Result<Vec<Tag>> {
    let mut reader = FileReader::new();
    let mut clip = CLIP;
    let mut tags = Vec::new();
    while let Some(tag) = reader.read(&mut clip)? {
        // 17 02 would end the sequence at each lap.
        if tag.kind != TagKind::Script && !(tag.kind == TagKind::Video && tag.body.get(1) == Some(&2)) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// The spacing of video frames: what separates the last frame of a lap from the first of the next.
fn frame_ms(tags: &[Tag]) -> u32 {
    let mut video = tags.iter().filter(|t| t.kind == TagKind::Video && !is_header(t)).map(|t| t.timestamp);
    match (video.next(), video.next()) {
        (Some(a), Some(b)) if b > a => b - a,
        _ => 40,
    }
}

fn is_header(tag: &Tag) -> bool {
    tag.body.get(1) == Some(&0)
}

struct Publisher {
    socket: TcpStream,
    session: ClientSession,
    accepted: bool,
}

impl Publisher {
    async fn connect(rtmp: SocketAddr, secret: &str) -> anyhow::Result<Self> {
        let mut socket = TcpStream::connect(rtmp).await.context("connect to our own RTMP port")?;
        socket.set_nodelay(true)?;
        let early = shake_hands(&mut socket).await?;
        let mut config = ClientSessionConfig::new();
        config.tc_url = Some(format!("rtmp://{rtmp}/live"));
        let (session, first) = ClientSession::new(config)?;
        let mut publisher = Self { socket, session, accepted: false };
        publisher.act(first, secret).await?;
        let request = publisher.session.request_connection("live".into())?;
        publisher.act(vec![request], secret).await?;
        let results = publisher.session.handle_input(&early)?;
        publisher.act(results, secret).await?;
        let mut buffer = [0; 4096];
        while !publisher.accepted {
            let n = publisher.socket.read(&mut buffer).await?;
            if n == 0 {
                bail!("refused by our own gate");
            }
            let results = publisher.session.handle_input(&buffer[..n])?;
            publisher.act(results, secret).await?;
        }
        Ok(publisher)
    }

    async fn act(&mut self, results: Vec<ClientSessionResult>, secret: &str) -> anyhow::Result<()> {
        let mut results = std::collections::VecDeque::from(results);
        while let Some(result) = results.pop_front() {
            match result {
                ClientSessionResult::OutboundResponse(packet) => self.socket.write_all(&packet.bytes).await?,
                ClientSessionResult::RaisedEvent(ClientSessionEvent::ConnectionRequestAccepted) => {
                    let name = format!("{STREAM}?key={secret}");
                    results.push_back(self.session.request_publishing(name, PublishRequestType::Live)?);
                }
                ClientSessionResult::RaisedEvent(ClientSessionEvent::PublishRequestAccepted) => self.accepted = true,
                _ => {}
            }
        }
        Ok(())
    }

    async fn send(&mut self, tag: &Tag, at: u32) -> anyhow::Result<()> {
        let at = RtmpTimestamp::new(at);
        let result = match tag.kind {
            TagKind::Video => self.session.publish_video_data(tag.body.clone(), at, false)?,
            _ => self.session.publish_audio_data(tag.body.clone(), at, false)?,
        };
        if let ClientSessionResult::OutboundResponse(packet) = result {
            self.socket.write_all(&packet.bytes).await?;
        }
        // What the server says (acknowledgements) is not needed; an end is seen by the next write.
        let mut buffer = [0; 1024];
        match self.socket.try_read(&mut buffer) {
            Ok(0) => bail!("closed by the server"),
            _ => Ok(()),
        }
    }
}

async fn shake_hands(socket: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut handshake = Handshake::new(PeerType::Client);
    let opening = handshake.generate_outbound_p0_and_p1().map_err(|e| anyhow::anyhow!("handshake: {e:?}"))?;
    socket.write_all(&opening).await?;
    let mut buffer = [0; 4096];
    loop {
        let n = socket.read(&mut buffer).await?;
        if n == 0 {
            bail!("closed during the handshake");
        }
        let processed = handshake.process_bytes(&buffer[..n]).map_err(|e| anyhow::anyhow!("handshake: {e:?}"))?;
        match processed {
            HandshakeProcessResult::InProgress { response_bytes } => socket.write_all(&response_bytes).await?,
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                socket.write_all(&response_bytes).await?;
                return Ok(remaining_bytes);
            }
        }
    }
}
