//! The gateway, in reading order.

pub mod live;
