//! Rows as the backends' checked queries give them: times in ms since 1970, hashes as bytes, enums as words. For backends.

#![allow(missing_docs, reason = "the fields are the columns; what they mean stands at the model's")]

use std::time::Duration;

use crate::columns::{count, hash, instant, settings, word};
use crate::{
    Error, KeyOnStream, Length, Place, Playback, PublishKey, Result, Role, RoomToken, Snapshot, Stream, StreamKind,
    Target,
};

/// A stream.
#[derive(Debug)]
pub struct StreamRow {
    pub name: String,
    pub private: bool,
    pub kind: String,
    pub created_at: i64,
}

impl TryFrom<StreamRow> for Stream {
    type Error = Error;

    fn try_from(row: StreamRow) -> Result<Self> {
        let kind = match row.kind.as_str() {
            "push" => StreamKind::Push,
            "pull" => StreamKind::Pull,
            other => return Err(Error::Corrupt(format!("stream `{}` has the unknown kind `{other}`", row.name))),
        };
        Ok(Self { name: row.name, private: row.private, kind, created_at: instant(row.created_at)? })
    }
}

/// A publish key with its stream's visibility.
#[derive(Debug)]
pub struct KeyRow {
    pub id: String,
    pub stream: String,
    pub label: Option<String>,
    pub hash: Vec<u8>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub expired: bool,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub last_used_peer: Option<String>,
    pub replaced_by: Option<String>,
    pub private: bool,
}

impl TryFrom<KeyRow> for KeyOnStream {
    type Error = Error;

    fn try_from(row: KeyRow) -> Result<Self> {
        let key = PublishKey {
            hash: hash(row.hash, &format!("key `{}`", row.id))?,
            id: row.id,
            stream: row.stream,
            label: row.label,
            created_at: instant(row.created_at)?,
            expires_at: row.expires_at.map(instant).transpose()?,
            expired: row.expired,
            revoked_at: row.revoked_at.map(instant).transpose()?,
            last_used_at: row.last_used_at.map(instant).transpose()?,
            last_used_peer: row.last_used_peer,
            replaced_by: row.replaced_by,
        };
        Ok(Self { key, private: row.private })
    }
}

/// A room's token.
#[derive(Debug)]
pub struct TokenRow {
    pub id: String,
    pub room_id: String,
    pub role: String,
    pub label: Option<String>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    /// Until `expires_at`; negative when it has come.
    pub remaining_ms: Option<i64>,
    pub revoked_at: Option<i64>,
}

impl TryFrom<TokenRow> for RoomToken {
    type Error = Error;

    fn try_from(row: TokenRow) -> Result<Self> {
        Ok(Self {
            role: word(Role::from_word, &row.role)?,
            id: row.id,
            room_id: row.room_id,
            label: row.label,
            created_at: instant(row.created_at)?,
            expires_at: row.expires_at.map(instant).transpose()?,
            remaining: row.remaining_ms.map(|ms| Duration::from_millis(count(ms))),
            revoked_at: row.revoked_at.map(instant).transpose()?,
        })
    }
}

/// Everything a decision about a room is made from: as wide as the one statement that reads it.
#[derive(Debug)]
pub struct SnapshotRow {
    pub room_id: String,
    pub head: i64,
    pub mode: String,
    pub advance_delay_ms: i64,
    pub control: String,
    pub version: i64,
    pub generation: i64,
    pub playlist_id: Option<String>,
    pub media_id: Option<String>,
    pub target_hash: Option<Vec<u8>>,
    pub playing: bool,
    pub ended: bool,
    pub anchor_ms: i64,
    pub anchored_at: i64,
    pub speed: f64,
    pub status: Option<String>,
    pub duration_ms: Option<i64>,
    /// The playlist's.
    pub revision: Option<i64>,
    /// Media before the selected one.
    pub before: i64,
    /// Media in its playlist.
    pub total: i64,
    pub now_ms: i64,
}

impl TryFrom<SnapshotRow> for Snapshot {
    type Error = Error;

    fn try_from(row: SnapshotRow) -> Result<Self> {
        let target = match (row.playlist_id, row.media_id, row.target_hash) {
            (Some(playlist_id), Some(media_id), Some(bytes)) => {
                Some(Target { hash: hash(bytes, &format!("media `{media_id}`"))?, playlist_id, media_id })
            }
            _ => None,
        };
        let place = row.revision.filter(|_| target.is_some() && row.total > 0);
        Ok(Self {
            settings: settings(&row.mode, row.advance_delay_ms, &row.control)?,
            place: place.map(|revision| Place { revision, index: count(row.before), total: count(row.total) }),
            playback: Playback {
                version: row.version,
                generation: row.generation,
                target,
                playing: row.playing,
                ended: row.ended,
                anchor_ms: row.anchor_ms,
                anchored_at_ms: row.anchored_at,
                speed: row.speed,
            },
            length: Length::from_stored(row.status.as_deref(), row.duration_ms),
            room_id: row.room_id,
            head: row.head,
            now_ms: row.now_ms,
        })
    }
}
