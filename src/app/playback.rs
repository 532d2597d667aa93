//! The playback plane: how results are made, and what tells members to fetch them again.

use std::sync::Arc;

use synctv_store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    fetch,
    http::proxy::{Opened, Opens, ProxyPlane, Refused},
    http::rooms::{Bearer, PlaybackPlane, Seals, TrackPlace},
    provider::Providers,
    proxy::{
        cache::{Cache, CacheConfig},
        resource::Kind,
        text::Texts,
    },
    worker::refresh,
};

/// Everything that playback results are made from.
pub fn plane(config: &Config, providers: Providers, store: Arc<dyn Store>) -> Arc<PlaybackPlane> {
    PlaybackPlane::new(providers, store, Arc::new(Unsealed), config.proxy.url_ttl)
}

/// Everything that proxied answers are made from.
pub fn proxy(plane: &PlaybackPlane, cache: Arc<Cache>, client: fetch::Client) -> Arc<ProxyPlane> {
    ProxyPlane::new(Arc::new(Unsealed), plane.playables.clone(), cache, Texts::new(client))
}

/// What is kept of remote media.
pub fn cache(config: &Config, client: fetch::Client) -> Arc<Cache> {
    let proxy = &config.proxy;
    let disk = (proxy.disk_bytes > 0).then(|| (config.data_dir.join("cache"), proxy.disk_bytes));
    let (slice_bytes, memory_bytes, negative) = (proxy.slice_bytes, proxy.memory_bytes, proxy.negative);
    Cache::open(CacheConfig { slice_bytes, memory_bytes, disk, negative }, client)
}

/// Starts what tells members of results that end.
pub fn start(plane: &PlaybackPlane, store: Arc<dyn Store>, tasks: &TaskTracker, stop: &CancellationToken) {
    tasks.spawn(refresh::run(store, plane.given.clone(), stop.clone()));
}

/// Signs nothing: its URLs open nothing.
#[derive(Debug)]
struct Unsealed;

impl Seals for Unsealed {
    fn proxied(&self, _: &Bearer<'_>, place: TrackPlace, _: Kind, file: &str) -> String {
        format!("/p/unsealed/{}/{}/{file}", place.mode, place.index)
    }

    fn live(&self, _: &Bearer<'_>, _: &str) -> String {
        "sig=".to_owned()
    }
}

#[async_trait::async_trait]
impl Opens for Unsealed {
    async fn open(&self, _: &str) -> Result<Opened, Refused> {
        Err(Refused::Denied("this URL was not given out by this server".into()))
    }
}
