//! `synctv playback get ROOM --urls`

use anyhow::{Result, bail};
use time::OffsetDateTime;

use super::client::{Client, read};
use super::room::within;
use super::table::{pairs, table};
use super::time::relative;
use super::{pretty, shown};
use crate::http::rooms::wire::{PlaybackMedia, PlaybackMode, PlaybackResult};

/// The playback result with absolute URLs; of one mode, if it is said which.
pub(super) async fn get(client: &Client, room: &str, mode: Option<&str>, json: bool) -> Result<String> {
    let mut result: PlaybackResult = read(client.get(&within(room, "/playback?absolute=true")).await?)?;
    if let Some(wanted) = mode {
        if !result.modes.contains_key(wanted) {
            let names: Vec<_> = result.modes.keys().map(String::as_str).collect();
            bail!("there is no mode `{wanted}`; there is {}", names.join(", "));
        }
        result.modes.retain(|name, _| name == wanted);
        wanted.clone_into(&mut result.default_mode);
    }
    if json { pretty(&result) } else { Ok(show(&result, OffsetDateTime::now_utc())) }
}

fn show(result: &PlaybackResult, now: OffsetDateTime) -> String {
    let kind = serde_json::to_value(result.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let head = pairs([
        ("media", result.media_id.clone()),
        ("kind", kind.unwrap_or_default()),
        ("duration", result.duration_ms.map_or_else(|| "-".to_owned(), |ms| shown::clock(ms, true))),
        ("expires", result.expires_at.map_or_else(|| "never".to_owned(), |at| relative(at, now))),
        ("default mode", result.default_mode.clone()),
    ]);
    let rows = result.modes.iter().flat_map(|(name, mode)| rows(name, mode));
    format!("{head}\n\n{}", table(["MODE", "WHAT", "NAME", "FORMAT", "URL"], rows))
}

fn rows(name: &str, mode: &PlaybackMode) -> Vec<[String; 5]> {
    let row = |what: &str, called: &str, format: &str, url: String| {
        [name.to_owned(), what.to_owned(), shown::text(called), format.to_owned(), url]
    };
    let medias = mode.medias.iter().map(|one| row("media", &one.name, &one.format, with_headers(one)));
    let subtitles = mode.subtitles.iter().map(|one| row("subtitle", &one.name, &one.format, shown::text(&one.url)));
    let danmakus = mode.danmakus.iter().map(|one| row("danmaku", &one.name, &one.format, shown::text(&one.url)));
    let thumbnail = mode.thumbnail.iter().map(|url| row("thumbnail", "-", "-", shown::text(url)));
    medias.chain(subtitles).chain(danmakus).chain(thumbnail).collect()
}

/// What stands after `curl`.
fn with_headers(media: &PlaybackMedia) -> String {
    let headers = media
        .headers
        .iter()
        .map(|(name, value)| format!(" -H '{}: {}'", shown::text(name), shown::text(value).replace('\'', r"'\''")));
    headers.fold(shown::text(&media.url), |line, header| line + &header)
}
