//! The playback plane: how results are made, and what tells members to fetch them again.

use std::{sync::Arc, time::Duration};

use synctv_store::Store;
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    fetch,
    http::proxy::{ProxyPlane, Sealed},
    http::rooms::PlaybackPlane,
    provider::Providers,
    proxy::{
        cache::{Cache, CacheConfig},
        text::Texts,
    },
    worker::refresh,
};

/// Between two looks for new keys. A URL with a key that a node does not know makes it look at once.
const RENEWED_EVERY: Duration = Duration::from_secs(60);

/// Everything that playback results are made from.
pub fn plane(config: &Config, providers: Providers, store: Arc<dyn Store>, sealed: Arc<Sealed>) -> Arc<PlaybackPlane> {
    PlaybackPlane::new(providers, store, sealed, config.proxy.url_ttl)
}

/// Everything that proxied answers are made from.
pub fn proxy(plane: &PlaybackPlane, sealed: Arc<Sealed>, cache: Arc<Cache>, client: fetch::Client) -> Arc<ProxyPlane> {
    ProxyPlane::new(sealed, plane.playables.clone(), cache, Texts::new(client))
}

/// What is kept of remote media.
pub fn cache(config: &Config, client: fetch::Client) -> Arc<Cache> {
    let proxy = &config.proxy;
    let disk = (proxy.disk_bytes > 0).then(|| (config.data_dir.join("cache"), proxy.disk_bytes));
    let (slice_bytes, memory_bytes, negative) = (proxy.slice_bytes, proxy.memory_bytes, proxy.negative);
    Cache::open(CacheConfig { slice_bytes, memory_bytes, disk, negative }, client)
}

/// Starts what tells members of results that end, and what reads the keys that other nodes made.
pub fn start(
    plane: &PlaybackPlane,
    config: &Config,
    sealed: Arc<Sealed>,
    store: Arc<dyn Store>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let every = config.proxy.key_rotation;
    // A node may sign with a key for so long after its successor was made.
    let keep = config.proxy.url_ttl + RENEWED_EVERY * 2;
    let keys = store.clone();
    let renewing = async move {
        loop {
            sleep(RENEWED_EVERY.min(every)).await;
            // Of all nodes that try, the statement lets one add a key: no lease is needed.
            let rotated = keys.rotate_proxy_keys(every, keep).await.map(drop);
            if let Err(error) = rotated.and(sealed.renew().await) {
                tracing::warn!(%error, "the keys of proxied URLs cannot be renewed; the ones before go on");
            }
        }
    };
    let stopped = stop.clone();
    tasks.spawn(async move { stopped.run_until_cancelled(renewing).await });
    tasks.spawn(refresh::run(store, plane.given.clone(), stop.clone()));
}
