//! The part of the proxy that knows texts.

#[path = "../../src/proxy/dash/mod.rs"]
pub mod dash;
#[path = "../../src/proxy/hls/mod.rs"]
pub mod hls;
#[path = "../../src/proxy/refused.rs"]
pub mod refused;
#[path = "../../src/proxy/resource.rs"]
pub mod resource;
