//! Remote media through the gateway, and URLs that prove by themselves that they were given out by this server.

pub mod resource;
pub mod sign;
