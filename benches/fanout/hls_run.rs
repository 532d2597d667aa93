//! One publisher, many HLS viewers, each with a connection of its own that it keeps.

use crate::{
    Bench, STREAM,
    flv_run::RATE,
    harness::{Gateway, eventually, get, s},
    meter::{Delays, Sample},
    publish::Publishers,
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::sleep,
};

/// The target duration of a stream with a GOP of 2 s: how often a playlist is read (RFC 8216bis 6.3.4).
const RELOAD: Duration = Duration::from_secs(2);

/// What all viewers have met.
#[derive(Default)]
struct Met {
    bytes: AtomicU64,
    failed: AtomicUsize,
    delays: Mutex<(Delays, Delays)>,
}

pub fn run(bench: &Bench) {
    let viewers = bench.arguments.hls;
    let server = bench.server("");
    let _publisher = Publishers::start(&server, &[STREAM.to_owned()], RATE);
    server.wait_live(STREAM);
    first_playlist(&server);
    let met = Arc::<Met>::default();
    let (begin, end, bytes) = bench.runtime().block_on(async {
        for i in 0..viewers {
            // Spread over a reload: players do not come in step.
            let wait = RELOAD.mul_f64(i as f64 / viewers as f64);
            tokio::spawn(view(server.http, wait, met.clone()));
        }
        sleep(RELOAD + crate::SETTLE).await;
        *met.delays.lock().expect("nobody panics with it") = <_>::default();
        let (begin, before) = (Sample::of(&server), met.bytes.load(Relaxed));
        sleep(bench.arguments.window).await;
        (begin, Sample::of(&server), met.bytes.load(Relaxed) - before)
    });
    let spent = begin.until(&end);
    let mut delays = met.delays.lock().expect("nobody panics with it");
    let (playlists, segments) = &mut *delays;
    println!("\nHLS (fMP4, 2 s segments): times from request to the last byte, in ms");
    println!(
        "{:>7} {:>9} {:>6} {:>10} {:>8} {:>10} {:>13} {:>13} {:>9} {:>12} {:>6}",
        "viewers",
        "Mbit/s",
        "CPU %",
        "load CPU %",
        "CPU s/GB",
        "playlists",
        "playlist p50",
        "playlist p99",
        "segments",
        "segment p99",
        "failed"
    );
    println!(
        "{viewers:>7} {:>9.1} {:>6.1} {:>10.1} {:>8.3} {:>10} {:>13} {:>13} {:>9} {:>12} {:>6}",
        spent.mbit_per_s(bytes),
        spent.cpu_percent(),
        spent.load_percent(),
        spent.per_gb(bytes),
        playlists.len(),
        playlists.ms(0.5),
        playlists.ms(0.99),
        segments.len(),
        segments.ms(0.99),
        met.failed.load(Relaxed),
    );
}

/// Asking wakes the segmenter; players come once there is something to play.
fn first_playlist(server: &Gateway) {
    let target = format!("/live/{STREAM}/media.m3u8");
    eventually("a first playlist", s(20), || {
        let reply = get(server.http, &target);
        (reply.status == 200 && reply.text().matches("#EXTINF").count() >= 3).then_some(())
    });
}

async fn view(server: SocketAddr, wait: Duration, met: Arc<Met>) {
    sleep(wait).await;
    if let Err(error) = play(server, &met).await
        && met.failed.fetch_add(1, Relaxed) == 0
    {
        eprintln!("an HLS viewer failed: {error}");
    }
}

async fn play(server: SocketAddr, met: &Met) -> io::Result<()> {
    let mut socket = BufReader::with_capacity(64 * 1024, TcpStream::connect(server).await?);
    let mut last = String::new();
    loop {
        let asked = Instant::now();
        let playlist = fetch(&mut socket, "media.m3u8", met).await?;
        met.delays.lock().expect("nobody panics with it").0.add(asked.elapsed());
        let playlist = String::from_utf8_lossy(&playlist);
        let segments: Vec<_> = playlist.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        // A player that joins begins near the live edge.
        let from = segments.iter().position(|uri| *uri == last).map_or(segments.len().saturating_sub(2), |at| at + 1);
        let fresh = segments.get(from..).unwrap_or_default();
        for uri in fresh {
            let asked = Instant::now();
            fetch(&mut socket, uri, met).await?;
            met.delays.lock().expect("nobody panics with it").1.add(asked.elapsed());
            last = (*uri).to_owned();
        }
        // An unchanged playlist is asked for again after half the time.
        sleep(if fresh.is_empty() { RELOAD / 2 } else { RELOAD }.saturating_sub(asked.elapsed())).await;
    }
}

async fn fetch(socket: &mut BufReader<TcpStream>, file: &str, met: &Met) -> io::Result<Vec<u8>> {
    let path = if file.starts_with('/') { file.to_owned() } else { format!("/live/{STREAM}/{file}") };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", socket.get_ref().peer_addr()?);
    socket.write_all(request.as_bytes()).await?;
    let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
    while line != "\r\n" {
        line.clear();
        if socket.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            None if status.is_empty() => status.clone_from(&line),
            _ => {}
        }
    }
    if !status.starts_with("HTTP/1.1 200 ") {
        return Err(io::Error::other(format!("{path}: {status}")));
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    met.bytes.fetch_add(length as u64, Relaxed);
    Ok(body)
}
