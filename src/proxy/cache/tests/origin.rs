//! An origin that answers as it is told, and writes down what it was asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::proxy::resource::{Kind, Resource};

/// What an origin was asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub target: String,
    pub lines: Vec<String>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.lines.iter().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    }

    /// First and last position, both included.
    pub fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().unwrap_or(usize::MAX)))
    }
}

/// What it answers.
#[derive(Clone, Default)]
pub struct Answer {
    /// `206 Partial Content`
    pub status: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// After so many bytes of the body it waits for a word.
    pub pause: Option<(usize, Arc<Notify>)>,
}

impl Answer {
    pub fn status(status: &'static str) -> Self {
        Self { status, ..Self::default() }.length(0)
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub fn without(mut self, name: &'static str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn length(self, len: usize) -> Self {
        self.header("Content-Length", len.to_string())
    }
}

/// A file as a good origin serves it.
#[derive(Debug, Clone)]
pub struct FileThere {
    pub bytes: Vec<u8>,
    pub etag: String,
    pub cache_control: &'static str,
}

impl FileThere {
    pub fn new(len: usize) -> Self {
        Self { bytes: bytes(len, 1), etag: "\"v1\"".into(), cache_control: "max-age=60" }
    }

    /// RFC 9110 13, 14.
    pub fn serve(&self, asked: &Asked) -> Answer {
        let told = |answer: Answer| {
            answer
                .header("ETag", self.etag.clone())
                .header("Cache-Control", self.cache_control)
                .header("Content-Type", "video/mp4")
        };
        if asked.header("if-none-match") == Some(&self.etag) {
            return told(Answer { status: "304 Not Modified", ..Answer::default() });
        }
        let len = self.bytes.len();
        let counts = asked.header("if-range").is_none_or(|tag| tag == self.etag);
        match asked.range().filter(|_| counts) {
            Some((first, _)) if first >= len => {
                Answer::status("416 Range Not Satisfiable").header("Content-Range", format!("bytes */{len}"))
            }
            Some((first, last)) => {
                let last = last.min(len - 1);
                let body = self.bytes[first..=last].to_vec();
                let answer = Answer { status: "206 Partial Content", body, ..Answer::default() };
                told(answer.length(last - first + 1)).header("Content-Range", format!("bytes {first}-{last}/{len}"))
            }
            None => {
                let answer = Answer { status: "200 OK", body: self.bytes.clone(), ..Answer::default() };
                told(answer.length(len))
            }
        }
    }
}

/// Bytes that differ from place to place and from seed to seed.
pub fn bytes(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let next = |state: &mut u32| {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        *state as u8
    };
    (0..len).map(|_| next(&mut state)).collect()
}

type Script = Box<dyn Fn(&Asked, usize) -> Answer + Send>;

/// An origin on a socket of its own.
pub struct Origin {
    pub address: SocketAddr,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<Script>>,
}

impl Origin {
    /// Answers with the script, which is told how many requests came before.
    pub async fn with(script: impl Fn(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let count = Arc::<AtomicUsize>::default();
        let origin = Self { address, asked: asked.clone(), script: script.clone() };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (script, asked, count) = (script.clone(), asked.clone(), count.clone());
                tokio::spawn(async move {
                    let Some((socket, request)) = read(socket).await else { return };
                    asked.lock().push(request.clone());
                    let before = count.fetch_add(1, Ordering::SeqCst);
                    let answer = script.lock()(&request, before);
                    let _ = write(socket, answer).await;
                });
            }
        });
        origin
    }

    pub async fn serving(file: FileThere) -> Self {
        Self::with(move |asked, _| file.serve(asked)).await
    }

    pub fn turn_to(&self, script: impl Fn(&Asked, usize) -> Answer + Send + 'static) {
        *self.script.lock() = Box::new(script);
    }

    pub fn requests(&self) -> usize {
        self.asked.lock().len()
    }

    pub fn resource(&self, target: &str) -> Resource {
        let url = format!("http://{}{target}", self.address).parse().unwrap();
        Resource { kind: Kind::Media, url, headers: Arc::default(), stripped: false }
    }

    pub fn resource_with(&self, target: &str, authorization: &'static str) -> Resource {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(authorization));
        Resource { headers: Arc::new(headers), ..self.resource(target) }
    }
}

async fn read(socket: TcpStream) -> Option<(BufReader<TcpStream>, Asked)> {
    let mut socket = BufReader::new(socket);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let target = lines.first()?.split(' ').nth(1)?.to_owned();
    Some((socket, Asked { target, lines }))
}

async fn write(mut socket: BufReader<TcpStream>, answer: Answer) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    socket.write_all(format!("{head}\r\n").as_bytes()).await?;
    let (before, after) = match &answer.pause {
        Some((at, _)) => answer.body.split_at(*at),
        None => (answer.body.as_slice(), &[][..]),
    };
    socket.write_all(before).await?;
    if let Some((_, go)) = &answer.pause {
        socket.flush().await?;
        go.notified().await;
        socket.write_all(after).await?;
    }
    socket.shutdown().await
}
