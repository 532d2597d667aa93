//! Rooms and the tokens that open them.

use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{KeyHash, Result};

/// Defines an enum that is stored and sent as one lower-case word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a member may do; each role includes those before it.
    Role {
        /// Watch and chat.
        Viewer = "viewer",
        /// Also control playback and playlists.
        Controller = "controller",
        /// Also change and delete the room, make tokens and kick.
        Owner = "owner",
    }
}

words! {
    /// What plays after the current item.
    Mode {
        /// The next one; after the last one the room has ended.
        Sequential = "sequential",
        /// The same one again.
        RepeatOne = "repeat_one",
        /// The next one; after the last one the first.
        RepeatAll = "repeat_all",
        /// One that the room and the version decide, so that all nodes choose the same.
        Shuffle = "shuffle",
    }
}

/// How a room behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What plays next.
    pub mode: Mode,
    /// How long the end of an item is held before the next one starts; whole ms, at most [`ADVANCE_DELAY_MAX`].
    pub advance_delay: Duration,
    /// The least role that may control playback and playlists.
    pub control: Role,
}

/// The longest advance delay.
pub const ADVANCE_DELAY_MAX: Duration = Duration::from_secs(3600);

impl Default for Settings {
    fn default() -> Self {
        Self { mode: Mode::Sequential, advance_delay: Duration::ZERO, control: Role::Controller }
    }
}

/// People who play in sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// `r_` and 10 characters.
    pub id: String,
    /// What people call it, unique; see [`check_room_name`].
    pub name: String,
    /// How it behaves.
    pub settings: Settings,
    /// Whether people may join with a password.
    pub has_password: bool,
    /// Number of its newest event.
    pub head: i64,
    /// When it was made, by the database's clock.
    pub created_at: OffsetDateTime,
}

/// A room in a list, with what the nodes last said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomCount {
    /// The room.
    pub room: Room,
    /// Connections on all living nodes.
    pub connections: u64,
    /// Whether it plays.
    pub playing: bool,
}

/// A room to be made, with its first playlist (named "main") and its first owner token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A password hash in PHC form.
    pub password_hash: Option<String>,
    /// How it behaves.
    pub settings: Settings,
    /// Id of its first playlist.
    pub playlist_id: String,
    /// Its first token.
    pub owner: NewToken,
}

/// What is to change; `None` leaves a value as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomChange {
    /// Another name.
    pub name: Option<String>,
    /// Another password hash, or none any more.
    pub password_hash: Option<Option<String>>,
    /// Another mode.
    pub mode: Option<Mode>,
    /// Another delay.
    pub advance_delay: Option<Duration>,
    /// Another least role for control.
    pub control: Option<Role>,
}

/// A token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// `t_` and 10 characters.
    pub id: String,
    /// What its holder may do.
    pub role: Role,
    /// What the operator calls it.
    pub label: Option<String>,
    /// SHA-256 of the secret.
    pub hash: KeyHash,
    /// How long it works from now on, by the database's clock; `None` for ever.
    pub lifetime: Option<Duration>,
}

/// A secret that lets its holder into one room; here without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomToken {
    /// Its public id.
    pub id: String,
    /// The room it opens.
    pub room_id: String,
    /// What its holder may do.
    pub role: Role,
    /// What the operator calls it.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it stops working.
    pub expires_at: Option<OffsetDateTime>,
    /// How long until then, by the database's clock when the row was read; zero when it has come.
    pub remaining: Option<Duration>,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
}

impl RoomToken {
    /// Whether it opens the room.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.revoked_at.is_none() && self.remaining != Some(Duration::ZERO)
    }
}

/// The most tokens a room may have. Those that no longer work make place for new ones.
pub const TOKENS_MAX: u64 = 10_000;

/// The longest room, playlist or media name, in characters.
pub const TITLE_MAX: usize = 200;

/// Refuses one more token.
///
/// # Errors
/// `Conflict` at [`TOKENS_MAX`].
pub fn check_token_count(tokens: u64) -> Result<()> {
    if tokens < TOKENS_MAX {
        return Ok(());
    }
    Err(crate::Error::Conflict(format!("the room has {TOKENS_MAX} tokens that work: revoke some first")))
}

/// Checks a name that people read: any script, no control characters, no space at its ends, and nothing that looks like an id.
///
/// # Errors
/// `Invalid`, which says what is allowed.
pub fn check_title(what: &str, name: &str) -> Result<()> {
    let invalid = |text: String| Err(crate::Error::Invalid(text));
    let length = name.chars().count();
    if length == 0 || length > TITLE_MAX || name.chars().any(char::is_control) || name.trim() != name {
        return invalid(format!(
            "{what} is 1 to {TITLE_MAX} characters without control characters and without spaces at its ends"
        ));
    }
    Ok(())
}

/// Checks a room's name: a [`check_title`] that cannot be taken for a room's id.
///
/// # Errors
/// `Invalid`, which says what is allowed.
pub fn check_room_name(name: &str) -> Result<()> {
    check_title("a room's name", name)?;
    if name.len() == 12 && name.starts_with("r_") {
        return Err(crate::Error::Invalid(
            "a room's name must not look like a room's id (`r_` and 10 characters)".into(),
        ));
    }
    Ok(())
}

/// Rooms and their tokens. "Not found" is `NotFound` with "room" or "token".
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Makes a room, its playlist "main", its playback state (version 0, nothing selected) and its owner token, all or nothing.
    ///
    /// # Errors
    /// `Invalid` for a name that [`check_room_name`] refuses, `Conflict` when the name is taken.
    async fn create_room(&self, room: &NewRoom) -> Result<Room>;

    /// Rooms by name, those after `after`, at most `limit`.
    async fn rooms(&self, after: Option<&str>, limit: u32) -> Result<Vec<RoomCount>>;

    /// How many rooms there are.
    async fn count_rooms(&self) -> Result<u64>;

    /// The room with this id, else the one with this name.
    ///
    /// # Errors
    /// `NotFound`.
    async fn room(&self, id_or_name: &str) -> Result<Room>;

    /// Changes what is given and posts a [`crate::EventKind::Settings`] event.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` and `Conflict` as for making one.
    async fn change_room(&self, id: &str, change: &RoomChange) -> Result<Room>;

    /// Deletes a room with everything in it; hints [`crate::Hint::Gone`].
    ///
    /// # Errors
    /// `NotFound`.
    async fn delete_room(&self, id: &str) -> Result<()>;

    /// The password's hash.
    ///
    /// # Errors
    /// `NotFound`.
    async fn room_password(&self, id: &str) -> Result<Option<String>>;

    /// Stores a token.
    ///
    /// # Errors
    /// `NotFound` when there is no such room, `Conflict` when the id or the hash exists or the room has [`TOKENS_MAX`] that work.
    async fn create_token(&self, room_id: &str, token: &NewToken) -> Result<RoomToken>;

    /// A room's tokens, oldest first, revoked and expired ones included.
    async fn tokens(&self, room_id: &str) -> Result<Vec<RoomToken>>;

    /// The token whose secret has this hash.
    async fn token_by_hash(&self, hash: &KeyHash) -> Result<Option<RoomToken>>;

    /// Revokes a token for good and posts a [`crate::EventKind::Revoked`] event with its id; a second time changes nothing.
    ///
    /// # Errors
    /// `NotFound`, also when it is another room's.
    async fn revoke_token(&self, room_id: &str, id: &str) -> Result<RoomToken>;
}
