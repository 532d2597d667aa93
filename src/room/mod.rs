//! Rooms: people who play in sync.
//!
//! [`playlist`] and [`playback`] are functions of their input: what plays next, where a room is, what a command makes of it.
//! [`control`] writes that to the store by compare-and-set. [`runtime`] holds this process's [`connection`]s: its set of active rooms is
//! what the lifecycle workers are scheduled by. [`tail`] turns the store's events into announcements, [`presence`] tells the nodes of
//! each other's members. [`request`] and [`message`] are what members and server say to each other, by the [`clock`] of the database.

use std::sync::Arc;

use synctv_store::Store;

mod claim;
pub mod clock;
pub mod connection;
pub mod control;
pub mod message;
pub mod playback;
pub mod playlist;
pub mod presence;
pub mod request;
pub mod runtime;
pub mod standing;
pub mod tail;

use clock::DbClock;
use runtime::{ConnectionRuntime, RoomLimits};

/// What everything about rooms works on.
#[derive(Debug)]
pub struct RoomPlane {
    /// Where rooms are kept.
    pub store: Arc<dyn Store>,
    /// Who is connected here.
    pub runtime: Arc<ConnectionRuntime>,
    /// The database's clock.
    pub clock: DbClock,
    /// How much members may take.
    pub limits: RoomLimits,
    /// `n_` and 10 characters: this process among those that share the database.
    pub node: String,
}

impl RoomPlane {
    /// Without a connection.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, limits: RoomLimits, node: String) -> Arc<Self> {
        let runtime = ConnectionRuntime::new(limits);
        Arc::new(Self { store, runtime, clock: DbClock::default(), limits, node })
    }
}
