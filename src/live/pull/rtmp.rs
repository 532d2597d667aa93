//! A pull over RTMP: the socket around `ingest::rtmp::PlaySession`.

use super::{PullError, PullFrom, Sink, intake::Intake};
use crate::fetch::{self, Client};
use std::time::Duration;
use synctv_ingest::{
    flv::Tag,
    rtmp::{Limits, PlayEvent, PlaySession, PlayUrl},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

/// From dialling to a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// From the connection to the first media.
const START: Duration = Duration::from_secs(15);
/// Between two media messages.
const SILENCE: Duration = Duration::from_secs(10);
/// What we say is taken in this time.
const WRITE: Duration = Duration::from_secs(5);
/// Bytes read at once.
const READ_BYTES: usize = 32 << 10;

/// Plays until the upstream ends, or something is wrong. Dropping the future closes the connection.
///
/// # Errors
/// [`PullError`]; it never succeeds for good.
pub async fn play(client: &Client, from: &PullFrom, sink: &Sink) -> Result<(), PullError> {
    let url = PlayUrl::parse(from.url.as_str()).map_err(|bad| PullError::Url(bad.to_string()))?;
    let dialled = timeout(CONNECT, client.dial(url.host(), url.port())).await;
    let socket = dialled.map_err(|_| fetch::Error::Timeout("accept the connection"))??;
    let _ = socket.set_nodelay(true);
    let session = PlaySession::new(url, Limits::default())?;
    Player { socket, session, intake: Intake::new(sink), deadline: Instant::now() + START }.run().await
}

struct Player<'a> {
    socket: TcpStream,
    session: PlaySession,
    intake: Intake<'a>,
    /// Until when media must come.
    deadline: Instant,
}

impl Player<'_> {
    async fn run(mut self) -> Result<(), PullError> {
        let mut buffer = vec![0; READ_BYTES];
        self.send().await?;
        loop {
            let read = timeout_at(self.deadline, self.socket.read(&mut buffer)).await;
            let count = read.map_err(|_| PullError::Silent("send media"))?.map_err(|_| fetch::Error::Connection)?;
            if count == 0 {
                return Err(PullError::Ended);
            }
            let fed = self.session.feed(buffer.get(..count).unwrap_or_default());
            let last = self.obey()?;
            fed?;
            self.send().await?;
            if let Some(last) = last {
                self.intake.keep_pace(last).await;
                self.deadline = Instant::now() + SILENCE;
            } else if Instant::now() >= self.deadline {
                // A peer that always has something to say, but no media, is silent too.
                return Err(PullError::Silent("send media"));
            }
        }
    }

    /// Acts on what the session has understood; the timestamp of the last tag, if any came.
    fn obey(&mut self) -> Result<Option<u32>, PullError> {
        let mut last = None;
        while let Some(event) = self.session.next_event() {
            match event {
                PlayEvent::Started => {}
                PlayEvent::Metadata(metadata) => self.intake.announce(metadata),
                PlayEvent::Tag(tag) => {
                    let Tag { timestamp, .. } = tag;
                    last = Some(timestamp);
                    self.intake.take(&tag)?;
                }
                PlayEvent::Refused { code } => return Err(PullError::Refused(code)),
                PlayEvent::Ended => {
                    self.intake.push()?;
                    return Err(PullError::Ended);
                }
            }
        }
        self.intake.push()?;
        Ok(last)
    }

    async fn send(&mut self) -> Result<(), PullError> {
        let output = self.session.take_output();
        if output.is_empty() {
            return Ok(());
        }
        let written = timeout(WRITE, self.socket.write_all(&output)).await;
        written.map_err(|_| PullError::Silent("take what we say"))?.map_err(|_| fetch::Error::Connection.into())
    }
}
