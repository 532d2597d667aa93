//! `synctv media`

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use time::OffsetDateTime;

use super::client::{Client, read, segment};
use super::media_add::AddArgs;
use super::room::within;
use super::table::table;
use super::{key, pretty, shown};
use crate::http::admin::wire::CreatedKey;
use crate::http::rooms::wire::{
    AddMedia, Added, AddedMedia, MediaFrom, MediaItem, MediaList, MoveMedia, NewItem, StreamKey,
};

/// Media sent in one request.
const PORTION: usize = 500;
/// Media that are named one by one when they are added.
const SHOWN: usize = 50;
/// Media asked for in one request.
const PAGE: u64 = 1000;

/// What can be done with media. ROOM and PLAYLIST are ids or names.
#[derive(Debug, Subcommand)]
pub(super) enum MediaCommand {
    /// Append media to a playlist
    Add(Box<AddArgs>),
    /// List a playlist's media in order
    List(ListArgs),
    /// Move a media to another place in its playlist
    Move {
        /// Id or name of the room
        room: String,
        /// Id of the media
        media: String,
        /// Its new place, from 1; beyond the end means the end
        position: u64,
    },
    /// Remove a media; it is stopped when it is selected
    #[command(visible_alias = "delete")]
    Remove {
        /// Id or name of the room
        room: String,
        /// Id of the media
        media: String,
    },
}

/// What is to be listed.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Id or name of the room
    room: String,
    /// Id or name of the playlist [default: the room's first]
    #[arg(long)]
    playlist: Option<String>,
    /// How many to pass over
    #[arg(long, default_value_t = 0)]
    offset: u64,
    /// At most so many
    #[arg(long, default_value_t = 100, conflicts_with = "all")]
    limit: u64,
    /// All to the end
    #[arg(long)]
    all: bool,
}

impl MediaCommand {
    /// What is wrong with the arguments, beyond what each of them shows.
    pub(super) fn unusable(&self) -> Option<&'static str> {
        let Self::Add(args) = self else { return None };
        args.unusable()
    }
}

pub(super) async fn run(command: MediaCommand, client: &Client, json: bool) -> Result<String> {
    match command {
        MediaCommand::Add(args) => add(client, *args, json).await,
        MediaCommand::List(args) => list(client, &args, json).await,
        MediaCommand::Move { room, media, position } => {
            let path = within(&room, &format!("/media/{}", segment(&media)));
            let answer = client.patch(&path, &MoveMedia { position }).await?;
            if json {
                return pretty(&answer);
            }
            let item: MediaItem = read(answer)?;
            Ok(format!("media {} is at {}", item.id, item.position))
        }
        MediaCommand::Remove { room, media } => {
            client.delete(&within(&room, &format!("/media/{}", segment(&media)))).await?;
            if json {
                pretty(&json!({ "media": media, "removed": true }))
            } else {
                Ok(format!("media {media} is removed"))
            }
        }
    }
}

async fn add(client: &Client, args: AddArgs, json: bool) -> Result<String> {
    let path = within(&args.room, "/media");
    if let Some(body) = args.one()? {
        let answer = client.post(&path, &body).await?;
        return if json { pretty(&answer) } else { Ok(shown_one(read(answer)?)) };
    }
    let AddArgs { room, mut urls, file, playlist, .. } = args;
    if let Some(file) = &file {
        urls.extend(urls_in(file)?);
    }
    let added = add_many(client, &path, &urls, playlist.as_deref()).await?;
    if json {
        return pretty(&json!({ "added": added }));
    }
    Ok(shown_added(&room, &added, &urls))
}

fn shown_one(added: AddedMedia) -> String {
    let AddedMedia { id, position, stream, key } = added;
    let mut text = format!("media {id} is at {position}");
    let Some(stream) = stream else { return text };
    text += &format!("; it plays stream {stream}");
    if let Some(key) = key {
        let StreamKey { key_id, secret, server_url, stream_key, publish_url, play, private } = *key;
        let (label, expires_at, replaces) = (None, None, None);
        let key = CreatedKey {
            key_id,
            stream,
            secret,
            server_url,
            stream_key,
            publish_url,
            play,
            private,
            label,
            expires_at,
            replaces,
        };
        text += &format!("\n\n{}", key::created(&key, OffsetDateTime::now_utc()));
    }
    text
}

/// What was added: what `playback start` needs, as long as somebody may read it.
fn shown_added(room: &str, added: &[AddedMedia], urls: &[String]) -> String {
    let (Some(first), Some(last)) = (added.first(), added.last()) else {
        return "nothing is added: there is no URL in the list".to_owned();
    };
    if added.len() > SHOWN {
        let (count, room) = (added.len(), shown::text(room));
        let (first, last) = (first.position, last.position);
        return format!("{count} media are added, at {first} to {last}; `synctv media list {room:?}` shows them");
    }
    let rows = added.iter().zip(urls);
    let rows = rows.map(|(media, url)| [media.position.to_string(), media.id.clone(), shown::text(url)]);
    table(["AT", "MEDIA", "URL"], rows)
}

/// Sends the URLs in portions; a portion that is refused leaves those before it added.
async fn add_many(client: &Client, path: &str, urls: &[String], playlist: Option<&str>) -> Result<Vec<AddedMedia>> {
    let mut added: Vec<AddedMedia> = Vec::with_capacity(urls.len());
    let mut stderr = std::io::stderr();
    let shows = stderr.is_terminal();
    for portion in urls.chunks(PORTION) {
        let media = portion.iter().map(|url| {
            let from = MediaFrom { url: Some(url.clone()), ..MediaFrom::default() };
            NewItem { from, ..NewItem::default() }
        });
        let media = media.collect();
        let body = AddMedia { media: Some(media), playlist: playlist.map(str::to_owned), ..AddMedia::default() };
        let so_far = added.len();
        let answer = client.post(path, &body).await;
        let answer = answer.with_context(|| format!("{so_far} of {} were added, then", urls.len()))?;
        match read(answer)? {
            Added::One(one) => added.push(one),
            Added::Several { added: portion } => added.extend(portion),
        }
        if shows {
            let _ = write!(stderr, "\r{} of {} added", added.len(), urls.len());
        }
    }
    if shows {
        let _ = writeln!(stderr);
    }
    Ok(added)
}

/// The lines of a file that are neither empty nor a comment.
fn urls_in(file: &Path) -> Result<Vec<String>> {
    let wrong = || format!("cannot read URLs from {}", file.display());
    let reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::io::BufReader::new(std::fs::File::open(file).with_context(wrong)?))
    };
    let lines: Vec<String> = reader.lines().collect::<Result<_, _>>().with_context(wrong)?;
    let is_url = |line: &&str| !line.is_empty() && !line.starts_with('#');
    Ok(lines.iter().map(|line| line.trim()).filter(is_url).map(str::to_owned).collect())
}

async fn list(client: &Client, args: &ListArgs, json: bool) -> Result<String> {
    let playlist = args.playlist.as_deref().map(|name| format!("&playlist={}", segment(name))).unwrap_or_default();
    let mut left = if args.all { u64::MAX } else { args.limit };
    let page_at = async |offset: u64, limit: u64| -> Result<MediaList> {
        let query = format!("/media?offset={offset}&limit={limit}{playlist}");
        read(client.get(&within(&args.room, &query)).await?)
    };
    let mut list = page_at(args.offset, left.min(PAGE)).await?;
    left = left.saturating_sub(list.media.len() as u64);
    while let Some(offset) = list.next_offset.filter(|_| left > 0) {
        let page = page_at(offset, left.min(PAGE)).await?;
        left = left.saturating_sub(page.media.len() as u64);
        list.media.extend(page.media);
        list.next_offset = page.next_offset;
        list.total = page.total;
    }
    if json { pretty(&list) } else { Ok(shown_list(list)) }
}

fn shown_list(list: MediaList) -> String {
    if list.total == 0 {
        return format!("Playlist {} is empty: add to it with `synctv media add ROOM --url URL`.", list.playlist_id);
    }
    if list.media.is_empty() {
        return format!("There are {} media in playlist {}; none from there on.", list.total, list.playlist_id);
    }
    let shown = list.media.len() as u64;
    let rows = list.media.into_iter().map(|media| {
        let duration = media.duration_ms.map_or(media.duration_status, |ms| shown::clock(ms, false));
        let from = media.url.or(media.stream).map_or_else(|| "-".to_owned(), |text| shown::text(&text));
        [media.position.to_string(), media.id, shown::text(&media.name), duration, media.source_kind, from]
    });
    let mut text = table(["AT", "MEDIA", "NAME", "DURATION", "KIND", "URL OR STREAM"], rows);
    if let Some(next) = list.next_offset {
        text += &format!("\n\n{shown} of {} media; the next ones: --offset {next}, or --all.", list.total);
    }
    text
}
