//! Starts the lifecycle workers of this node.

use std::sync::Arc;

use synctv_store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    fetch,
    provider::Providers,
    room::ConnectionRuntime,
    worker::{Schedule, advance, housekeeping, probe, release},
};

/// All workers, until `stop`.
pub fn start(
    tasks: &TaskTracker,
    config: &Config,
    node: &str,
    store: &Arc<dyn Store>,
    runtime: &Arc<ConnectionRuntime>,
    stop: &CancellationToken,
) {
    let schedule = Schedule::new(runtime.clone(), stop.clone());
    let providers = Arc::new(Providers::new(fetch::Client::new(config.proxy.allow_private.clone())));
    let settings = &config.worker;
    tasks.spawn(advance::run(store.clone(), schedule.clone(), settings.advance_concurrency));
    tasks.spawn(probe::run(store.clone(), providers, schedule.clone(), node.to_owned(), settings.probe_concurrency));
    tasks.spawn(release::run(store.clone(), schedule, node.to_owned(), settings.release_grace));
    tasks.spawn(housekeeping::run(store.clone(), node.to_owned(), stop.clone()));
}
