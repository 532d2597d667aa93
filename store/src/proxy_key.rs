//! The keys that sign proxied URLs.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::Result;

/// One key. Its secret is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyKey {
    /// Grows with each key; part of the URLs it signs.
    pub id: i64,
    /// The secret.
    pub value: [u8; 32],
    /// How old it is, by the database's clock.
    pub age: Duration,
}

impl fmt::Debug for ProxyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyKey").field("id", &self.id).field("age", &self.age).finish_non_exhaustive()
    }
}

/// Keys of proxied URLs.
#[async_trait]
pub trait ProxyKeys: Send + Sync {
    /// All keys, the newest last. The first call makes the first one.
    async fn proxy_keys(&self) -> Result<Vec<ProxyKey>>;

    /// Adds a key when the newest is as old as `every`, and removes those whose successor is as old as `keep`: what they signed has ended.
    /// The newest key afterwards.
    async fn rotate_proxy_keys(&self, every: Duration, keep: Duration) -> Result<ProxyKey>;
}
