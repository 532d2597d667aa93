//! Rooms and their tokens. What carries a secret has no `Debug`.

use serde::{Deserialize, Deserializer, Serialize};
use synctv_store::{Mode, Role};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::http::admin::wire::KeyState;

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomItem {
    /// `r_` and 10 characters.
    pub id: String,
    /// What people call it, unique.
    pub name: String,
    /// sequential, repeat_one, repeat_all or shuffle.
    #[schema(value_type = String, example = "sequential")]
    pub mode: Mode,
    /// How long the end of an item is held before the next one starts.
    pub advance_delay_ms: u64,
    /// The least role that may control: viewer, controller or owner.
    #[schema(value_type = String, example = "controller")]
    pub control: Role,
    /// Whether people may join with a password.
    pub has_password: bool,
    /// Connections on all nodes.
    pub connections: u64,
    /// Whether it plays.
    pub playing: bool,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// `GET /api/v1/rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomList {
    /// By name.
    pub rooms: Vec<RoomItem>,
    /// The `after` of the next page; null on the last one.
    pub next: Option<String>,
}

/// `POST /api/v1/rooms`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRoom {
    /// What people call it.
    pub name: String,
    /// Lets people join as viewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Absent: sequential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub mode: Option<Mode>,
    /// Absent: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance_delay_ms: Option<u64>,
    /// Absent: controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub control: Option<Role>,
}

/// A room just made: the only answer that carries its first owner's secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedRoom {
    /// The room's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Shown this once.
    pub owner_token: String,
    /// The public id of that token.
    pub owner_token_id: String,
    /// Its first playlist.
    pub playlist_id: String,
}

/// `PATCH /api/v1/rooms/{room}`; what is absent stays.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRoom {
    /// Another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another password; null removes it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub password: Option<Option<String>>,
    /// Another mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub mode: Option<Mode>,
    /// Another delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance_delay_ms: Option<u64>,
    /// Another least role for control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub control: Option<Role>,
}

/// A member that is there counts as given, also when it is null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `POST /api/v1/rooms/{room}/join`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinRoom {
    /// The room's password.
    pub password: String,
    /// What to call the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Who knew the password may enter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Joined {
    /// A token for this room; shown this once.
    pub token: String,
    /// Always viewer.
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
    /// The room's id.
    pub room_id: String,
    /// When it stops working.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
}

/// `POST /api/v1/rooms/{room}/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// viewer, controller or owner.
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How long it works; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
}

/// A token just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The secret; shown this once.
    pub token: String,
    /// Public id.
    pub id: String,
    /// The room's id.
    pub room_id: String,
    /// What its holder may do.
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
    /// What it is called.
    pub label: Option<String>,
    /// When it stops working.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenItem {
    /// Public id.
    pub id: String,
    /// What its holder may do.
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
    /// What it is called.
    pub label: Option<String>,
    /// Whether it works.
    pub state: KeyState,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it stops working.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

/// `GET /api/v1/rooms/{room}/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    /// Oldest first.
    pub tokens: Vec<TokenItem>,
}
