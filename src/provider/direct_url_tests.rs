//! A probe through the real client, over a real socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Providers, check_url};
use crate::{fetch, probe::Found};
use synctv_store::Source;

/// Serves fixtures in parts; counts connections and requests.
struct Files {
    base: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Files {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (dialled, asked) = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                dialled.fetch_add(1, SeqCst);
                tokio::spawn(serve(socket, Arc::clone(&asked)));
            }
        });
        Self { base, connections, requests }
    }

    async fn probe(&self, name: &str, allow: &[&str]) -> Result<Found, String> {
        let client = fetch::Client::new(allow.iter().map(|net| net.parse().unwrap()).collect());
        let source = Source::direct(format!("{}/{name}?token=hush", self.base));
        Providers::new(client).probe(&source).await.map_err(|failure| failure.to_string())
    }
}

async fn serve(mut socket: TcpStream, asked: Arc<AtomicUsize>) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.ok()?);
        }
        asked.fetch_add(1, SeqCst);
        let head = String::from_utf8(head).ok()?;
        let name = head.split(['/', '?']).nth(1)?;
        let file = std::fs::read(format!("{}/fixtures/probe/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap_or_default();
        let range = head.lines().find_map(|line| line.strip_prefix("range: bytes=")?.split_once('-'));
        let (status, range) = match range {
            _ if file.is_empty() => ("404", 0..0),
            Some((first, last)) => ("206", first.parse().ok()?..file.len().min(last.parse::<usize>().ok()? + 1)),
            None => ("200", 0..file.len()),
        };
        let (first, last, size, length) = (range.start, range.end.max(1) - 1, file.len(), range.len());
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Range: bytes {first}-{last}/{size}\r\nContent-Length: {length}\r\n\r\n"
        );
        socket.write_all(&[head.as_bytes(), &file[range]].concat()).await.ok()?;
    }
}

#[tokio::test]
async fn a_direct_url_is_probed_over_one_connection() {
    for name in ["moov_last.mp4", "info_first.mkv", "no_duration.flv", "xing_cbr.mp3", "static.mpd", "vod.m3u8"] {
        let files = Files::start().await;
        let Ok(Found::Finite(duration)) = files.probe(name, &["127.0.0.0/8"]).await else { panic!("{name}") };
        assert!(duration.abs_diff(Duration::from_secs(3)) < Duration::from_millis(100), "{name}: {duration:?}");
        let manifest = usize::from(name.contains(".m"));
        assert!(files.connections.load(SeqCst) <= 1 + manifest, "{name}");
        assert!(files.requests.load(SeqCst) <= 5, "{name}");
    }
}

#[tokio::test]
async fn failures_tell_neither_url_nor_address() {
    let files = Files::start().await;
    for (name, allow, want) in [
        ("moov_last.mp4", &[][..], fetch::UNREACHABLE),
        ("missing.mp4", &["127.0.0.1/32"][..], "the origin answered 404"),
    ] {
        assert_eq!(files.probe(name, allow).await, Err(want.to_owned()));
    }
    assert_eq!(files.connections.load(SeqCst), 1, "a refused address is not dialled");
}

#[test]
fn only_web_urls_become_media() {
    assert!(check_url("https://example.org/film.mp4?x=1#t").is_ok());
    for url in [
        "",
        "film.mp4",
        "file:///etc/passwd",
        "rtmp://h/x",
        "http://",
        "http://a:b@h/",
        "http://h/\n",
        &format!("http://h/{}", "x".repeat(5000)),
    ] {
        assert!(matches!(check_url(url), Err(crate::error::Error::Invalid(_))), "{url}");
    }
}
