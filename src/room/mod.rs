//! Rooms: people who play in sync.
//!
//! [`playlist`] and [`playback`] are functions of their input: what plays next, where a room is, what a command makes of it.
//! [`control`] writes that to the store by compare-and-set. [`runtime`] holds this process's connections: its set of active rooms is
//! what the lifecycle workers are scheduled by. [`message`] is what members and server say to each other.

pub mod control;
pub mod message;
pub mod playback;
pub mod playlist;
mod runtime;

pub use runtime::ConnectionRuntime;
