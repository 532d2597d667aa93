//! The fan-out over real sockets.

use super::{
    batch::Framing,
    clip_tests::*,
    follow::follow,
    stream::{LiveLimits, Stream},
    viewer::Viewer,
};
use bytes::Bytes;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use synctv_ingest::{Frame, FrameKind};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

const SOON: Duration = Duration::from_secs(10);

/// A viewer served by the stream's pump; the far end of its socket.
async fn viewer(stream: &Arc<Stream>, framing: Framing, receive_buffer: Option<u32>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    let (near, far) = tokio::join!(listener.accept(), socket.connect(listener.local_addr().unwrap()));
    let near = near.unwrap().0;
    if receive_buffer.is_some() {
        socket2::SockRef::from(&near).set_send_buffer_size(4096).unwrap();
    }
    stream.shard().add(stream, Viewer::new(stream.clone(), near, framing, &Bytes::new()));
    far.unwrap()
}

fn push(stream: &Stream, epoch: u64, frames: impl Iterator<Item = Frame>) {
    assert!(stream.push(epoch, frames, Instant::now()));
    stream.wake();
}

async fn until_end(mut socket: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(SOON, socket.read_to_end(&mut bytes)).await.expect("an end").unwrap();
    bytes
}

async fn eventually(what: &str, mut test: impl FnMut() -> bool) {
    let waiting = async {
        while !test() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

/// Takes the chunked coding off; panics without a last chunk.
fn dechunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let line = bytes.windows(2).position(|pair| pair == b"\r\n").expect("a chunk size");
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        let (chunk, rest) = bytes[line + 2..].split_at(size);
        assert_eq!(&rest[..2], b"\r\n");
        out.extend_from_slice(chunk);
        bytes = &rest[2..];
        if size == 0 {
            assert!(bytes.is_empty(), "nothing behind the last chunk");
            return out;
        }
    }
}

#[tokio::test]
async fn viewers_get_the_same_bytes_and_a_proper_end() {
    let stream = stream();
    let epoch = begin(&stream);
    let early = viewer(&stream, Framing::Chunked, None).await;
    for frame in clip() {
        push(&stream, epoch, std::iter::once(frame));
    }
    let (late, raw) = (viewer(&stream, Framing::Chunked, None).await, viewer(&stream, Framing::Raw, None).await);
    let socket = viewer(&stream, Framing::WebSocket, None).await;
    eventually("four viewers", || stream.counters.viewers.load(Relaxed) == 4).await;
    assert!(stream.end(true));
    let early = dechunked(&until_end(early).await);
    let late = dechunked(&until_end(late).await);
    assert_eq!(file(&early).0, file(&late).0);
    assert_eq!(until_end(raw).await, late, "the same bytes in another framing");
    assert!(until_end(socket).await.ends_with(&[0x88, 2, 3, 0xe8]), "a close frame with code 1000");
    eventually("nobody is left", || stream.counters.viewers.load(Relaxed) == 0).await;
    assert!(!stream.push(epoch, clip().into_iter(), Instant::now()), "the publication is fenced");
}

#[tokio::test]
async fn a_blocked_viewer_resumes_where_it_was_and_delays_nobody() {
    let stream = stream();
    let epoch = begin(&stream);
    let slow = viewer(&stream, Framing::Raw, Some(4096)).await;
    let fast = tokio::spawn(until_end(viewer(&stream, Framing::Raw, None).await));
    // Two seconds, which the cache holds, though the sockets of the slow one do not.
    for frame in clip().into_iter().take_while(|f| f.dts < 2000) {
        push(&stream, epoch, std::iter::once(frame));
        sleep(Duration::from_micros(100)).await;
    }
    stream.end(true);
    let fast = fast.await.unwrap();
    assert_eq!(stream.counters.viewers.load(Relaxed), 1, "the slow one is still there");
    assert_eq!(stream.counters.skips.load(Relaxed), 0);
    assert!(until_end(slow).await == fast, "it gets the same bytes");
    file(&fast);
}

#[tokio::test]
async fn a_viewer_that_takes_nothing_is_gone_soon_after_the_end() {
    let stream = stream();
    let epoch = begin(&stream);
    let _deaf = viewer(&stream, Framing::Raw, Some(4096)).await;
    push(&stream, epoch, clip().into_iter());
    sleep(Duration::from_millis(50)).await;
    stream.end(true);
    eventually("it is gone", || stream.counters.viewers.load(Relaxed) == 0).await;
}

#[tokio::test]
async fn a_viewer_waits_through_an_absence_and_goes_on_with_the_next_publication() {
    let stream = stream();
    let first = begin(&stream);
    push(&stream, first, clip().into_iter());
    let there = viewer(&stream, Framing::Raw, None).await;
    timeout(SOON, there.readable()).await.expect("the first publication").unwrap();
    assert!(stream.unpublish(first, Instant::now()));
    stream.wake();
    let joined_offline = viewer(&stream, Framing::Raw, None).await;
    let second = begin(&stream);
    push(&stream, second, clip().into_iter());
    sleep(Duration::from_millis(50)).await;
    stream.end(true);
    let gops = |bytes: &[u8]| file(bytes).1.iter().filter(|t| t.kind == 9 && t.body[0] == 0x17).count();
    assert!(gops(&until_end(there).await) > gops(&until_end(joined_offline).await));
}

#[tokio::test]
async fn a_follower_ends_with_the_stream_and_with_its_reader() {
    let stream = stream();
    let epoch = begin(&stream);
    push(&stream, epoch, clip().into_iter());
    let mut batches = follow(stream.clone(), Framing::Raw);
    let dropped = follow(stream.clone(), Framing::Raw);
    assert!(batches.recv().await.is_some());
    eventually("both are counted", || stream.counters.viewers.load(Relaxed) == 2).await;
    drop(dropped);
    eventually("the one without a reader is gone", || stream.counters.viewers.load(Relaxed) == 1).await;
    stream.end(true);
    while timeout(SOON, batches.recv()).await.expect("an end").is_some() {}
    eventually("nobody is left", || stream.counters.viewers.load(Relaxed) == 0 && !stream.is_watched()).await;
}

#[tokio::test]
async fn the_pump_ends_with_its_last_viewer_and_starts_with_the_next() {
    let stream = Arc::new(Stream::new("demo", false, 0, Arc::new(LiveLimits::default()), 1));
    let epoch = begin(&stream);
    push(&stream, epoch, clip().into_iter());
    for lap in 1..20 {
        let mut far = viewer(&stream, Framing::Raw, None).await;
        let mut some = [0; 13];
        timeout(SOON, far.read_exact(&mut some)).await.expect("the opening").unwrap();
        drop(far);
        let media = clip().into_iter().filter(|f| f.kind == FrameKind::Media);
        push(&stream, epoch, media.map(|f| Frame { dts: f.dts + lap * 10_000, ..f }));
    }
    eventually("nobody is left", || {
        stream.wake();
        stream.counters.viewers.load(Relaxed) == 0
    })
    .await;
    // The stream, and no task that holds it.
    eventually("nothing holds the stream", || Arc::strong_count(&stream) == 1).await;
}
