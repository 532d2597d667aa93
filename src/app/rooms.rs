//! The room plane: how it is built from the configuration, and its tasks.

use std::sync::Arc;

use anyhow::Context;
use synctv_store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    keys::fresh_id,
    room::{RoomPlane, presence, runtime::RoomLimits, tail},
};

/// Everything about rooms, for this process as a node of its own.
pub fn plane(config: &Config, store: Arc<dyn Store>) -> anyhow::Result<Arc<RoomPlane>> {
    let limits = RoomLimits {
        connections_per_room: config.room.max_connections_per_room,
        connections: config.room.max_connections,
        message_bytes: config.room.max_message_bytes,
        messages_per_s: config.room.messages_per_s,
    };
    let node = fresh_id("n_").map_err(|error| anyhow::anyhow!("{error}")).context("make this node's id")?;
    Ok(RoomPlane::new(store, limits, node))
}

/// Starts what announces events and says who is there.
pub fn start(plane: &Arc<RoomPlane>, tasks: &TaskTracker, stop: &CancellationToken) {
    tasks.spawn(tail::run(plane.clone(), stop.clone()));
    tasks.spawn(presence::run(plane.clone(), stop.clone()));
}
