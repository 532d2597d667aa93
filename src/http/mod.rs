//! HTTP: our own accept loop on hyper, the live outputs as plain bodies, everything else through axum.

pub mod admin;

mod accept;
mod handover;
mod live;
mod metrics;
pub mod proxy;
mod readiness;
mod respond;
pub mod rooms;
mod route;
mod viewing;
mod ws;

pub use accept::{Listener, serve, serve_unix};
pub use readiness::Readiness;
pub use route::Gateway;
