//! Rows as the backends' checked queries give them: times in ms since 1970, hashes as bytes, enums as words. For backends.

#![allow(missing_docs, reason = "the fields are the columns; what they mean stands at the model's")]

use std::time::Duration;

use crate::columns::{count, hash, instant, settings, word};
use crate::{
    Cause, Error, EventKind, KeyOnStream, Length, NewMedia, Place, Playback, Playlist, ProxyKey, PublishKey, Result,
    Role, Room, RoomCount, RoomEvent, RoomToken, Snapshot, Source, Stream, StreamKind, Target, Turn,
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

/// A key of proxied URLs.
#[derive(Debug)]
pub struct ProxyKeyRow {
    pub id: i64,
    pub value: Vec<u8>,
    pub age_ms: i64,
}

impl TryFrom<ProxyKeyRow> for ProxyKey {
    type Error = Error;

    fn try_from(row: ProxyKeyRow) -> Result<Self> {
        let age = Duration::from_millis(count(row.age_ms));
        Ok(Self { id: row.id, value: hash(row.value, "a key of proxied URLs")?, age })
    }
}

/// The names of the pull streams that go with these media, each with its media's id.
///
/// # Errors
/// `Invalid` for a name that [`crate::check_name`] refuses.
pub fn pulls_of(media: &[NewMedia]) -> Result<Vec<(&str, &str)>> {
    let mut pulls = Vec::new();
    for one in media {
        if let Source::LiveProxy { stream, .. } = &one.source {
            crate::check_name(stream)?;
            pulls.push((stream.as_str(), one.id.as_str()));
        }
    }
    Ok(pulls)
}

/// Refuses what only a push stream may.
///
/// # Errors
/// `Conflict` for a pull stream.
pub fn must_be_push(stream: &Stream, what: &str) -> Result<()> {
    match stream.kind {
        StreamKind::Push => Ok(()),
        StreamKind::Pull => {
            let name = &stream.name;
            Err(Error::Conflict(format!("stream `{name}` is pulled for a room: {what}")))
        }
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

impl TryFrom<KeyRow> for PublishKey {
    type Error = Error;

    fn try_from(row: KeyRow) -> Result<Self> {
        KeyOnStream::try_from(row).map(|found| found.key)
    }
}

/// A room.
#[derive(Debug)]
pub struct RoomRow {
    pub id: String,
    pub name: String,
    pub has_password: bool,
    pub mode: String,
    pub advance_delay_ms: i64,
    pub control: String,
    pub head: i64,
    pub created_at: i64,
}

impl TryFrom<RoomRow> for Room {
    type Error = Error;

    fn try_from(row: RoomRow) -> Result<Self> {
        Ok(Self {
            settings: settings(&row.mode, row.advance_delay_ms, &row.control)?,
            id: row.id,
            name: row.name,
            has_password: row.has_password,
            head: row.head,
            created_at: instant(row.created_at)?,
        })
    }
}

/// A room with its counts.
#[derive(Debug)]
pub struct RoomCountRow {
    pub id: String,
    pub name: String,
    pub has_password: bool,
    pub mode: String,
    pub advance_delay_ms: i64,
    pub control: String,
    pub head: i64,
    pub created_at: i64,
    pub connections: i64,
    pub playing: bool,
}

impl TryFrom<RoomCountRow> for RoomCount {
    type Error = Error;

    fn try_from(row: RoomCountRow) -> Result<Self> {
        let room = RoomRow {
            id: row.id,
            name: row.name,
            has_password: row.has_password,
            mode: row.mode,
            advance_delay_ms: row.advance_delay_ms,
            control: row.control,
            head: row.head,
            created_at: row.created_at,
        };
        Ok(Self { room: room.try_into()?, connections: count(row.connections), playing: row.playing })
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

/// An event of a room.
#[derive(Debug)]
pub struct EventRow {
    pub room_id: String,
    pub seq: i64,
    pub kind: String,
    pub body: String,
}

impl EventRow {
    /// A kind that a newer node posted is passed over: for the reader it is a gap, and an error would keep it from everything else.
    #[must_use]
    pub fn read(self) -> Option<RoomEvent> {
        let kind = EventKind::from_word(&self.kind)?;
        Some(RoomEvent { room_id: self.room_id, seq: self.seq, kind, body: self.body })
    }
}

/// A playlist.
#[derive(Debug)]
pub struct PlaylistRow {
    pub id: String,
    pub room_id: String,
    pub name: String,
    pub revision: i64,
    /// How many it has.
    pub media: i64,
    pub created_at: i64,
}

impl TryFrom<PlaylistRow> for Playlist {
    type Error = Error;

    fn try_from(row: PlaylistRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            room_id: row.room_id,
            name: row.name,
            revision: row.revision,
            media: count(row.media),
            created_at: instant(row.created_at)?,
        })
    }
}

/// A state that was left, in a room's history.
#[derive(Debug)]
pub struct TurnRow {
    pub from_version: i64,
    pub from_media: Option<String>,
    pub to_media: Option<String>,
    pub cause: String,
    pub at: i64,
}

impl TryFrom<TurnRow> for Turn {
    type Error = Error;

    fn try_from(row: TurnRow) -> Result<Self> {
        Ok(Self {
            from_version: row.from_version,
            from_media: row.from_media,
            to_media: row.to_media,
            cause: word(Cause::from_word, &row.cause)?,
            at_ms: row.at,
        })
    }
}

/// What was selected in the state that a write leaves.
#[derive(Debug)]
pub struct LeftRow {
    pub media_id: Option<String>,
    pub target_hash: Option<Vec<u8>>,
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
