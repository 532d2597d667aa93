//! HTTP-FLV viewers: some read every tag, the others throw away what comes as cheaply as the kernel can.

use crate::body::{FlvBody, Tally};
use socket2::SockRef;
use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, ErrorKind},
    mem::MaybeUninit,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, ReadBuf},
    net::TcpStream,
    sync::Semaphore,
};
use tokio_rustls::TlsConnector;

/// recv(2) on Linux, as tcp(7) has it: count the bytes and discard them, without a copy.
const MSG_TRUNC: i32 = 0x20;
/// Read at once at most.
const READ: usize = 256 * 1024;
/// Viewers that connect at the same time.
const AT_ONCE: usize = 64;

thread_local! {
    /// One buffer for all viewers of a thread: reading into it never waits.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
    /// Never written to, so it takes no memory.
    static NOWHERE: RefCell<Vec<MaybeUninit<u8>>> = RefCell::new(vec![MaybeUninit::uninit(); 4 * READ]);
}

/// All viewers of a run.
pub struct Crowd {
    server: SocketAddr,
    tls: Option<TlsConnector>,
    entrance: Semaphore,
    /// Bytes of the answers, heads included; under TLS before encryption.
    pub bytes: AtomicU64,
    /// Viewers whose answer has begun.
    pub joined: AtomicUsize,
    /// Viewers that were closed or refused.
    pub closed: AtomicUsize,
    pub tally: Mutex<Tally>,
}

impl Crowd {
    pub fn new(server: SocketAddr, tls: Option<TlsConnector>) -> Arc<Self> {
        Arc::new(Self {
            server,
            tls,
            entrance: Semaphore::new(AT_ONCE),
            bytes: AtomicU64::default(),
            joined: AtomicUsize::default(),
            closed: AtomicUsize::default(),
            tally: Mutex::default(),
        })
    }

    /// Watches until the connection ends; a viewer that `reads` checks every tag.
    pub async fn watch(self: Arc<Self>, reads: bool) {
        if let Err(error) = self.try_to_watch(reads).await
            && self.closed.load(Relaxed) == 0
        {
            eprintln!("a viewer ended: {error}");
        }
        self.closed.fetch_add(1, Relaxed);
    }

    async fn try_to_watch(&self, reads: bool) -> io::Result<()> {
        let permit = self.entrance.acquire().await.expect("it is never closed");
        let mut socket = TcpStream::connect(self.server).await?;
        if let Some(tls) = &self.tls {
            let mut socket = tls.connect(self.server.ip().into(), socket).await?;
            let head = self.ask(&mut socket).await?;
            drop(permit);
            return self.read(socket, reads.then(|| FlvBody::new(&head))).await;
        }
        let head = self.ask(&mut socket).await?;
        drop(permit);
        match reads {
            true => self.read(socket, Some(FlvBody::new(&head))).await,
            false => self.discard(&socket).await,
        }
    }

    /// Sends the request; the head of the answer.
    async fn ask(&self, socket: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<String> {
        let request = format!("GET /live/{}.flv HTTP/1.1\r\nHost: {}\r\n\r\n", crate::STREAM, self.server);
        socket.write_all(request.as_bytes()).await?;
        socket.flush().await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(io::Error::other(head));
        }
        self.joined.fetch_add(1, Relaxed);
        Ok(head)
    }

    async fn read(&self, mut socket: impl AsyncRead + Unpin, mut body: Option<FlvBody>) -> io::Result<()> {
        loop {
            let read = poll_fn(|context| {
                BUFFER.with_borrow_mut(|buffer| {
                    let mut buffer = ReadBuf::new(buffer);
                    Pin::new(&mut socket).poll_read(context, &mut buffer).map_ok(|()| {
                        let bytes = buffer.filled();
                        if let Some(body) = &mut body {
                            body.take(bytes, &mut self.tally.lock().expect("nobody panics with it"));
                        }
                        bytes.len()
                    })
                })
            });
            match read.await? {
                0 => return Ok(()),
                got => self.bytes.fetch_add(got as u64, Relaxed),
            };
        }
    }

    async fn discard(&self, socket: &TcpStream) -> io::Result<()> {
        loop {
            socket.readable().await?;
            let got = socket.try_io(Interest::READABLE, || {
                NOWHERE.with_borrow_mut(|nowhere| SockRef::from(socket).recv_with_flags(nowhere, MSG_TRUNC))
            });
            match got {
                Ok(0) => return Ok(()),
                Ok(got) => _ = self.bytes.fetch_add(got as u64, Relaxed),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
