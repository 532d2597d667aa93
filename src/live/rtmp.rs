//! The RTMP listener: who may connect, and how many.

use super::{crowd::Crowd, gate::Gate, hub::Hub, publisher::Connection};
use parking_lot::Mutex;
use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// Limits of the listener.
#[derive(Debug, Clone)]
pub struct RtmpLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_ip: usize,
    /// From accept to an accepted publish.
    pub handshake: Duration,
    /// Between two whole messages of a publisher.
    pub idle: Duration,
}

/// What every connection needs.
pub struct Shared {
    /// The streams.
    pub hub: Arc<Hub>,
    /// Who may publish.
    pub gate: Arc<dyn Gate>,
    /// How many, how long.
    pub limits: RtmpLimits,
    per_ip: Mutex<HashMap<IpAddr, usize>>,
}

/// Accepts publishers until `stop`; open connections end with their publications.
pub async fn serve(
    listener: TcpListener,
    hub: Arc<Hub>,
    gate: Arc<dyn Gate>,
    limits: RtmpLimits,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(limits.connections));
    let shared = Arc::new(Shared { hub, gate, limits, per_ip: Mutex::default() });
    let mut next_id: u64 = 0;
    let mut crowd = Crowd::new("rtmp.max_connections");
    let mut crowd_of_one = Crowd::new("rtmp.max_connections_per_ip");
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "RTMP accept failed");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        next_id += 1;
        let Ok(permit) = room.clone().try_acquire_owned() else {
            crowd.refuse(peer);
            continue;
        };
        let Some(place) = Place::take(&shared, peer.ip(), permit) else {
            crowd_of_one.refuse(peer);
            continue;
        };
        let span = tracing::info_span!("rtmp", conn = next_id, %peer, stream = tracing::field::Empty);
        let connection = Connection::new(socket, peer, shared.clone(), stop.clone());
        tokio::spawn(
            async move {
                let _place = place;
                connection.run().await;
            }
            .instrument(span),
        );
    }
}

/// A connection's share of the limits, given back when dropped.
struct Place {
    shared: Arc<Shared>,
    ip: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn take(shared: &Arc<Shared>, ip: IpAddr, permit: OwnedSemaphorePermit) -> Option<Self> {
        let mut per_ip = shared.per_ip.lock();
        let count = per_ip.entry(ip).or_insert(0);
        if *count >= shared.limits.connections_per_ip {
            return None;
        }
        *count += 1;
        Some(Self { shared: shared.clone(), ip, _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut per_ip = self.shared.per_ip.lock();
        if let Some(count) = per_ip.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                per_ip.remove(&self.ip);
            }
        }
    }
}
