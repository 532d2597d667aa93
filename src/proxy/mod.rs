//! Remote media through the gateway, and URLs that prove by themselves that they were given out by this server.

pub mod cache;
pub mod conditional;
pub mod dash;
pub mod hls;
pub mod json;
pub mod multipart;
pub mod outward;
pub mod pass;
pub mod range;
#[cfg(test)]
pub mod recording;
pub mod reference;
pub mod refused;
pub mod resource;
pub mod seal;
pub mod sign;
pub mod template;
pub mod text;
