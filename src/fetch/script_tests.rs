//! A scripted origin on a loopback socket: it answers bytes, not HTTP, so that it can lie.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What to do with a request.
pub enum Then {
    /// Send this and wait for the next request.
    Send(Vec<u8>),
    /// Send this and close.
    SendClose(Vec<u8>),
    /// Send this again and again.
    Endlessly(Vec<u8>),
    /// Never answer.
    Hang,
}

/// A running origin; it ends when it is dropped.
pub struct Script {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    /// The heads of all requests.
    pub heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    /// Answers each request, given its head, by this function.
    pub async fn start(answer: impl Fn(&str) -> Then + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, heads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, noted, answer) = (Arc::clone(&connections), Arc::clone(&heads), Arc::new(answer));
        let task = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                counted.fetch_add(1, SeqCst);
                let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                serving.spawn(async move { serve(socket, &*answer, &noted).await });
            }
        });
        Self { address, connections, heads, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

async fn serve(
    mut socket: TcpStream,
    answer: &(impl Fn(&str) -> Then + Sync),
    noted: &Mutex<Vec<String>>,
) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        noted.lock().unwrap().push(head.clone());
        match answer(&head) {
            Then::Send(bytes) => socket.write_all(&bytes).await.ok()?,
            Then::SendClose(bytes) => return socket.write_all(&bytes).await.ok(),
            Then::Endlessly(bytes) => loop {
                socket.write_all(&bytes).await.ok()?;
            },
            Then::Hang => std::future::pending().await,
        }
    }
}

/// First and last byte that a head asks for.
pub fn range(head: &str) -> Option<(usize, usize)> {
    let line =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned))?;
    let (first, last) = line.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// An honest answer to a request for a part of a file.
pub fn honest(head: &str, file: &[u8]) -> Vec<u8> {
    let Some((first, last)) = range(head) else { return whole(file) };
    if first >= file.len() {
        return format!("HTTP/1.1 416 X\r\nContent-Range: bytes */{}\r\nContent-Length: 0\r\n\r\n", file.len()).into();
    }
    let last = last.min(file.len() - 1);
    let (length, size) = (last + 1 - first, file.len());
    let head =
        format!("HTTP/1.1 206 X\r\nContent-Range: bytes {first}-{last}/{size}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), &file[first..=last]].concat()
}

/// The whole file, whatever was asked.
pub fn whole(file: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {}\r\n\r\n", file.len()).as_bytes(), file]
        .concat()
}
