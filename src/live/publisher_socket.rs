//! A publisher's socket, read as it is needed: woken by each packet while somebody watches, by the clock while nobody does.
//!
//! A poller wakes for every packet of every publisher, although without viewers nothing waits for them. So an unwatched
//! publisher is taken out of the poller and read a few times a second; the kernel keeps what comes in between.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, ErrorKind, Read},
    sync::OnceLock,
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, sleep_until},
};

/// Bytes read at once. The buffer belongs to the thread: an idle publisher holds none.
const READ_BYTES: usize = 64 * 1024;
/// Between two reads by the clock: far from filling the kernel's buffer at the rate of the last read.
const CLOCK: Duration = Duration::from_millis(100);
/// For a publisher that sent [`FAST_BYTES`] since the last read.
const CLOCK_FAST: Duration = Duration::from_millis(20);
const FAST_BYTES: usize = 16 * 1024;
/// Reads fall on multiples of this, so that many publishers share a wake-up.
const STEP_MS: u128 = 10;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// The socket, in the poller or out of it.
#[derive(Debug)]
pub struct PublisherSocket {
    state: State,
    last_read: usize,
}

#[derive(Debug)]
enum State {
    Polled(TcpStream),
    Clocked(std::net::TcpStream, Instant),
    /// Only while changing from one to the other, and after that has failed.
    Broken,
}

/// The next moment on the grid of [`STEP_MS`], counted from an origin all publishers share.
fn on_step(at: Instant) -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let since = at.saturating_duration_since(*ORIGIN.get_or_init(|| at)).as_millis();
    let ahead = (STEP_MS - since % STEP_MS) % STEP_MS;
    at + Duration::from_millis(u64::try_from(ahead).unwrap_or_default())
}

impl PublisherSocket {
    /// Starts in the poller.
    pub const fn new(socket: TcpStream) -> Self {
        Self { state: State::Polled(socket), last_read: 0 }
    }

    /// Waits for bytes and gives them to `take`; says how many there were, 0 at the peer's end. `watched` is asked anew
    /// at each wake-up. Dropping the future loses nothing.
    pub async fn read<E: From<io::Error>>(
        &mut self,
        watched: impl Fn() -> bool,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        loop {
            let read = if watched() {
                let socket = self.polled()?;
                poll_fn(|cx| socket.poll_read_ready(cx)).await?;
                BUFFER.with_borrow_mut(|buffer| (socket.try_read(buffer)).map(|n| take(&buffer[..n]).map(|()| n)))
            } else {
                let last_read = self.last_read;
                let (socket, due) = self.clocked()?;
                sleep_until(*due).await;
                let read = BUFFER.with_borrow_mut(|buffer| socket.read(buffer).map(|n| take(&buffer[..n]).map(|()| n)));
                let pause = match &read {
                    Ok(Ok(n)) if *n == READ_BYTES => Duration::ZERO,
                    Ok(Ok(n)) if *n >= FAST_BYTES => CLOCK_FAST,
                    Err(_) if last_read >= FAST_BYTES => CLOCK_FAST,
                    _ => CLOCK,
                };
                *due = on_step(Instant::now() + pause);
                read
            };
            match read {
                Ok(taken) => {
                    self.last_read = taken?;
                    return Ok(self.last_read);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// The socket's.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.polled()?.write_all(bytes).await
    }

    /// Ends the sending side, then throws away what still comes until the peer closes: closing with unread bytes would
    /// reset the connection and lose the last answer.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.polled()?.shutdown().await?;
        while self.read(|| true, |_| Ok::<_, io::Error>(())).await? > 0 {}
        Ok(())
    }

    fn polled(&mut self) -> io::Result<&mut TcpStream> {
        if let State::Clocked(..) = self.state
            && let State::Clocked(socket, _) = std::mem::replace(&mut self.state, State::Broken)
        {
            self.state = State::Polled(TcpStream::from_std(socket)?);
        }
        match &mut self.state {
            State::Polled(socket) => Ok(socket),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn clocked(&mut self) -> io::Result<(&mut std::net::TcpStream, &mut Instant)> {
        if let State::Polled(_) = self.state
            && let State::Polled(socket) = std::mem::replace(&mut self.state, State::Broken)
        {
            self.state = State::Clocked(socket.into_std()?, Instant::now());
        }
        match &mut self.state {
            State::Clocked(socket, due) => Ok((socket, due)),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }
}
