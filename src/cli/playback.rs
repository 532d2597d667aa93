//! `synctv playback`

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::{Client, read};
use super::room::within;
use super::table::pairs;
use super::{playback_urls, pretty, shown};
use crate::config::parse_duration;
use crate::http::rooms::wire::{PlaybackCommand as Body, State, Word};

/// What can be done with a room's playback. ROOM is an id or a name.
#[derive(Debug, Subcommand)]
pub(super) enum PlaybackCommand {
    /// Where the room is
    #[command(visible_alias = "show")]
    Get {
        /// Id or name of the room
        room: String,
        /// The playback result: each mode's URLs, fit for curl and players
        #[arg(long)]
        urls: bool,
        /// Only the URLs of this mode: direct, proxy_direct, hls, flv, ...
        #[arg(long, value_name = "NAME")]
        mode: Option<String>,
    },
    /// Select a media and play it from its start
    #[command(disable_version_flag = true)]
    Start {
        /// Id or name of the room
        room: String,
        /// Id of the media
        media: String,
        #[command(flatten)]
        expected: Expected,
    },
    /// Let time pass; after the end, from the start
    #[command(disable_version_flag = true)]
    Play(Target),
    /// Hold
    #[command(disable_version_flag = true)]
    Pause(Target),
    /// Go to a position
    #[command(disable_version_flag = true)]
    Seek {
        /// Id or name of the room
        room: String,
        /// From the start: 90 (seconds), 1m30s, 1500ms, 1:02:03
        #[arg(value_parser = position)]
        position: i64,
        #[command(flatten)]
        expected: Expected,
    },
    /// Play faster or slower
    #[command(disable_version_flag = true)]
    Speed {
        /// Id or name of the room
        room: String,
        /// 1.0 is real time; from 0.25 to 4
        #[arg(value_parser = speed)]
        speed: f64,
        #[command(flatten)]
        expected: Expected,
    },
    /// The next item
    #[command(disable_version_flag = true)]
    Next(Target),
    /// The item before
    #[command(disable_version_flag = true)]
    Prev(Target),
    /// Select nothing
    #[command(disable_version_flag = true)]
    Stop(Target),
}

/// A room, and the version it is expected to have.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Id or name of the room
    room: String,
    #[command(flatten)]
    expected: Expected,
}

/// The version a command is meant for.
#[derive(Debug, Args)]
pub(super) struct Expected {
    /// Do it on this version of the state or not at all
    #[arg(id = "expected_version", long = "version", value_name = "N")]
    version: Option<i64>,
}

pub(super) async fn run(command: PlaybackCommand, client: &Client, json: bool) -> Result<String> {
    let plain = |word, target: Target| (target.room, body(word, &target.expected));
    let (room, body) = match command {
        PlaybackCommand::Get { room, urls, mode } if urls || mode.is_some() => {
            return playback_urls::get(client, &room, mode.as_deref(), json).await;
        }
        PlaybackCommand::Get { room, .. } => {
            let answer = client.get(&within(&room, "/state")).await?;
            return if json { pretty(&answer) } else { Ok(show(&read(answer)?)) };
        }
        PlaybackCommand::Start { room, media, expected } => {
            (room, Body { media_id: Some(media), ..body(Word::Start, &expected) })
        }
        PlaybackCommand::Seek { room, position, expected } => {
            (room, Body { position_ms: Some(position), ..body(Word::Seek, &expected) })
        }
        PlaybackCommand::Speed { room, speed, expected } => {
            (room, Body { speed: Some(speed), ..body(Word::Speed, &expected) })
        }
        PlaybackCommand::Play(target) => plain(Word::Play, target),
        PlaybackCommand::Pause(target) => plain(Word::Pause, target),
        PlaybackCommand::Next(target) => plain(Word::Next, target),
        PlaybackCommand::Prev(target) => plain(Word::Prev, target),
        PlaybackCommand::Stop(target) => plain(Word::Stop, target),
    };
    let answer = client.post(&within(&room, "/playback"), &body).await?;
    if json { pretty(&answer) } else { Ok(show(&read(answer)?)) }
}

fn body(command: Word, expected: &Expected) -> Body {
    Body { command, media_id: None, position_ms: None, speed: None, version: expected.version }
}

/// `90`, `1m30s` or `1:02:03` in ms.
fn position(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a position: write it like 90, 1m30s, 1500ms or 1:02:03");
    if !text.contains(':') {
        let span = parse_duration(text).map_err(|_| wrong())?;
        return i64::try_from(span.as_millis()).map_err(|_| wrong());
    }
    let parts: Vec<i64> = text.split(':').map(|part| part.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    let fits = parts.len() <= 3 && parts.iter().all(|part| *part >= 0) && parts.iter().skip(1).all(|part| *part < 60);
    let seconds = parts.iter().try_fold(0_i64, |all, part| all.checked_mul(60)?.checked_add(*part));
    seconds.filter(|_| fits).and_then(|seconds| seconds.checked_mul(1000)).ok_or_else(wrong)
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed: &f64| speed.is_finite());
    speed.ok_or_else(|| format!("`{text}` is not a speed: write it like 0.5, 1 or 1.25"))
}

/// What the state is, in one word.
pub(super) fn word(state: &State) -> &'static str {
    match state {
        State { media_id: None, .. } => "nothing is selected",
        State { ended: true, .. } => "ended",
        State { playing: true, .. } => "playing",
        _ => "paused",
    }
}

fn show(state: &State) -> String {
    let dash = || "-".to_owned();
    let duration = state.duration_ms.map(|ms| shown::clock(ms, true)).or_else(|| state.duration_status.clone());
    pairs([
        ("state", word(state).to_owned()),
        ("media", state.media_id.clone().unwrap_or_else(dash)),
        ("playlist", state.playlist_id.clone().unwrap_or_else(dash)),
        ("position", shown::clock(state.position_ms, true)),
        ("duration", duration.unwrap_or_else(dash)),
        ("speed", format!("{}x", state.speed)),
        ("version", state.version.to_string()),
        ("generation", state.generation.to_string()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_people_write_them() {
        for (text, ms) in
            [("90", 90_000), ("1m30s", 90_000), ("1500ms", 1500), ("1:02:03", 3_723_000), ("2:05", 125_000)]
        {
            assert_eq!(position(text), Ok(ms), "{text}");
        }
        for text in ["", "-5", "1:60", "1:-1", "1:2:3:4", "x:1", "9223372036854775807:00"] {
            assert!(position(text).is_err(), "{text}");
        }
    }
}
