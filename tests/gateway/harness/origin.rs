//! An HTTP origin that serves files by range, and counts.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// Serves until the test ends.
pub struct Origin {
    address: SocketAddr,
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    requests: Arc<AtomicU64>,
    delay_ms: Arc<AtomicU64>,
}

impl Origin {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = Self {
            address: listener.local_addr().expect("an address"),
            files: Arc::default(),
            requests: Arc::default(),
            delay_ms: Arc::default(),
        };
        let (files, requests, delay) = (origin.files.clone(), origin.requests.clone(), origin.delay_ms.clone());
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (files, requests, delay) = (files.clone(), requests.clone(), delay.clone());
                thread::spawn(move || {
                    let _ = serve(socket, &files, &requests, &delay);
                });
            }
        });
        origin
    }

    /// Puts a file there; its URL.
    pub fn put(&self, name: &str, bytes: Vec<u8>) -> String {
        self.files.lock().expect("no panic while locked").insert(format!("/{name}"), bytes);
        format!("http://{}/{name}", self.address)
    }

    /// How many requests came so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// From now on each answer waits for so long.
    pub fn answer_after(&self, delay: Duration) {
        self.delay_ms.store(delay.as_millis() as u64, Relaxed);
    }
}

fn serve(
    socket: TcpStream,
    files: &Mutex<HashMap<String, Vec<u8>>>,
    requests: &AtomicU64,
    delay: &AtomicU64,
) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut writer = socket;
    loop {
        let (mut target, mut range, mut line) = (String::new(), None, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if target.is_empty() {
                target = text.split(' ').nth(1).unwrap_or("/").to_owned();
            } else if let Some(value) = text.to_ascii_lowercase().strip_prefix("range: bytes=") {
                range = Some(value.to_owned());
            }
        }
        requests.fetch_add(1, Relaxed);
        thread::sleep(Duration::from_millis(delay.load(Relaxed)));
        let path = target.split('?').next().unwrap_or_default();
        let body = files.lock().expect("no panic while locked").get(path).cloned();
        match body {
            None => write!(writer, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?,
            Some(body) => answer(&mut writer, &body, range.as_deref())?,
        }
    }
}

fn answer(writer: &mut TcpStream, body: &[u8], range: Option<&str>) -> std::io::Result<()> {
    let total = body.len();
    let wanted = range.and_then(|range| {
        let (from, to) = range.split_once('-')?;
        if from.is_empty() {
            return Some((total.saturating_sub(to.parse().ok()?), total));
        }
        let from = from.parse().ok()?;
        Some((from, to.parse::<usize>().map_or(total, |last| (last + 1).min(total))))
    });
    match wanted {
        Some((from, to)) if from < to => {
            let part = format!("bytes {from}-{}/{total}", to - 1);
            let length = to - from;
            write!(
                writer,
                "HTTP/1.1 206 Partial Content\r\nContent-Range: {part}\r\nContent-Length: {length}\r\n\r\n"
            )?;
            writer.write_all(&body[from..to])
        }
        Some(_) => write!(
            writer,
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{total}\r\nContent-Length: 0\r\n\r\n"
        ),
        None => {
            write!(writer, "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: {total}\r\n\r\n")?;
            writer.write_all(body)
        }
    }
}
