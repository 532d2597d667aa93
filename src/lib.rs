//! The gateway, in reading order.

pub mod live;
pub mod page;
