//! The gateway, in reading order.
//!
//! [`cli`] reads the command line, [`config`] what is in force; [`publish_gate`] decides who may publish, by [`keys`]
//! kept in the store; [`live`] takes frames from publishers to viewers; [`http`] answers requests.

pub mod cli;
pub mod config;
pub mod error;
pub mod http;
pub mod keys;
pub mod live;
pub mod proxy;
pub mod publish_gate;
pub mod secret;
