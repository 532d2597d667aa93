//! The gateway, in reading order.

pub mod app;
pub mod http;
pub mod live;
pub mod page;
pub mod proxy;
pub mod shutdown;
