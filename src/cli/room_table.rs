//! Rooms, their tokens, members and history for people.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::shown;
use super::table::{pairs, table};
use super::time::{relative, relative_or_dash};
use crate::http::admin::wire::KeyState;
use crate::http::rooms::wire::{CreatedRoom, CreatedToken, History, Members, RoomItem, RoomList, TokenList};

pub(super) fn list(list: RoomList) -> String {
    if list.rooms.is_empty() {
        return "There are no rooms yet: make one with `synctv room create NAME`.".to_owned();
    }
    let now = OffsetDateTime::now_utc();
    let rows = list.rooms.into_iter().map(|room| {
        [
            room.id,
            shown::text(&room.name),
            room.connections.to_string(),
            yes(room.playing),
            room.mode.to_string(),
            yes(room.has_password),
            relative(room.created_at, now),
        ]
    });
    table(["ROOM", "NAME", "CONNECTED", "PLAYING", "MODE", "PASSWORD", "CREATED"], rows)
}

pub(super) fn room(room: RoomItem) -> String {
    pairs([
        ("room", room.id),
        ("name", shown::text(&room.name)),
        ("mode", room.mode.to_string()),
        ("advance delay", format!("{:.1} s", Duration::from_millis(room.advance_delay_ms).as_secs_f64())),
        ("control", format!("{} and above", room.control)),
        ("password", yes(room.has_password)),
        ("connected", room.connections.to_string()),
        ("playing", yes(room.playing)),
        ("created", relative(room.created_at, OffsetDateTime::now_utc())),
    ])
}

pub(super) fn created(room: &CreatedRoom, has_password: bool) -> String {
    let join = if has_password { "\nPeople may join as viewers with the password." } else { "" };
    format!(
        "Room {} ({}) is made.\nThe owner's token is shown this once: keep it now.\n\n{}{join}",
        room.id,
        shown::text(&room.name),
        pairs([("owner token", room.owner_token.clone()), ("playlist", room.playlist_id.clone())]),
    )
}

pub(super) fn token(token: &CreatedToken) -> String {
    let ends = token.expires_at.map(|at| format!(", expires {}", relative(at, OffsetDateTime::now_utc())));
    let ends = ends.unwrap_or_default();
    format!(
        "Token {} for a {} of room {}{ends}.\nIt is shown this once: keep it now.\n\n{}",
        token.id, token.role, token.room_id, token.token
    )
}

pub(super) fn tokens(list: TokenList) -> String {
    let now = OffsetDateTime::now_utc();
    let rows = list.tokens.into_iter().map(|token| {
        let state = match token.state {
            KeyState::Active => "active",
            KeyState::Expired => "expired",
            KeyState::Revoked => "revoked",
        };
        [
            token.id,
            token.role.to_string(),
            token.label.map_or_else(dash, |label| shown::text(&label)),
            state.to_owned(),
            relative(token.created_at, now),
            relative_or_dash(token.expires_at, now),
        ]
    });
    table(["TOKEN", "ROLE", "LABEL", "STATE", "CREATED", "EXPIRES"], rows)
}

pub(super) fn members(list: Members) -> String {
    if list.members.is_empty() {
        return "Nobody is in the room.".to_owned();
    }
    let rows = list.members.into_iter().map(|member| {
        let field = |name: &str| match &member[name] {
            Value::String(text) => shown::text(text),
            Value::Null => dash(),
            other => other.to_string(),
        };
        [field("id"), field("name"), field("role"), field("node")]
    });
    table(["MEMBER", "NAME", "ROLE", "NODE"], rows)
}

pub(super) fn history(list: History) -> String {
    if list.history.is_empty() {
        return "Nothing has played yet.".to_owned();
    }
    let now = OffsetDateTime::now_utc();
    let rows = list.history.into_iter().map(|turn| {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(turn.at_ms) * 1_000_000);
        [
            at.map_or_else(|_| dash(), |at| relative(at, now)),
            turn.cause.to_string(),
            turn.from_media.unwrap_or_else(dash),
            turn.to_media.unwrap_or_else(dash),
            turn.from_version.to_string(),
        ]
    });
    table(["WHEN", "CAUSE", "FROM", "TO", "VERSION LEFT"], rows)
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn dash() -> String {
    "-".to_owned()
}
