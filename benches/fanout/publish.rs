//! Publishers: one thread that sends every stream's tags when they are due.

use crate::{
    feed::{Feed, Rate},
    harness::{Gateway, RtmpClient},
    meter::now_ns,
};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// As OBS and ffmpeg are told to: a few chunks a picture.
const CHUNK_SIZE: u32 = 4096;
/// A GOP: publishers start spread over it, so that their key frames do not meet.
const SPREAD: Duration = Duration::from_secs(2);

/// Publishes until it is dropped.
pub struct Publishers {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Publishers {
    /// Connects one for each name, then sends.
    pub fn start(server: &Gateway, names: &[String], rate: Rate) -> Self {
        let (stop, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let connections: Vec<_> = names.iter().map(|name| connect(server.rtmp, name)).collect();
        let (stopped, count) = (stop.clone(), sent.clone());
        let thread = thread::spawn(move || send_all(connections, rate, &stopped, &count));
        Self { stop, sent, thread: Some(thread) }
    }

    /// Bytes of tag bodies so far.
    pub fn sent_bytes(&self) -> u64 {
        self.sent.load(Relaxed)
    }
}

impl Drop for Publishers {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("a publisher was cut off");
        }
    }
}

fn connect(to: SocketAddr, name: &str) -> RtmpClient {
    let mut client = RtmpClient::publish(to, name, CHUNK_SIZE);
    for header in Feed::sequence_headers() {
        client.send_tag(&header).expect("the server takes sequence headers");
    }
    client
}

fn send_all(mut connections: Vec<RtmpClient>, rate: Rate, stop: &AtomicBool, sent: &AtomicU64) {
    let begun = Instant::now();
    let count = u32::try_from(connections.len()).expect("a few thousand").max(1);
    let starts: Vec<_> = (0..count).map(|i| SPREAD * i / count).collect();
    let mut feeds: Vec<_> = connections.iter().map(|_| Feed::new(rate)).collect();
    let mut next: BinaryHeap<_> = starts.iter().enumerate().map(|(i, start)| Reverse((*start, i))).collect();
    while let Some(Reverse((due, i))) = next.pop() {
        if stop.load(Relaxed) {
            return;
        }
        thread::sleep(due.saturating_sub(begun.elapsed()));
        let tag = feeds[i].next_tag(now_ns());
        connections[i].send_tag(&tag).expect("the server takes media");
        sent.fetch_add(tag.body.len() as u64, Relaxed);
        next.push(Reverse((starts[i] + feeds[i].due(), i)));
    }
}
