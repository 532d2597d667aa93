//! `synctv playlist`

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use time::OffsetDateTime;

use super::client::{Client, read, segment};
use super::room::within;
use super::table::table;
use super::time::relative;
use super::{pretty, shown};
use crate::http::rooms::wire::{ChangePlaylist, CreatePlaylist, PlaylistItem, PlaylistList};

/// What can be done with playlists. ROOM and PLAYLIST are ids or names.
#[derive(Debug, Subcommand)]
pub(super) enum PlaylistCommand {
    /// Make an empty playlist
    Create {
        /// Id or name of the room
        room: String,
        /// What to call it
        name: String,
    },
    /// List a room's playlists
    List {
        /// Id or name of the room
        room: String,
    },
    /// Give a playlist another name
    Rename {
        /// Id or name of the room
        room: String,
        /// Id or name of the playlist
        playlist: String,
        /// The new name
        name: String,
    },
    /// Delete a playlist and its media; what plays from it is stopped
    Delete {
        /// Id or name of the room
        room: String,
        /// Id or name of the playlist
        playlist: String,
    },
}

pub(super) async fn run(command: PlaylistCommand, client: &Client, json: bool) -> Result<String> {
    let path = |room: &str, playlist: &str| within(room, &format!("/playlists/{}", segment(playlist)));
    let answer = match command {
        PlaylistCommand::Create { room, name } => {
            client.post(&within(&room, "/playlists"), &CreatePlaylist { name }).await?
        }
        PlaylistCommand::List { room } => {
            let answer = client.get(&within(&room, "/playlists")).await?;
            return if json { pretty(&answer) } else { Ok(list(read(answer)?)) };
        }
        PlaylistCommand::Rename { room, playlist, name } => {
            client.patch(&path(&room, &playlist), &ChangePlaylist { name }).await?
        }
        PlaylistCommand::Delete { room, playlist } => {
            client.delete(&path(&room, &playlist)).await?;
            return if json {
                pretty(&json!({ "playlist": playlist, "deleted": true }))
            } else {
                Ok(format!("playlist {} is deleted", shown::text(&playlist)))
            };
        }
    };
    if json {
        return pretty(&answer);
    }
    let playlist: PlaylistItem = read(answer)?;
    Ok(format!("playlist {} is called {}", playlist.id, shown::text(&playlist.name)))
}

fn list(list: PlaylistList) -> String {
    let now = OffsetDateTime::now_utc();
    let rows = list.playlists.into_iter().map(|playlist| {
        let created = relative(playlist.created_at, now);
        [playlist.id, shown::text(&playlist.name), playlist.media.to_string(), created]
    });
    table(["PLAYLIST", "NAME", "MEDIA", "CREATED"], rows)
}
