//! Who may publish: a stream, a secret and an address go in, a grant or a refusal comes out.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use subtle::ConstantTimeEq;
use synctv_store::{Error, KeyOnStream, KeyUse, Store, StreamKind, check_name};

use crate::keys;

/// A publisher is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The key that opened; `None` when publishing is open to all and no valid key was shown.
    pub key_id: Option<String>,
    /// Whether the stream's viewers need a signature.
    pub private: bool,
}

/// A publisher is not let in; the text is for its eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The stream's name is not one.
    #[error("{0}")]
    BadName(synctv_store::NameError),
    /// No key was sent.
    #[error("a publish key is needed: STREAM?key=SECRET")]
    NoKey,
    /// No such key, or not for this stream: which of the two is nobody's business.
    #[error("the publish key is not valid for this stream")]
    WrongKey,
    /// Its time has come.
    #[error("the publish key has expired")]
    Expired,
    /// An operator took it back.
    #[error("the publish key is revoked")]
    Revoked,
    /// The gateway fetches this stream itself.
    #[error("this stream is fetched from elsewhere: nobody publishes to it")]
    Pulled,
    /// The database does not answer; trying again later may help.
    #[error("publishing is not possible at the moment, try again later")]
    Unavailable,
}

/// Lets publishers in by the keys in the store.
#[derive(Debug, Clone)]
pub struct StoreGate {
    store: Arc<dyn Store>,
    open: bool,
    uses: Arc<Mutex<Uses>>,
}

/// Uses of keys that are not written yet.
#[derive(Debug, Default)]
struct Uses {
    /// Key id to the last peer.
    pending: HashMap<String, String>,
    /// Whether a task is writing, and will take what is pending when it is done.
    writing: bool,
}

impl StoreGate {
    /// A gate; with `open_publish` it lets anybody publish to any name, and a key is not needed.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, open_publish: bool) -> Self {
        Self { store, open: open_publish, uses: Arc::default() }
    }

    /// Decides whether the publisher at `peer` may feed `stream`. Reads the store, and never waits for a write.
    ///
    /// A key revoked between this and the moment the publisher is known to the hub would go unnoticed: ask again
    /// right after registering.
    ///
    /// # Errors
    /// [`Refusal`], with the reason.
    pub async fn authorize(&self, stream: &str, secret: Option<&str>, peer: SocketAddr) -> Result<Grant, Refusal> {
        check_name(stream).map_err(Refusal::BadName)?;
        match self.by_key(stream, secret).await {
            Ok(found) => {
                self.note_use(&found.key.id, peer);
                Ok(Grant { key_id: Some(found.key.id), private: found.private })
            }
            Err(_) if self.open => self.anybody(stream).await,
            Err(refusal) => Err(refusal),
        }
    }

    async fn by_key(&self, stream: &str, secret: Option<&str>) -> Result<KeyOnStream, Refusal> {
        let secret = secret.filter(|secret| !secret.is_empty()).ok_or(Refusal::NoKey)?;
        let hash = keys::hash(secret);
        let found = self.store.key_by_hash(&hash).await.map_err(unavailable)?.ok_or(Refusal::WrongKey)?;
        if !bool::from(found.key.hash.ct_eq(&hash)) || found.key.stream != stream {
            return Err(Refusal::WrongKey);
        }
        match &found.key {
            key if key.revoked_at.is_some() => Err(Refusal::Revoked),
            key if key.expired => Err(Refusal::Expired),
            _ => Ok(found),
        }
    }

    /// Open publishing writes nothing: an unknown stream lives in memory only, a known one keeps its visibility.
    async fn anybody(&self, stream: &str) -> Result<Grant, Refusal> {
        match self.store.stream(stream).await {
            Ok(known) if known.kind == StreamKind::Pull => Err(Refusal::Pulled),
            Ok(known) => Ok(Grant { key_id: None, private: known.private }),
            Err(Error::NotFound { .. }) => Ok(Grant { key_id: None, private: false }),
            Err(err) => Err(unavailable(err)),
        }
    }

    /// Notes the use of a key in the background; uses that come in during a write go into the next one together.
    fn note_use(&self, id: &str, peer: SocketAddr) {
        let mut uses = self.uses.lock();
        uses.pending.insert(id.to_owned(), peer.to_string());
        if !std::mem::replace(&mut uses.writing, true) {
            tokio::spawn(write_uses(Arc::clone(&self.store), Arc::clone(&self.uses)));
        }
    }
}

async fn write_uses(store: Arc<dyn Store>, uses: Arc<Mutex<Uses>>) {
    while let Some(batch) = take_batch(&uses) {
        if let Err(err) = store.touch_keys(&batch).await {
            tracing::warn!(error = %err, keys = batch.len(), "cannot note when publish keys were last used");
        }
    }
}

fn take_batch(uses: &Mutex<Uses>) -> Option<Vec<KeyUse>> {
    let mut uses = uses.lock();
    let batch: Vec<_> = uses.pending.drain().map(|(id, peer)| KeyUse { id, peer }).collect();
    uses.writing = !batch.is_empty();
    uses.writing.then_some(batch)
}

fn unavailable(err: Error) -> Refusal {
    tracing::error!(error = %err, "cannot look up a publish key");
    Refusal::Unavailable
}

/// Calls `close` with the id of each key that expires, from now on until dropped. Sleeps until the next expiry, and at
/// most `recheck`, because other processes and commands make keys too.
pub async fn watch_expiry(store: Arc<dyn Store>, recheck: Duration, mut close: impl FnMut(&str)) {
    loop {
        let next = store.next_expiry().await.unwrap_or_else(|err| {
            tracing::warn!(error = %err, "cannot tell when the next publish key expires");
            None
        });
        tokio::time::sleep(next.map_or(recheck, |next| next.min(recheck))).await;
        // Twice the interval, so that a late wake-up misses none; closing one twice does no harm.
        match store.keys_expired_within(recheck * 2).await {
            Ok(ids) => ids.iter().for_each(|id| close(id)),
            Err(err) => tracing::warn!(error = %err, "cannot tell which publish keys expired"),
        }
    }
}

#[cfg(test)]
#[path = "publish_gate_tests.rs"]
mod tests;
