//! Remote media through the gateway, and URLs that prove by themselves that they were given out by this server.

pub mod cache;
pub mod conditional;
pub mod dash;
pub mod hls;
pub mod multipart;
pub mod outward;
pub mod range;
#[cfg(test)]
pub mod recording;
pub mod refused;
pub mod resource;
pub mod sign;
pub mod text;
