//! One publisher's connection: the socket around `ingest::rtmp::Session`, from its handshake to the end of its publication.

use super::{gate::Grant, hub::Publication, publisher_socket::PublisherSocket, rtmp::Shared};
use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use synctv_ingest::{
    Error, Frame,
    flv::Demuxer,
    rtmp::{Event, Limits, Refusal, Session},
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// An answer that the peer does not take in this time closes the connection.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// After a refusal the peer gets this long to read it.
const REFUSED_LINGER: Duration = Duration::from_millis(500);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("closed by the peer")]
    Peer,
    #[error("no {0} in time")]
    Silent(&'static str),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Protocol(#[from] Error),
    #[error("refused: {}", .0.description())]
    Refused(Refusal),
    #[error("another connection with the same key took over, or the publisher was kicked")]
    Closed,
    #[error("the server is stopping")]
    Stopping,
}

pub struct Connection {
    socket: PublisherSocket,
    peer: SocketAddr,
    shared: Arc<Shared>,
    session: Session,
    demuxer: Demuxer,
    publication: Option<Publication>,
    last_message: Instant,
    stop: CancellationToken,
}

impl Connection {
    pub fn new(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared>, stop: CancellationToken) -> Self {
        let _ = socket.set_nodelay(true);
        Self {
            socket: PublisherSocket::new(socket),
            peer,
            shared,
            session: Session::new(Limits::default()),
            demuxer: Demuxer::new(),
            publication: None,
            last_message: Instant::now(),
            stop,
        }
    }

    pub async fn run(mut self) {
        let end = match self.greet().await {
            Ok(()) => self.take_media().await,
            Err(end) => end,
        };
        if let End::Refused(refusal) = &end {
            tracing::warn!(description = refusal.description(), "publisher refused");
            self.session.refuse(refusal);
        } else if self.publication.is_some() {
            tracing::info!(reason = %end, "publication ended");
        } else {
            tracing::debug!(reason = %end, "connection ended");
        }
        let publication = self.publication.take();
        drop(publication);
        if self.flush().await.is_ok() {
            let _ = timeout(REFUSED_LINGER, self.socket.finish()).await;
        }
    }

    /// From accept to an accepted publish, all within one deadline.
    async fn greet(&mut self) -> Result<(), End> {
        let deadline = Instant::now() + self.shared.limits.handshake;
        while self.publication.is_none() {
            let stop = self.stop.clone();
            tokio::select! {
                read = self.read() => read?,
                () = sleep_until(deadline) => return Err(End::Silent("publish")),
                () = stop.cancelled() => return Err(End::Stopping),
            }
            self.answer().await?;
        }
        Ok(())
    }

    /// Reads media until the publication ends.
    async fn take_media(&mut self) -> End {
        let Some(publication) = &self.publication else { return End::Closed };
        let close = publication.close().clone();
        let stop = self.stop.clone();
        let mut closed = pin!(close.cancelled());
        let mut stopped = pin!(stop.cancelled());
        let mut check = pin!(sleep(self.shared.limits.idle));
        loop {
            tokio::select! {
                biased;
                () = &mut closed => return End::Closed,
                () = &mut stopped => return End::Stopping,
                read = self.read() => {
                    if let Err(end) = read {
                        return end;
                    }
                    if let Err(end) = self.answer().await {
                        return end;
                    }
                    // A peer that always has something to say, but no media, is silent too.
                    if self.is_silent() {
                        return End::Silent("media");
                    }
                }
                () = &mut check => {
                    if self.is_silent() {
                        return End::Silent("media");
                    }
                    check.as_mut().reset(self.last_message + self.shared.limits.idle);
                }
            }
        }
    }

    fn is_silent(&self) -> bool {
        self.last_message + self.shared.limits.idle <= Instant::now()
    }

    /// Waits for bytes and feeds them to the session.
    async fn read(&mut self) -> Result<(), End> {
        let Self { socket, session, publication, .. } = self;
        let watched = || publication.as_ref().is_none_or(Publication::is_watched);
        match socket.read(watched, |bytes| session.feed(bytes).map_err(End::from)).await? {
            0 => Err(End::Peer),
            _ => Ok(()),
        }
    }

    /// Acts on what the session has understood and sends what it answers.
    async fn answer(&mut self) -> Result<(), End> {
        let mut frames: Vec<Frame> = Vec::new();
        while let Some(event) = self.session.next_event() {
            self.last_message = Instant::now();
            match event {
                Event::Publish { stream, key } => {
                    if self.publication.is_some() {
                        return Err(End::Refused(Refusal::bad_name(
                            "this connection publishes already; open another one",
                        )));
                    }
                    self.admit(stream.as_str(), key.as_ref().map(|k| k.expose())).await?;
                }
                Event::Play { .. } => {
                    return Err(End::Refused(Refusal::play(
                        "RTMP play is not served; watch over HTTP-FLV, WebSocket-FLV or HLS",
                    )));
                }
                Event::Metadata(metadata) => {
                    if let Some(publication) = &self.publication {
                        publication.announce(metadata);
                    }
                }
                Event::Tag(tag) => match self.demuxer.demux(&tag) {
                    Ok(demuxed) => {
                        frames.extend(demuxed.frames);
                        if let (Some(warning), Some(publication)) = (demuxed.warning, &self.publication) {
                            tracing::warn!(%warning, "the publisher does something wrong");
                            publication.warn(warning.to_string());
                        }
                    }
                    Err(Error::Unsupported { what, value }) => {
                        self.push(&mut frames)?;
                        return Err(End::Refused(Refusal::unsupported(format!("{what} {value} is not supported"))));
                    }
                    Err(error) => tracing::debug!(%error, "a media message was not understood; it is dropped"),
                },
                Event::Unpublish => {
                    self.push(&mut frames)?;
                    return Err(End::Peer);
                }
            }
        }
        self.push(&mut frames)?;
        self.flush().await
    }

    fn push(&self, frames: &mut Vec<Frame>) -> Result<(), End> {
        match &self.publication {
            Some(publication) if !frames.is_empty() && !publication.push(frames.drain(..)) => Err(End::Closed),
            _ => Ok(()),
        }
    }

    /// Asks the gate and starts the publication.
    async fn admit(&mut self, stream: &str, key: Option<&str>) -> Result<(), End> {
        tracing::Span::current().record("stream", stream);
        let grant = self.authorize(stream, key).await?;
        let publication = self.shared.hub.publish(stream, &grant, self.peer).map_err(|_| {
            End::Refused(Refusal::bad_name(format!(
                "stream {stream} is published with another key; stop that publisher first"
            )))
        })?;
        // Whoever revoked the key or hid the stream since the first answer found no publication to act upon.
        let grant = self.authorize(stream, key).await?;
        self.shared.hub.set_private(stream, grant.private);
        tracing::info!(epoch = publication.epoch(), key_id = grant.key_id.as_deref(), "publication started");
        self.publication = Some(publication);
        self.last_message = Instant::now();
        self.session.accept_publish();
        self.flush().await
    }

    async fn authorize(&self, stream: &str, key: Option<&str>) -> Result<Grant, End> {
        let asked = self.shared.gate.authorize(stream, key, self.peer).await;
        asked.map_err(|refused| End::Refused(Refusal::unauthorized(refused.description)))
    }

    async fn flush(&mut self) -> Result<(), End> {
        let output = self.session.take_output();
        if output.is_empty() {
            return Ok(());
        }
        match timeout(WRITE_TIMEOUT, self.socket.write_all(&output)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(End::Silent("reading of our answers")),
        }
    }
}
