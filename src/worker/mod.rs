//! The lifecycle workers: what happens in rooms without anybody asking for it.
//!
//! Every node runs every worker over its own active rooms; duplicates across nodes converge in the database. A worker sleeps until its
//! next deadline or a nudge, never on a bare tick. [`probe`] finds durations out, [`advance`] goes on when an item is over, [`pull`] keeps streams pulled, [`release`] gives
//! up what an inactive room held, [`refresh`] says when a playback result is to be fetched again; [`housekeeping`] is done by one node for all.

pub mod advance;
pub mod housekeeping;
pub mod probe;
pub mod pull;
pub mod refresh;
pub mod release;
mod schedule;

pub use schedule::Schedule;
