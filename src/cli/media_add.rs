//! What `synctv media add` is told.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use synctv_store::{PlaybackKind, ProxyMode, Track};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::parse_duration;
use crate::http::rooms::wire::{AddMedia, MediaAbout, MediaFrom};

/// What is to be added.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Id or name of the room
    pub(super) room: String,
    /// Where it is: http or https; may be given more than once
    #[arg(long = "url", value_name = "URL", required_unless_present_any = ["file", "rtmp", "live_proxy", "source"])]
    pub(super) urls: Vec<String>,
    /// A file with a URL a line; `-` reads stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rtmp", "live_proxy", "source"])]
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    live: LiveArgs,
    #[command(flatten)]
    about: AboutArgs,
    /// What to call it [default: the end of the URL, or the stream's name]
    #[arg(long, conflicts_with = "file")]
    name: Option<String>,
    /// Its duration, when it is known; it is not probed then: 90s, 1h30m
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "file")]
    duration: Option<Duration>,
    /// Id or name of the playlist [default: the room's first]
    #[arg(long)]
    pub(super) playlist: Option<String>,
}

/// Media that are no file.
#[derive(Debug, Args)]
struct LiveArgs {
    /// A push stream of this server; made when missing, with a publish key when it has none that works
    #[arg(long, value_name = "STREAM", conflicts_with_all = ["urls", "live_proxy", "source"])]
    rtmp: Option<String>,
    /// Make another publish key for the stream although it has one
    #[arg(long, requires = "rtmp")]
    new_key: bool,
    /// Pull a live stream while somebody watches: rtmp, http or https (FLV or HLS)
    #[arg(long, value_name = "URL", conflicts_with_all = ["urls", "source"])]
    live_proxy: Option<String>,
    /// A whole source as JSON, from a file; `-` reads stdin
    #[arg(long, value_name = "FILE", conflicts_with = "urls")]
    source: Option<PathBuf>,
}

/// What there is to say about one URL.
#[derive(Debug, Args)]
struct AboutArgs {
    /// Sent to the URL's origin: 'NAME: VALUE', or @FILE with such lines, which keeps secrets out of the list of processes
    #[arg(long = "header", value_name = "HEADER|@FILE")]
    headers: Vec<String>,
    /// The same with the value of an environment variable
    #[arg(long = "header-env", value_name = "NAME=VARIABLE")]
    header_env: Vec<String>,
    /// Subtitles, perhaps with their language: en=https://example.org/en.srt
    #[arg(long = "subtitle", value_name = "[LANG=]URL")]
    subtitles: Vec<String>,
    /// Danmaku
    #[arg(long = "danmaku", value_name = "URL")]
    danmakus: Vec<String>,
    /// A picture
    #[arg(long, value_name = "URL")]
    thumbnail: Option<String>,
    /// m3u8, mpd, flv, mp4, ... [default: by the URL, else as the origin says]
    #[arg(long)]
    format: Option<String>,
    /// It has no end [default: found out]
    #[arg(long, conflicts_with = "regular")]
    live: bool,
    /// It has an end [default: found out]
    #[arg(long)]
    regular: bool,
    /// When the URL stops working: 2026-01-31T20:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    expires_at: Option<OffsetDateTime>,
    /// Whether members fetch it themselves: auto, prefer, only, direct_prefer, direct_only [default: auto]
    #[arg(long, value_name = "MODE", value_parser = proxy_mode)]
    proxy_mode: Option<ProxyMode>,
}

impl AddArgs {
    /// What is wrong with the arguments, beyond what each of them shows.
    pub(super) fn unusable(&self) -> Option<&'static str> {
        let one = self.name.is_some() || self.duration.is_some();
        let several = self.urls.len() > 1 || self.file.is_some();
        if one && several {
            return Some("--name and --duration are for one --url");
        }
        (several && self.about.is_told()).then_some("what is said about a URL is for one --url")
    }

    /// The body that adds one media; `None` when there are several.
    ///
    /// # Errors
    /// When a file or variable cannot be read, or something in it makes no sense.
    pub(super) fn one(&self) -> Result<Option<AddMedia>> {
        if self.file.is_some() || self.urls.len() > 1 {
            return Ok(None);
        }
        let LiveArgs { rtmp, new_key, live_proxy, source } = &self.live;
        let source = source.as_deref().map(read_source).transpose()?;
        let (rtmp, live_proxy) = (rtmp.clone(), live_proxy.clone());
        let from = MediaFrom { url: self.urls.first().cloned(), rtmp, new_key: *new_key, live_proxy, source };
        let duration_ms = self.duration.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        let (name, playlist) = (self.name.clone(), self.playlist.clone());
        Ok(Some(AddMedia { from, about: self.about.told()?, name, duration_ms, media: None, playlist }))
    }
}

impl AboutArgs {
    fn is_told(&self) -> bool {
        let lists = [&self.headers, &self.header_env, &self.subtitles, &self.danmakus];
        lists.iter().any(|list| !list.is_empty())
            || self.thumbnail.is_some()
            || self.format.is_some()
            || self.live
            || self.regular
            || self.expires_at.is_some()
            || self.proxy_mode.is_some()
    }

    fn told(&self) -> Result<MediaAbout> {
        let mut headers = BTreeMap::new();
        for given in &self.headers {
            match given.strip_prefix('@') {
                Some(file) => {
                    let text =
                        std::fs::read_to_string(file).with_context(|| format!("cannot read headers from {file}"))?;
                    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                    for line in lines {
                        put(&mut headers, line)?;
                    }
                }
                None => put(&mut headers, given)?,
            }
        }
        for given in &self.header_env {
            let (name, variable) = given.split_once('=').context("write --header-env like NAME=VARIABLE")?;
            let value = std::env::var(variable).with_context(|| format!("the variable {variable} cannot be read"))?;
            headers.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        let kind = if self.live { Some(PlaybackKind::Live) } else { self.regular.then_some(PlaybackKind::Regular) };
        Ok(MediaAbout {
            headers,
            format: self.format.clone(),
            expires_at: self.expires_at,
            subtitles: self.subtitles.iter().map(|text| subtitle(text)).collect(),
            danmakus: self.danmakus.iter().map(Track::at).collect(),
            thumbnail: self.thumbnail.as_ref().map(Track::at),
            playback_kind: kind,
            proxy_mode: self.proxy_mode,
        })
    }
}

fn put(headers: &mut BTreeMap<String, String>, line: &str) -> Result<()> {
    // The line may hold a secret: it is not repeated.
    let Some((name, value)) = line.split_once(':') else {
        bail!("a header is written like 'Referer: https://example.org/'")
    };
    headers.insert(name.trim().to_owned(), value.trim().to_owned());
    Ok(())
}

/// `en=URL` or a URL.
fn subtitle(text: &str) -> Track {
    let is_language = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let split = text.split_once('=').filter(|(language, _)| is_language(language));
    match split {
        Some((language, url)) => Track { language: Some(language.to_owned()), ..Track::at(url) },
        None => Track::at(text),
    }
}

fn read_source<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T> {
    let wrong = || format!("cannot read a source from {}", file.display());
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).with_context(wrong)?;
        text
    } else {
        std::fs::read_to_string(file).with_context(wrong)?
    };
    serde_json::from_str(&text).with_context(wrong)
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| format!("`{text}` is no time: write it like 2026-01-31T20:00:00Z"))
}

fn proxy_mode(text: &str) -> Result<ProxyMode, String> {
    serde_json::from_value(text.replace('-', "_").into())
        .map_err(|_| "it is auto, prefer, only, direct_prefer or direct_only".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtitle_may_say_its_language() {
        let told = |text: &str| (subtitle(text).language, subtitle(text).url);
        assert_eq!(told("en=http://h/a.srt?x=1"), (Some("en".into()), "http://h/a.srt?x=1".into()));
        assert_eq!(told("http://h/a.srt?x=1"), (None, "http://h/a.srt?x=1".into()));
    }

    #[test]
    fn modes_are_written_either_way() {
        assert_eq!(proxy_mode("direct-only"), Ok(ProxyMode::DirectOnly));
        assert_eq!(proxy_mode("direct_prefer"), Ok(ProxyMode::DirectPrefer));
        assert!(proxy_mode("never").is_err());
    }
}
