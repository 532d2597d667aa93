//! A URL that is fetched as it is.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use synctv_store::{DirectUrl, Length, PlaybackKind, ProxyMode, Source, Track};
use tokio::time::timeout;
use url::Url;

use super::check::headers_of;
use super::expiry::expiry_of;
use super::origin::{Remote, first};
use super::result::{Format, Medium, Mode, Place, Playable};
use super::{PlayFailure, ProbeFailure, Provider, Wanted};
use crate::fetch::{self, Ask, Client};
use crate::probe::{self, Found};

/// No probe lasts longer.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(60);
/// Telling the format or the kind of a source does not last longer.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes that are looked at to tell a format.
const HEAD: usize = 1024;

pub(super) async fn probe(client: &Client, track: &Track) -> Result<Found, ProbeFailure> {
    let failed = |reason: String, lasting| ProbeFailure { reason, lasting };
    let headers = headers_of(track).map_err(|err| failed(err.to_string(), true))?;
    let remote = Remote::new(client, &track.url, headers);
    match timeout(PROBE_TIMEOUT, probe::probe(&remote, &track.url)).await {
        Ok(found) => found.map_err(|err| failed(err.to_string(), err.is_lasting())),
        Err(_) => Err(failed("the origin is too slow to find the duration".into(), false)),
    }
}

/// Plays URLs as they are: no remote API, so nothing is asked of an origin but what the URL's name does not tell.
#[derive(Debug)]
pub(super) struct DirectUrls<'a> {
    pub(super) client: &'a Client,
}

#[async_trait]
impl Provider for DirectUrls<'_> {
    async fn playable(&self, wanted: &Wanted<'_>) -> Result<Playable, PlayFailure> {
        let Source::DirectUrl(direct) = wanted.source else { return Err(PlayFailure::Unplayable) };
        let resolved = timeout(RESOLVE_TIMEOUT, self.resolve(direct, wanted.length)).await;
        resolved.unwrap_or(Err(PlayFailure::Origin(fetch::Error::Timeout("answer").to_string())))
    }
}

impl DirectUrls<'_> {
    async fn resolve(&self, direct: &DirectUrl, length: Length) -> Result<Playable, PlayFailure> {
        let mut medias = Vec::with_capacity(direct.medias.len());
        for track in &direct.medias {
            let (url, headers) = parts(track)?;
            let format = self.format(track, &url, &headers).await?;
            medias.push(medium(track, url, headers, format));
        }
        let kind = self.kind(direct, &medias, length).await?;
        let listed = |tracks: &[Track], default| {
            let listed = tracks.iter().map(|track| accompanying(track, default));
            listed.collect::<Result<Vec<_>, _>>().map(unique)
        };
        let mode = Mode {
            name: "direct".to_owned(),
            subtitles: listed(&direct.subtitles, "srt")?,
            danmakus: listed(&direct.danmakus, "xml")?,
            thumbnail: direct.thumbnail.as_ref().map(|track| accompanying(track, "jpg")).transpose()?,
            medias: unique(medias),
        };
        let all = mode.medias.iter().chain(&mode.subtitles).chain(&mode.danmakus).chain(&mode.thumbnail);
        let expires_at = all.filter_map(|medium| medium.expires_at).min();
        Ok(Playable { kind, modes: vec![mode], proxy_mode: direct.proxy_mode, expires_at })
    }

    async fn format(&self, track: &Track, url: &Url, headers: &HeaderMap) -> Result<Format, PlayFailure> {
        let said = track.format.as_deref().map(Format::named).or_else(|| Format::of_url(url));
        if let Some(format) = said {
            return Ok(format);
        }
        let range = Some((0, Some(HEAD as u64 - 1)));
        let ask = Ask { headers: headers.clone(), range, ..Ask::get(url.clone()) };
        let mut upstream = self.client.open(ask).await.map_err(unreachable)?;
        if !matches!(upstream.status.as_u16(), 200 | 206) {
            return Err(unreachable(fetch::Error::Status(upstream.status.as_u16())));
        }
        let told = upstream.header(CONTENT_TYPE).and_then(Format::of_type);
        let told = told.or_else(|| Format::of_url(&upstream.final_url));
        match told {
            Some(format) => Ok(format),
            None => {
                let head = first(&mut upstream, HEAD).await.map_err(unreachable)?;
                Format::of_bytes(&head).ok_or(PlayFailure::Unplayable)
            }
        }
    }

    /// Whether it has an end: as its source says, as is known already, else by a look into a manifest.
    async fn kind(&self, direct: &DirectUrl, medias: &[Medium], length: Length) -> Result<PlaybackKind, PlayFailure> {
        let told = match (direct.playback_kind, length) {
            (Some(kind), _) => Some(kind),
            (None, Length::Known(_)) => Some(PlaybackKind::Regular),
            (None, Length::Live) => Some(PlaybackKind::Live),
            _ => None,
        };
        let (Some(first), Some(track)) = (medias.first(), direct.medias.first()) else {
            return Err(PlayFailure::Unplayable);
        };
        if let Some(kind) = told.or_else(|| (!first.format.may_be_live()).then_some(PlaybackKind::Regular)) {
            return Ok(kind);
        }
        match probe(self.client, track).await {
            Ok(Found::Live) => Ok(PlaybackKind::Live),
            Ok(Found::Finite(_)) => Ok(PlaybackKind::Regular),
            // It may be out of our reach and not out of the clients'; nor does a file that tells no duration go on for ever.
            Err(failure) if direct.proxy_mode == ProxyMode::DirectOnly || is_file(&first.format, &failure) => {
                Ok(PlaybackKind::Regular)
            }
            Err(failure) => Err(PlayFailure::Origin(failure.reason)),
        }
    }
}

/// An FLV file that was read and does not tell its duration.
fn is_file(format: &Format, failure: &ProbeFailure) -> bool {
    *format == Format::Flv && failure.lasting
}

/// A track's URL and headers.
fn parts(track: &Track) -> Result<(Url, HeaderMap), PlayFailure> {
    let url = fetch::parse_url(&track.url).map_err(|_| PlayFailure::Unplayable)?;
    Ok((url, headers_of(track).map_err(|_| PlayFailure::Unplayable)?))
}

fn medium(track: &Track, url: Url, headers: HeaderMap, format: Format) -> Medium {
    let ends = [track.expires_at, expiry_of(&url)];
    Medium {
        name: track.name.clone().unwrap_or_default(),
        format,
        language: track.language.clone(),
        expires_at: ends.into_iter().flatten().min(),
        place: Place::Remote { url, headers: Arc::new(headers) },
    }
}

/// Subtitles, danmaku or a picture: of the usual format when the URL does not tell.
fn accompanying(track: &Track, usual: &str) -> Result<Medium, PlayFailure> {
    let (url, headers) = parts(track)?;
    let said = track.format.as_deref().map(Format::named).or_else(|| Format::of_url(&url));
    Ok(medium(track, url, headers, said.unwrap_or_else(|| Format::named(usual))))
}

/// Gives each a name that no other has: its own, its language, or its number; never a part of its URL, which may be nobody's business.
fn unique(mut media: Vec<Medium>) -> Vec<Medium> {
    let mut taken: HashSet<String> = HashSet::with_capacity(media.len());
    for (number, medium) in (1..).zip(&mut media) {
        let given = std::mem::take(&mut medium.name);
        let wanted = match (&medium.language, given.is_empty()) {
            (_, false) => given,
            (Some(language), true) => language.clone(),
            (None, true) => number.to_string(),
        };
        let numbered = (2..).map(|n| format!("{wanted} ({n})"));
        let free = std::iter::once(wanted.clone()).chain(numbered).find(|name| !taken.contains(name));
        medium.name = free.unwrap_or(wanted);
        taken.insert(medium.name.clone());
    }
    media
}

fn unreachable(err: fetch::Error) -> PlayFailure {
    PlayFailure::Origin(err.to_string())
}
