//! Starts the lifecycle workers of this node.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    live::Pulls,
    provider::Providers,
    room::RoomPlane,
    worker::{Schedule, advance, housekeeping, probe, pull, release},
};

/// All workers, over the rooms that are active here, until `stop`.
pub fn start(
    plane: &RoomPlane,
    config: &Config,
    providers: Providers,
    pulls: Arc<Pulls>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let schedule = Schedule::new(plane.runtime.clone(), stop.clone());
    let providers = Arc::new(providers);
    let (store, node, settings) = (&plane.store, &plane.node, &config.worker);
    tasks.spawn(advance::run(store.clone(), schedule.clone(), settings.advance_concurrency));
    tasks.spawn(probe::run(store.clone(), providers, schedule.clone(), node.clone(), settings.probe_concurrency));
    tasks.spawn(pull::run(store.clone(), pulls, schedule.clone(), settings.release_grace));
    tasks.spawn(release::run(store.clone(), schedule, node.clone(), settings.release_grace));
    tasks.spawn(housekeeping::run(store.clone(), node.clone(), stop.clone()));
}
