//! `synctv room`

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use synctv_store::{Mode, Role};

use super::client::{Client, read, segment};
use super::key::whole_seconds;
use super::password::PasswordArgs;
use super::watch::WatchArgs;
use super::{pretty, room_table as show};
use crate::config::parse_duration;
use crate::http::rooms::wire::{ChangeRoom, CreateRoom, CreateToken, CreatedToken, KickMember, RoomItem, RoomList};

/// What can be done with rooms. ROOM is an id or a name.
#[derive(Debug, Subcommand)]
pub(super) enum RoomCommand {
    /// Make a room; its owner's token is shown this once
    Create {
        /// What people call it
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// List the rooms and how many are connected
    List,
    /// Show a room and its settings
    Show {
        /// Id or name
        room: String,
    },
    /// Change name, password or settings
    Set {
        /// Id or name
        room: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: PasswordArgs,
        /// Take the password away
        #[arg(long, conflicts_with_all = ["password", "password_file"])]
        no_password: bool,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Delete a room with everything in it; its members are closed
    Delete {
        /// Id or name
        room: String,
    },
    /// Make a token that opens the room; it is shown this once
    Token {
        /// Id or name
        room: String,
        /// What its holder may do
        #[arg(long, value_parser = role())]
        role: Role,
        /// What to call it
        #[arg(long)]
        label: Option<String>,
        /// How long it works: 12h, 30d [default: for ever]
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        expires: Option<Duration>,
    },
    /// List the room's tokens, without their secrets
    Tokens {
        /// Id or name
        room: String,
    },
    /// End a token for good and close who came in with it
    Revoke {
        /// Id or name
        room: String,
        /// Id of the token
        token_id: String,
    },
    /// Who is in the room, on all nodes
    Members {
        /// Id or name
        room: String,
    },
    /// Throw a member out; the token goes on working
    Kick {
        /// Id or name
        room: String,
        /// Id of the member
        member: String,
    },
    /// What played, newest first
    History {
        /// Id or name
        room: String,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Join over WebSocket and print what happens, until Ctrl-C
    Watch(WatchArgs),
}

/// How a room behaves.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SettingsArgs {
    /// What plays after the current item
    #[arg(long, value_parser = mode())]
    mode: Option<Mode>,
    /// How long the end of an item is held: 5s, 500ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    advance_delay: Option<Duration>,
    /// The least role that may control playback and playlists
    #[arg(long, value_parser = role())]
    control: Option<Role>,
}

impl SettingsArgs {
    const fn are_given(&self) -> bool {
        self.mode.is_some() || self.advance_delay.is_some() || self.control.is_some()
    }

    fn delay_ms(&self) -> Option<u64> {
        self.advance_delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
    }
}

fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.iter().map(|mode| mode.as_str()))
        .map(|word| Mode::from_word(&word).expect("one of the possible values"))
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.iter().map(|role| role.as_str()))
        .map(|word| Role::from_word(&word).expect("one of the possible values"))
}

impl RoomCommand {
    /// What is wrong with the arguments, beyond what each of them shows.
    pub(super) fn unusable(&self) -> Option<&'static str> {
        let Self::Set { name: None, password, no_password: false, settings, .. } = self else { return None };
        let changes = password.is_given() || settings.are_given();
        (!changes)
            .then_some("say what to change: --name, --password, --no-password, --mode, --advance-delay or --control")
    }
}

/// A path within a room.
pub(super) fn within(room: &str, rest: &str) -> String {
    format!("/rooms/{}{rest}", segment(room))
}

pub(super) async fn run(command: RoomCommand, client: &Client, json: bool) -> Result<String> {
    match command {
        RoomCommand::Create { name, password, settings } => create(client, json, name, &password, &settings).await,
        RoomCommand::List => {
            let list = all(client).await?;
            if json { pretty(&list) } else { Ok(show::list(list)) }
        }
        RoomCommand::Show { room } => {
            let answer = client.get(&within(&room, "")).await?;
            if json { pretty(&answer) } else { Ok(show::room(read(answer)?)) }
        }
        RoomCommand::Set { room, name, password, no_password, settings } => {
            let password = if no_password { Some(None) } else { password.read()?.map(Some) };
            let advance_delay_ms = settings.delay_ms();
            let change =
                ChangeRoom { name, password, mode: settings.mode, advance_delay_ms, control: settings.control };
            let answer = client.patch(&within(&room, ""), &change).await?;
            if json { pretty(&answer) } else { Ok(show::room(read(answer)?)) }
        }
        RoomCommand::Delete { room } => {
            client.delete(&within(&room, "")).await?;
            if json { pretty(&json!({ "room": room, "deleted": true })) } else { Ok(format!("room {room} is deleted")) }
        }
        RoomCommand::Watch(_) => anyhow::bail!("watching prints by itself"),
        other => run_within(other, client, json).await,
    }
}

/// Commands about who may be in a room, and who is.
async fn run_within(command: RoomCommand, client: &Client, json: bool) -> Result<String> {
    match command {
        RoomCommand::Token { room, role, label, expires } => {
            let body = CreateToken { role, label, expires_in_s: expires.map(whole_seconds) };
            let answer = client.post(&within(&room, "/tokens"), &body).await?;
            if json { pretty(&answer) } else { Ok(show::token(&read::<CreatedToken>(answer)?)) }
        }
        RoomCommand::Tokens { room } => {
            let answer = client.get(&within(&room, "/tokens")).await?;
            if json { pretty(&answer) } else { Ok(show::tokens(read(answer)?)) }
        }
        RoomCommand::Revoke { room, token_id } => {
            let answer = client.delete(&within(&room, &format!("/tokens/{}", segment(&token_id)))).await?;
            if json {
                pretty(&answer)
            } else {
                Ok(format!("token {token_id} is revoked; who came in with it is closed"))
            }
        }
        RoomCommand::Members { room } => {
            let answer = client.get(&within(&room, "/members")).await?;
            if json { pretty(&answer) } else { Ok(show::members(read(answer)?)) }
        }
        RoomCommand::Kick { room, member } => {
            client.post(&within(&room, "/kick"), &KickMember { member: member.clone() }).await?;
            if json {
                pretty(&json!({ "member": member, "kicked": true }))
            } else {
                Ok(format!("every node is told to close {member}"))
            }
        }
        RoomCommand::History { room, limit } => {
            let answer = client.get(&within(&room, &format!("/history?limit={limit}"))).await?;
            if json { pretty(&answer) } else { Ok(show::history(read(answer)?)) }
        }
        other => anyhow::bail!("{other:?} is not about who is in a room"),
    }
}

async fn create(
    client: &Client,
    json: bool,
    name: String,
    password: &PasswordArgs,
    settings: &SettingsArgs,
) -> Result<String> {
    let has_password = password.is_given();
    let body = CreateRoom {
        name,
        password: password.read()?,
        mode: settings.mode,
        advance_delay_ms: settings.delay_ms(),
        control: settings.control,
    };
    let answer = client.post("/rooms", &body).await?;
    if json { pretty(&answer) } else { Ok(show::created(&read(answer)?, has_password)) }
}

/// All pages of the list.
async fn all(client: &Client) -> Result<RoomList> {
    let mut rooms: Vec<RoomItem> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let from = after.map(|name| format!("&after={}", segment(&name))).unwrap_or_default();
        let page: RoomList = read(client.get(&format!("/rooms?limit=1000{from}")).await?)?;
        rooms.extend(page.rooms);
        after = page.next;
        if after.is_none() {
            return Ok(RoomList { rooms, next: None });
        }
    }
}
