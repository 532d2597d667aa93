//! The pull streams: where they come from by the store, and what they work with.

use std::sync::Arc;

use synctv_store::{Error, Source, Store};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    fetch,
    live::{
        Hub,
        pull::{Finding, PullError, PullFrom, PullLimits, Pulls, Surroundings, Upstream, Upstreams},
    },
};

/// The pulls of this node; none runs yet.
pub fn pulls(
    config: &Config,
    hub: &Arc<Hub>,
    client: fetch::Client,
    store: &Arc<dyn Store>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    rtmp_port: u16,
) -> Arc<Pulls> {
    let around = Surroundings {
        hub: hub.clone(),
        client,
        upstreams: Arc::new(Stored(store.clone())),
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    let limits = PullLimits {
        idle: config.live.pull_idle,
        max: config.live.max_pulls,
        own: published_at(config, rtmp_port).into_iter().collect(),
    };
    Pulls::new(around, limits)
}

/// Where publishers reach this gateway from outside: what stands below the public URL itself is the client's to refuse.
fn published_at(config: &Config, rtmp_port: u16) -> Option<(String, u16)> {
    let url = url::Url::parse(config.http.public_url.as_ref()?).ok()?;
    Some((url.host_str()?.to_owned(), rtmp_port))
}

/// The store's pull streams.
struct Stored(Arc<dyn Store>);

impl Upstreams for Stored {
    fn find<'a>(&'a self, name: &'a str) -> Finding<'a> {
        Box::pin(async move {
            let stream = match self.0.stream(name).await {
                Ok(stream) => stream,
                Err(Error::NotFound { .. }) => return Ok(None),
                Err(_) => return Err(PullError::Unavailable),
            };
            let source = self.0.pull_source(name).await.map_err(|_| PullError::Unavailable)?;
            let Some(Source::LiveProxy { upstream, .. }) = source else { return Ok(None) };
            let headers = upstream.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let from = PullFrom::new(&upstream.url, headers)?;
            Ok(Some(Upstream { from, private: stream.private }))
        })
    }
}
