//! The live plane's gate, answered by the keys in the store; the demo's own publisher has a key of its own.

use super::demo;
use crate::{
    live::{Authorizing, Gate, Grant, Refused},
    publish_gate::StoreGate,
    secret::Secret,
};
use std::net::SocketAddr;

/// Lets publishers in by the store, and the demo by the secret made at start.
pub struct AppGate {
    /// The keys in the store.
    pub store: StoreGate,
    /// With `--demo`.
    pub demo: Option<Secret>,
}

impl Gate for AppGate {
    fn authorize<'a>(&'a self, stream: &'a str, key: Option<&'a str>, peer: SocketAddr) -> Authorizing<'a> {
        Box::pin(async move {
            if let (demo::STREAM, Some(secret), Some(key)) = (stream, &self.demo, key)
                && secret.matches(key)
            {
                return Ok(Grant { key_id: Some("demo".into()), private: false });
            }
            match self.store.authorize(stream, key, peer).await {
                Ok(grant) => Ok(Grant { key_id: grant.key_id, private: grant.private }),
                Err(refusal) => Err(Refused { description: refusal.to_string() }),
            }
        })
    }
}
