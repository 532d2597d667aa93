//! The gateway, in reading order.
//!
//! [`cli`] reads the command line, [`config`] what is in force; [`app`] builds everything and waits. [`publish_gate`] decides
//! who may publish, by [`keys`] kept in the store; [`live`] takes frames from publishers to viewers; [`http`] answers
//! requests, private ones by [`proxy::sign`]; [`page`] is what a browser shows.
//! [`fetch`] is the only way out to the network; [`probe`] tells from it how long a media lasts, and [`provider`] where a media comes from.

pub mod app;
pub mod caption;
pub mod cli;
pub mod config;
pub mod error;
pub mod fetch;
pub mod http;
pub mod keys;
pub mod live;
pub mod page;
pub mod probe;
pub mod provider;
pub mod proxy;
pub mod publish_gate;
pub mod room;
pub mod secret;
pub mod shutdown;
pub mod worker;
