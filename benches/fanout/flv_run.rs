//! One publisher, many HTTP-FLV viewers.

use crate::{
    Bench, STREAM,
    feed::Rate,
    harness::s,
    meter::{Sample, now_ns},
    publish::Publishers,
    tls::Tls,
    viewer::Crowd,
};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::time::sleep;

pub const RATE: Rate = Rate { video: 2_500_000, audio: 128_000 };
/// So many viewers read every tag, spread over the crowd; the others only count bytes.
const READERS: usize = 50;

pub fn run(bench: &Bench) {
    let tls = bench.arguments.tls.then(Tls::new);
    println!(
        "\nHTTP-FLV{}: 2.5 Mbit/s H.264 + 128 kbit/s AAC; ms from the publisher's send to the viewer's read",
        if tls.is_some() { " over TLS" } else { "" }
    );
    println!(
        "{:>7} {:>9} {:>9} {:>6} {:>6} {:>6} {:>10} {:>8} {:>8} {:>8} {:>5} {:>7} {:>6}",
        "", "expected", "delivered", "", "load", "CPU", "RSS KiB", "p50", "p99", "max", "", "framing", ""
    );
    println!(
        "{:>7} {:>9} {:>9} {:>6} {:>6} {:>6} {:>10} {:>8} {:>8} {:>8} {:>5} {:>7} {:>6}",
        "viewers",
        "Mbit/s",
        "Mbit/s",
        "CPU %",
        "CPU %",
        "s/GB",
        "per viewer",
        "ms",
        "ms",
        "ms",
        "lost",
        "errors",
        "closed"
    );
    for viewers in &bench.arguments.viewers {
        row(bench, *viewers, tls.as_ref());
    }
}

fn row(bench: &Bench, viewers: usize, tls: Option<&Tls>) {
    let server = bench.server(tls.map_or("", |tls| &tls.settings));
    let publisher = Publishers::start(&server, &[STREAM.to_owned()], RATE);
    server.wait_live(STREAM);
    // A whole GOP: what the server keeps of a stream is not the viewers' memory.
    std::thread::sleep(crate::SETTLE);
    let alone = Sample::of(&server);
    let crowd = Crowd::new(server.http, tls.map(|tls| tls.connector.clone()));
    let (begin, end, sent, delivered) = bench.runtime().block_on(async {
        join(&crowd, viewers).await;
        crowd.tally.lock().expect("nobody panics with it").from_ns = Some(now_ns());
        let count = || (publisher.sent_bytes(), crowd.bytes.load(Relaxed));
        let (begin, (sent_before, bytes_before)) = (Sample::of(&server), count());
        sleep(bench.arguments.window).await;
        let (end, (sent, bytes)) = (Sample::of(&server), count());
        (begin, end, sent - sent_before, bytes - bytes_before)
    });
    let spent = begin.until(&end);
    let mut tally = crowd.tally.lock().expect("nobody panics with it");
    println!(
        "{viewers:>7} {:>9.1} {:>9.1} {:>6.1} {:>6.1} {:>6.3} {:>10.1} {:>8} {:>8} {:>8} {:>5} {:>7} {:>6}",
        spent.mbit_per_s(sent * viewers as u64),
        spent.mbit_per_s(delivered),
        spent.cpu_percent(),
        spent.load_percent(),
        spent.per_gb(delivered),
        end.kib_each_since(&alone, viewers),
        tally.delays.ms(0.5),
        tally.delays.ms(0.99),
        tally.delays.ms(1.0),
        tally.lost,
        tally.framing_errors,
        crowd.closed.load(Relaxed),
    );
}

/// Lets everybody in, and waits until what they got at once is read.
async fn join(crowd: &Arc<Crowd>, viewers: usize) {
    let every = viewers.div_ceil(READERS).max(1);
    for i in 0..viewers {
        tokio::spawn(crowd.clone().watch(i % every == 0));
    }
    let begun = Instant::now();
    while crowd.joined.load(Relaxed) + crowd.closed.load(Relaxed) < viewers {
        assert!(begun.elapsed() < s(60), "only {} of {viewers} viewers came in", crowd.joined.load(Relaxed));
        sleep(Duration::from_millis(20)).await;
    }
    sleep(crate::SETTLE).await;
}
