//! What the gateway asks of a database.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Ensured, KeyHash, KeyOnStream, KeyUse, NewKey, PublishKey, Result, Rotation, Stream};
use crate::{Events, Nodes, Playbacks, Playlists, Probes, ProxyKeys, Pulls, Rooms};

/// Everything kept across restarts. Cheap to share as `Arc<dyn Store>`.
pub trait Store:
    Streams + Rooms + Playlists + Playbacks + Probes + Pulls + ProxyKeys + Events + Nodes + std::fmt::Debug
{
}

impl<T> Store for T where
    T: Streams + Rooms + Playlists + Playbacks + Probes + Pulls + ProxyKeys + Events + Nodes + std::fmt::Debug
{
}

/// Streams and publish keys, and the server's own secrets.
///
/// Every method may fail with [`crate::Error::Unavailable`] or [`crate::Error::Corrupt`]; the rest is said at each.
#[async_trait]
pub trait Streams: Send + Sync {
    /// Makes a push stream unless it exists; an existing one keeps its visibility.
    ///
    /// # Errors
    /// `Invalid` for a name that [`crate::check_name`] refuses.
    async fn create_stream(&self, name: &str, private: bool) -> Result<Ensured>;

    /// All streams, by name.
    async fn streams(&self) -> Result<Vec<Stream>>;

    /// One stream.
    ///
    /// # Errors
    /// `NotFound`.
    async fn stream(&self, name: &str) -> Result<Stream>;

    /// Sets whether play URLs of the stream need a signature.
    ///
    /// # Errors
    /// `NotFound`.
    async fn set_private(&self, name: &str, private: bool) -> Result<Stream>;

    /// Deletes a push stream and all of its keys.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a pull stream, which goes with its media.
    async fn delete_stream(&self, name: &str) -> Result<()>;

    /// Stores a key for an existing stream.
    ///
    /// # Errors
    /// `NotFound` when the stream does not exist, `Conflict` when the id or the hash does, or it is a pull stream.
    async fn create_key(&self, key: &NewKey) -> Result<PublishKey>;

    /// The keys of one stream, or of all, oldest first; revoked and expired ones included.
    async fn keys(&self, stream: Option<&str>) -> Result<Vec<PublishKey>>;

    /// One key by its id.
    ///
    /// # Errors
    /// `NotFound`.
    async fn key(&self, id: &str) -> Result<PublishKey>;

    /// The key whose secret has this hash, to let a publisher in or not; `None` when nobody was given such a secret.
    async fn key_by_hash(&self, hash: &KeyHash) -> Result<Option<KeyOnStream>>;

    /// Revokes a key for good; a second time changes nothing.
    ///
    /// # Errors
    /// `NotFound`.
    async fn revoke_key(&self, id: &str) -> Result<PublishKey>;

    /// Makes a successor and lets the old key expire after the overlap, unless it expires sooner. Answers the successor.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the old key is revoked, expired or already replaced.
    async fn rotate_key(&self, id: &str, rotation: &Rotation) -> Result<PublishKey>;

    /// Notes that publishers came in at this moment. A key that is gone is passed over.
    async fn touch_keys(&self, uses: &[KeyUse]) -> Result<()>;

    /// Ids of the keys whose expiry came within the last `window`: their publishers are to be closed.
    async fn keys_expired_within(&self, window: Duration) -> Result<Vec<String>>;

    /// How long until the next key expires, at least 1 ms; `None` when none will.
    async fn next_expiry(&self) -> Result<Option<Duration>>;

    /// The 32 random bytes that sign play URLs: made on the first call, the same for ever after.
    async fn signing_key(&self) -> Result<[u8; 32]>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<()>;
}
