//! Placeholder: helper `realtime` writes this.
use std::sync::Arc;
use tokio::sync::watch;
/// This process's connections.
#[derive(Debug)]
pub struct ConnectionRuntime {
    nudge: watch::Sender<u64>,
}
impl ConnectionRuntime {
    /// Rooms with a connection.
    pub fn active_room_ids(&self) -> Arc<[String]> {
        Arc::new([])
    }
    /// Changes.
    pub fn nudges(&self) -> watch::Receiver<u64> {
        self.nudge.subscribe()
    }
}
