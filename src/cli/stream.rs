//! `synctv stream`

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use time::OffsetDateTime;

use super::client::{Client, read, segment};
use super::key::whole_seconds;
use super::pretty;
use super::table::{bitrate, pairs, table};
use super::time::{relative, rough};
use crate::config::parse_duration;
use crate::http::admin::wire::{
    ChangeStream, CreatePlayUrl, CreateStream, PlayUrls, SignedUrls, StreamItem, StreamList,
};
use crate::live::{PullState, PullStatus, StreamState, StreamStatus, TrackStatus};

/// What can be done with streams.
#[derive(Debug, Subcommand)]
pub(super) enum StreamCommand {
    /// List streams
    List,
    /// Detected codecs, size, rate, viewers, and what will not play where
    Show {
        /// Name of the stream
        name: String,
    },
    /// Close the publisher; its key goes on working
    Kick {
        /// Name of the stream
        name: String,
    },
    /// Make a stream; nothing happens when it exists
    Create {
        /// Name of the stream
        name: String,
        /// Viewers need a signed URL
        #[arg(long)]
        private: bool,
    },
    /// Delete a stream and its keys; publisher and viewers are closed
    Delete {
        /// Name of the stream
        name: String,
    },
    /// Change who may watch
    #[command(group(clap::ArgGroup::new("visibility").required(true)))]
    Set {
        /// Name of the stream
        name: String,
        /// Viewers need a signed URL
        #[arg(long, group = "visibility")]
        private: bool,
        /// Anybody may watch
        #[arg(long, group = "visibility")]
        public: bool,
    },
    /// Signed play URLs, for a private stream
    Url {
        /// Name of the stream
        name: String,
        /// How long they work: 30m, 2h, 7d
        #[arg(long, value_name = "TIME", default_value = "2h", value_parser = parse_duration)]
        expires: Duration,
    },
}

pub(super) async fn run(command: StreamCommand, client: &Client, json: bool) -> Result<String> {
    let path = |name: &str, rest: &str| format!("/streams/{}{rest}", segment(name));
    match command {
        StreamCommand::List => {
            let answer = client.get("/streams").await?;
            if json { pretty(&answer) } else { Ok(list(read(answer)?)) }
        }
        StreamCommand::Show { name } => {
            let answer = client.get(&path(&name, "")).await?;
            if json { pretty(&answer) } else { Ok(show(read(answer)?)) }
        }
        StreamCommand::Kick { name } => {
            let answer = client.post(&path(&name, "/kick"), &json!({})).await?;
            if json { pretty(&answer) } else { Ok(format!("the publisher of {name} is closed")) }
        }
        StreamCommand::Create { name, private } => {
            let body = CreateStream { name, private: private.then_some(true) };
            let answer = client.post("/streams", &body).await?;
            if json { pretty(&answer) } else { Ok(visibility(&read(answer)?)) }
        }
        StreamCommand::Delete { name } => {
            client.delete(&path(&name, "")).await?;
            if json {
                pretty(&json!({ "stream": name, "deleted": true }))
            } else {
                Ok(format!("stream {name} and its keys are deleted"))
            }
        }
        StreamCommand::Set { name, private, public: _ } => {
            let answer = client.patch(&path(&name, ""), &ChangeStream { private }).await?;
            if json { pretty(&answer) } else { Ok(visibility(&read(answer)?)) }
        }
        StreamCommand::Url { name, expires } => {
            let body = CreatePlayUrl { expires_in_s: whole_seconds(expires) };
            let answer = client.post(&path(&name, "/url"), &body).await?;
            if json { pretty(&answer) } else { Ok(signed(&read(answer)?)) }
        }
    }
}

fn visibility(stream: &StreamItem) -> String {
    let who = if stream.private { "private: viewers need a signed URL" } else { "public" };
    format!("stream {} is {who}", stream.name)
}

fn signed(urls: &SignedUrls) -> String {
    let ends = relative(urls.expires_at, OffsetDateTime::now_utc());
    format!("{}\n\nThey expire {ends}.", play_urls(&urls.play))
}

/// Where to watch, one form a line.
pub(super) fn play_urls(play: &PlayUrls) -> String {
    pairs([
        ("page", play.page.clone()),
        ("HTTP-FLV", play.flv.clone()),
        ("WS-FLV", play.ws_flv.clone()),
        ("HLS", play.hls.clone()),
    ])
}

fn state(state: StreamState) -> &'static str {
    match state {
        StreamState::Live => "live",
        StreamState::Offline => "offline",
    }
}

/// What a pull does, in one word for a table.
const fn pull_state(state: PullState) -> &'static str {
    match state {
        PullState::Idle => "idle",
        PullState::Connecting => "connecting",
        PullState::Live => "live",
        PullState::Waiting => "waiting",
    }
}

/// What is to be told of a pull stream's upstream.
fn upstream(pull: &PullStatus) -> String {
    let PullStatus { state, upstream, attempts, last_error, retry_in_ms, holds } = pull;
    let mut rows = vec![
        ("pull", pull_state(*state).to_owned()),
        ("upstream", upstream.clone()),
        ("attempts", attempts.to_string()),
        ("held by", format!("{holds} active rooms")),
    ];
    if let Some(error) = last_error {
        rows.push(("last error", error.clone()));
    }
    if let Some(ms) = retry_in_ms {
        rows.push(("tries again", format!("in {:.1} s", *ms as f64 / 1000.0)));
    }
    table(["PULL", ""], rows.into_iter().map(|(name, value)| [name.to_owned(), value]))
}

fn list(list: StreamList) -> String {
    if list.streams.is_empty() {
        return "There are no streams yet: make one with `synctv key create STREAM`.".to_owned();
    }
    let now = OffsetDateTime::now_utc();
    let rows = list.streams.into_iter().map(|stream| {
        [
            stream.name,
            if stream.pull.is_some() { "pull" } else { "push" }.to_owned(),
            stream.pull.map_or_else(|| state(stream.state), pull_state).to_owned(),
            if stream.private { "private" } else { "public" }.to_owned(),
            stream.viewers.to_string(),
            bitrate(stream.bitrate_bps),
            relative(stream.created_at, now),
        ]
    });
    table(["STREAM", "KIND", "STATE", "VISIBILITY", "VIEWERS", "BITRATE", "CREATED"], rows)
}

fn show(status: StreamStatus) -> String {
    let dash = || "-".to_owned();
    let mut text = pairs([
        ("stream", status.name),
        ("state", state(status.state).to_owned()),
        ("visibility", if status.private { "private" } else { "public" }.to_owned()),
        ("publisher", status.publisher.unwrap_or_else(dash)),
        ("up", status.uptime_s.map_or_else(dash, |s| rough(Duration::from_secs(s)))),
        ("epoch", status.epoch.to_string()),
        ("bitrate", bitrate(status.bitrate_bps)),
        ("GOP", status.gop_ms.map_or_else(dash, |ms| format!("{:.2} s", ms as f64 / 1000.0))),
        ("viewers", status.viewers.to_string()),
    ]);
    if let Some(pull) = &status.pull {
        text += "\n\n";
        text += &upstream(pull);
    }
    if !status.tracks.is_empty() {
        text += "\n\n";
        text += &table(["TRACK", "CODEC", "FORMAT"], status.tracks.into_iter().map(track));
    }
    for warning in status.warnings {
        text += &format!("\nwarning: {warning}");
    }
    text
}

fn track(track: TrackStatus) -> [String; 3] {
    let size = track.width.zip(track.height).map(|(width, height)| format!("{width}x{height}"));
    let format = [
        size,
        track.fps.map(|fps| format!("{fps:.2} fps")),
        track.sample_rate.map(|rate| format!("{rate} Hz")),
        track.channels.map(|channels| format!("{channels} ch")),
    ];
    let format: Vec<_> = format.into_iter().flatten().collect();
    [track.kind, format!("{} ({})", track.codec, track.codec_string), format.join(", ")]
}
