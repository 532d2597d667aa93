//! The rows, and what a caller hands in to make or change one.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{Error, Result};

/// SHA-256 of a publish key's secret; the secret itself is never stored.
pub type KeyHash = [u8; 32];

/// Where a stream's frames come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamKind {
    /// A publisher sends them.
    Push,
    /// The gateway fetches them while somebody watches.
    Pull,
}

/// A live feed's lasting identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its name, see [`crate::check_name`].
    pub name: String,
    /// Whether play URLs need a signature.
    pub private: bool,
    /// Push or pull.
    pub kind: StreamKind,
    /// When it was made, by the database's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A stream that exists for certain, and whether this call made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensured {
    /// The stream as it is stored.
    pub stream: Stream,
    /// False when it existed before; it was then left as it is.
    pub created: bool,
}

/// A secret that lets one publisher feed one stream; here without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishKey {
    /// Its public id.
    pub id: String,
    /// The one stream it may publish to.
    pub stream: String,
    /// What the operator calls it.
    pub label: Option<String>,
    /// Hash of the secret.
    pub hash: KeyHash,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it stops working.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether `expires_at` has come, judged by the database's clock when the row was read.
    pub expired: bool,
    /// When an operator revoked it.
    pub revoked_at: Option<OffsetDateTime>,
    /// When a publisher last came in with it.
    pub last_used_at: Option<OffsetDateTime>,
    /// The address that publisher came from.
    pub last_used_peer: Option<String>,
    /// The key that a rotation made in its place.
    pub replaced_by: Option<String>,
}

impl PublishKey {
    /// Whether a publisher may use it.
    #[must_use]
    pub fn usable(&self) -> bool {
        !self.expired && self.revoked_at.is_none()
    }
}

/// A key together with what authorisation needs to know of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOnStream {
    /// The key.
    pub key: PublishKey,
    /// Whether the stream is private.
    pub private: bool,
}

/// A key to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its public id.
    pub id: String,
    /// An existing stream.
    pub stream: String,
    /// What the operator calls it.
    pub label: Option<String>,
    /// Hash of the secret.
    pub hash: KeyHash,
    /// How long it works from now on, by the database's clock; `None` for ever.
    pub lifetime: Option<Duration>,
}

/// The key that takes over from another one: same stream, same label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Public id of the successor.
    pub id: String,
    /// Hash of the successor's secret.
    pub hash: KeyHash,
    /// How long the successor works; `None` for as long as the old key was made for.
    pub lifetime: Option<Duration>,
    /// How long the old key goes on working beside it.
    pub overlap: Duration,
}

impl Rotation {
    /// The key to be stored in the place of `old`.
    ///
    /// # Errors
    /// `Conflict` when `old` is revoked, replaced or expired.
    pub fn successor(&self, old: PublishKey) -> Result<NewKey> {
        let because = if old.revoked_at.is_some() {
            "is revoked".to_owned()
        } else if let Some(next) = &old.replaced_by {
            format!("was already replaced by `{next}`")
        } else if old.expired {
            "has expired".to_owned()
        } else {
            let as_long = old.expires_at.and_then(|end| Duration::try_from(end - old.created_at).ok());
            return Ok(NewKey {
                id: self.id.clone(),
                stream: old.stream,
                label: old.label,
                hash: self.hash,
                lifetime: self.lifetime.or(as_long),
            });
        };
        Err(Error::Conflict(format!("key `{}` {because} and cannot be rotated", old.id)))
    }
}

/// A publisher came in with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The key's id.
    pub id: String,
    /// The publisher's address.
    pub peer: String,
}
