//! A TCP proxy that holds what passes for 20 to 200 ms each way, differently each time, without changing the order.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    time::{Instant, sleep_until},
};

/// Starts it; its address.
pub async fn proxy(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(to).await else { continue };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(delay(near_in, far_out));
            tokio::spawn(delay(far_in, near_out));
        }
    });
    address
}

async fn delay(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) {
    let (queue, mut queued) = tokio::sync::mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = queued.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let mut random = now.subsec_nanos() | 1;
    let mut buffer = [0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        // xorshift
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let due = Instant::now() + Duration::from_micros(20_000 + u64::from(random % 180_000));
        if queue.send((due, buffer[..n].to_vec())).is_err() {
            return;
        }
    }
}
