//! `synctv key`

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use time::OffsetDateTime;

use super::client::{Client, read, segment};
use super::table::{pairs, table};
use super::time::{relative, relative_or_dash};
use super::{pretty, stream};
use crate::config::parse_duration;
use crate::http::admin::wire::{CreateKey, CreatedKey, KeyItem, KeyList, KeyState, RotateKey};

/// What can be done with publish keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key for a stream, and the stream if it is missing; its secret is shown this once
    Create {
        /// Name of the stream
        stream: String,
        /// What to call the key
        #[arg(long)]
        label: Option<String>,
        /// How long it works: 12h, 30d [default: for ever]
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        expires: Option<Duration>,
    },
    /// List keys, without their secrets
    List {
        /// Only the keys of this stream
        stream: Option<String>,
    },
    /// End a key for good and close the publisher that uses it
    Revoke {
        /// Id of the key
        id: String,
    },
    /// Make a successor; the old key goes on working for the overlap
    Rotate {
        /// Id of the old key
        id: String,
        /// How long both work; 0 ends the old one at once
        #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration)]
        overlap: Duration,
        /// How long the successor works [default: as long as the old key was made for]
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        expires: Option<Duration>,
    },
}

pub(super) async fn run(command: KeyCommand, client: &Client, json: bool) -> Result<String> {
    match command {
        KeyCommand::Create { stream, label, expires } => {
            let body = CreateKey { stream, label, expires_in_s: expires.map(whole_seconds) };
            made(client.post("/keys", &body).await?, json)
        }
        KeyCommand::List { stream } => {
            let filter = stream.map(|name| format!("?stream={}", segment(&name))).unwrap_or_default();
            let answer = client.get(&format!("/keys{filter}")).await?;
            if json { pretty(&answer) } else { Ok(list(read(answer)?)) }
        }
        KeyCommand::Revoke { id } => {
            let answer = client.post(&format!("/keys/{}/revoke", segment(&id)), &json!({})).await?;
            if json {
                return pretty(&answer);
            }
            let key: KeyItem = read(answer)?;
            Ok(format!("key {} of stream {} is revoked; its publisher is closed", key.key_id, key.stream))
        }
        KeyCommand::Rotate { id, overlap, expires } => {
            let body = RotateKey { overlap_s: whole_seconds(overlap), expires_in_s: expires.map(whole_seconds) };
            made(client.post(&format!("/keys/{}/rotate", segment(&id)), &body).await?, json)
        }
    }
}

/// Rounded up: a key never lives shorter than asked for.
pub(super) fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

fn made(answer: serde_json::Value, json: bool) -> Result<String> {
    if json { pretty(&answer) } else { Ok(created(&read(answer)?, OffsetDateTime::now_utc())) }
}

/// A key that was just made, with its secret.
pub(super) fn created(key: &CreatedKey, now: OffsetDateTime) -> String {
    let label = key.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let ends = key.expires_at.map(|at| format!(", expires {}", relative(at, now))).unwrap_or_default();
    let replaces = key.replaces.as_ref().map(|old| format!(", in place of {old}")).unwrap_or_default();
    let publish = pairs([
        ("ffmpeg", format!("ffmpeg -re -i clip.mp4 -c copy -f flv '{}'", key.publish_url)),
        ("OBS server", key.server_url.clone()),
        ("OBS stream key", key.stream_key.clone()),
    ]);
    let hint = if key.private {
        format!("\n\nThe stream is private: `synctv stream url {} --expires 2h` makes URLs that open it.", key.stream)
    } else {
        String::new()
    };
    format!(
        "Key {}{label} for stream {}{ends}{replaces}.\nThe secret is shown this once: keep it now.\n\nPublish\n{publish}\n\nWatch\n{}{hint}",
        key.key_id,
        key.stream,
        stream::play_urls(&key.play),
    )
}

fn list(list: KeyList) -> String {
    if list.keys.is_empty() {
        return "There are no keys yet: make one with `synctv key create STREAM`.".to_owned();
    }
    let now = OffsetDateTime::now_utc();
    let rows = list.keys.into_iter().map(|key| {
        let state = match (key.state, &key.replaced_by) {
            (KeyState::Active, None) => "active".to_owned(),
            (KeyState::Active, Some(next)) => format!("active until replaced by {next}"),
            (KeyState::Expired, _) => "expired".to_owned(),
            (KeyState::Revoked, _) => "revoked".to_owned(),
        };
        let used = match (key.last_used_at, key.last_used_peer) {
            (Some(at), Some(peer)) => format!("{} from {peer}", relative(at, now)),
            _ => "never".to_owned(),
        };
        [
            key.key_id,
            key.stream,
            key.label.unwrap_or_else(|| "-".to_owned()),
            state,
            relative(key.created_at, now),
            relative_or_dash(key.expires_at, now),
            used,
        ]
    });
    table(["KEY", "STREAM", "LABEL", "STATE", "CREATED", "EXPIRES", "LAST USED"], rows)
}
