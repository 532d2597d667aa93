//! temp
mod demo;
use crate::{http, live::*};
use std::sync::Arc;
use std::time::Duration;
struct Open;
impl Gate for Open {
    fn authorize<'a>(&'a self, _: &'a str, _: Option<&'a str>, _: std::net::SocketAddr) -> Authorizing<'a> {
        Box::pin(async { Ok(Grant { key_id: None, private: false }) })
    }
}
/// temp
pub async fn run(http_addr: String, rtmp_addr: String) -> anyhow::Result<()> {
    let stop = crate::shutdown::on_signal()?;
    let limits = LiveLimits {
        grace: Duration::from_secs(30),
        merge: None,
        gop_cache_bytes: 32 << 20,
        viewer_min_rate: 4096,
        max_viewers: 20000,
        hls_idle: Duration::from_secs(30),
    };
    let hub = Hub::new(limits);
    let rl = RtmpLimits {
        connections: 20000,
        connections_per_ip: 20000,
        handshake: Duration::from_secs(10),
        idle: Duration::from_secs(8),
    };
    let l = tokio::net::TcpListener::bind(&rtmp_addr).await?;
    let raddr = l.local_addr()?;
    tokio::spawn(serve_rtmp(l, hub.clone(), Arc::new(Open), rl, stop.clone()));
    let tasks = tokio_util::task::TaskTracker::new();
    let gw = Arc::new(http::Gateway {
        hub: hub.clone(),
        signing_key: [0; 32],
        api: axum::Router::new(),
        readiness: Arc::default(),
    });
    if std::env::var("DEMO").is_ok() {
        tokio::spawn(demo::publish(raddr, "x".into(), stop.clone()));
    }
    let tcp = tokio::net::TcpListener::bind(&http_addr).await?;
    http::serve(http::Listener { tcp, tls: None }, gw, stop.clone(), tasks.clone()).await;
    hub.end_all();
    Ok(())
}
