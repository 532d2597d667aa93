//! The playback result: what a client needs to play what the room plays.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use synctv_store::{Snapshot, Target};
use time::OffsetDateTime;

use super::access::{Caller, InRoom};
use super::plane::{Bearer, PlaybackPlane, TrackPlace};
use super::playback::hex;
use super::wire::{PlaybackDanmaku, PlaybackMedia, PlaybackMode, PlaybackResult, PlaybackSubtitle};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::{Answer, Problem};
use crate::http::admin::request::{Asked, ReachedAs};
use crate::live::StreamStatus;
use crate::provider::result::{Format, Group, Medium, Place, Playable};
use crate::provider::{Given, Shown, Via};
use crate::proxy::resource::Kind;

/// The query of a result.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Wanted {
    #[serde(default)]
    absolute: bool,
}

/// What a client needs to play what is selected: named modes with their URLs.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/playback",
    tag = "playback",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("absolute" = Option<bool>, Query, description = "Write URLs of this server with its address, not rooted at it"),
    ),
    responses(
        (status = 200, description = "For whoever asks: its URLs end with their token", body = PlaybackResult),
        (status = 410, description = "All of its URLs have expired", body = crate::http::admin::wire::ProblemBody),
        (status = 502, description = "The media's origin does not answer as it must", body = crate::http::admin::wire::ProblemBody),
        (status = 504, description = "It does not in time, and is asked on: try again", body = crate::http::admin::wire::ProblemBody),
        Failure
    )
)]
pub(in crate::http) async fn show(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    ReachedAs(reached): ReachedAs,
    Asked(wanted): Asked<Wanted>,
) -> Answer<Json<PlaybackResult>> {
    let snapshot = state.store.snapshot(&room.id).await?;
    let Some(target) = &snapshot.playback.target else {
        return Err(Error::NotFound("nothing is selected in this room".into()).into());
    };
    let playable = state.playback.playables.get(&room.id, &target.media_id).await?;
    let now = OffsetDateTime::now_utc();
    let bearer = bearer(&state.playback, &snapshot, target, &caller, now);
    let base = match wanted.absolute {
        true => state.endpoints.bases(reached.as_ref()).web(),
        false => state.endpoints.root(),
    };
    let live = Live::of(&state, &playable).await?;
    let result =
        Giving { plane: &state.playback, playable: &playable, bearer, base, live, now }.result(&snapshot, target);
    let result = result.ok_or_else(|| Problem::gone("the URLs of this media have expired: add it again"))?;
    if let Some(expires_at) = result.expires_at {
        let (room_id, media_id) = (room.id, result.media_id.clone());
        state.playback.given.note(Given { room_id, media_id, generation: result.generation, expires_at }, now);
    }
    Ok(Json(result))
}

/// Until when the caller's URLs work: no longer than their token.
fn bearer<'a>(
    plane: &PlaybackPlane,
    snapshot: &'a Snapshot,
    target: &'a Target,
    caller: &'a Caller,
    now: OffsetDateTime,
) -> Bearer<'a> {
    let token = caller.token.as_ref();
    let end = now + plane.url_ttl;
    let end = token.and_then(|token| token.expires_at).map_or(end, |token_end| end.min(token_end));
    Bearer {
        room_id: &snapshot.room_id,
        media_id: &target.media_id,
        generation: snapshot.playback.generation,
        seq: snapshot.head,
        token_id: token.map(|token| token.id.as_str()),
        expires_unix: unix(end),
    }
}

/// Whole seconds, rounded down: nothing is promised longer than it holds.
fn unix(at: OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp()).unwrap_or_default()
}

/// What is known of a playable's stream.
#[derive(Debug, Default)]
struct Live {
    private: bool,
    status: Option<StreamStatus>,
}

impl Live {
    async fn of(state: &AdminState, playable: &Playable) -> Result<Self, Error> {
        let first = playable.modes.first().and_then(|mode| mode.medias.first());
        let Some(Medium { place: Place::Stream { name }, .. }) = first else { return Ok(Self::default()) };
        let private = state.store.stream(name).await?.private;
        Ok(Self { private, status: state.hub.status(name) })
    }
}

/// One result for one caller.
struct Giving<'a> {
    plane: &'a PlaybackPlane,
    playable: &'a Playable,
    bearer: Bearer<'a>,
    /// What URLs of this server begin with.
    base: String,
    live: Live,
    now: OffsetDateTime,
}

/// A track's URL for a client, and its end.
struct Link {
    url: String,
    via: Via,
    expires_at: Option<OffsetDateTime>,
}

impl Giving<'_> {
    /// `None` when nothing works any more.
    fn result(&self, snapshot: &Snapshot, target: &Target) -> Option<PlaybackResult> {
        let shown = self.playable.shown(self.now);
        let default_mode = shown.first()?.name.clone();
        let mut ends = Vec::new();
        let modes: BTreeMap<_, _> =
            shown.iter().map(|shown| (shown.name.clone(), self.mode(shown, &mut ends))).collect();
        Some(PlaybackResult {
            media_id: target.media_id.clone(),
            generation: snapshot.playback.generation,
            target_hash: hex(&target.hash),
            kind: self.playable.kind,
            duration_ms: snapshot.length.known_ms(),
            expires_at: ends.into_iter().min(),
            default_mode,
            modes,
        })
    }

    fn mode(&self, shown: &Shown, ends: &mut Vec<OffsetDateTime>) -> PlaybackMode {
        let mode = &self.playable.modes[shown.mode];
        let mut links = |group, tracks: &[Medium]| -> Vec<(Medium, Link)> {
            let working = tracks.iter().enumerate().filter(|(_, medium)| medium.works_at(self.now));
            let linked = working.map(|(index, medium)| (medium.clone(), self.link(shown, group, index, medium)));
            linked.inspect(|(_, link)| ends.extend(link.expires_at)).collect()
        };
        let medias: Vec<_> = links(Group::Media, &mode.medias);
        let subtitles = links(Group::Subtitle, &mode.subtitles);
        let danmakus = links(Group::Danmaku, &mode.danmakus);
        let thumbnail = links(Group::Thumbnail, mode.thumbnail.as_slice());
        PlaybackMode {
            default_media: medias.first().map(|(medium, _)| medium.name.clone()).unwrap_or_default(),
            medias: medias.into_iter().map(|(medium, link)| self.media(medium, link)).collect(),
            subtitles: subtitles.into_iter().map(|(medium, link)| subtitle(medium, link)).collect(),
            danmakus: danmakus.into_iter().map(|(medium, link)| danmaku(medium, link)).collect(),
            thumbnail: thumbnail.into_iter().next().map(|(_, link)| link.url),
        }
    }

    fn link(&self, shown: &Shown, group: Group, index: usize, medium: &Medium) -> Link {
        let base = &self.base;
        let signed_until = OffsetDateTime::from_unix_timestamp(self.bearer.expires_unix as i64).ok();
        match (&medium.place, self.playable.way(shown, group, medium)) {
            (Place::Stream { name }, via) => {
                let file = if medium.format == Format::Flv { ".flv" } else { "/index.m3u8" };
                let query = self.live.private.then(|| format!("?{}", self.plane.seals.live(&self.bearer, name)));
                let expires_at = signed_until.filter(|_| self.live.private);
                Link { url: format!("{base}/live/{name}{file}{}", query.unwrap_or_default()), via, expires_at }
            }
            (Place::Remote { url, .. }, Via::Direct) => {
                Link { url: url.to_string(), via: Via::Direct, expires_at: medium.expires_at }
            }
            (Place::Remote { .. }, Via::Proxy) => {
                let own = medium.expires_at.map_or(u64::MAX, unix);
                let bearer = Bearer { expires_unix: self.bearer.expires_unix.min(own), ..self.bearer };
                let place = TrackPlace { mode: shown.mode, group, index };
                let path = self.plane.seals.proxied(&bearer, place, kind(group, &medium.format), &file(group, medium));
                let expires_at = signed_until.into_iter().chain(medium.expires_at).min();
                Link { url: format!("{base}{path}"), via: Via::Proxy, expires_at }
            }
        }
    }

    fn media(&self, medium: Medium, link: Link) -> PlaybackMedia {
        let headers = match (&medium.place, link.via) {
            (Place::Remote { headers, .. }, Via::Direct) => {
                let shown = headers
                    .iter()
                    .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
                shown.collect()
            }
            _ => BTreeMap::new(),
        };
        let tracks = self.live.status.as_ref().map(|status| status.tracks.as_slice()).unwrap_or_default();
        let codecs: Vec<_> =
            tracks.iter().map(|track| track.codec_string.as_str()).filter(|name| !name.is_empty()).collect();
        PlaybackMedia {
            name: medium.name,
            format: medium.format.name().to_owned(),
            url: link.url,
            headers,
            expires_at: link.expires_at,
            codecs: (!codecs.is_empty()).then(|| codecs.join(",")),
            width: tracks.iter().find_map(|track| track.width),
            height: tracks.iter().find_map(|track| track.height),
        }
    }
}

fn subtitle(medium: Medium, link: Link) -> PlaybackSubtitle {
    let format = medium.format.name().to_owned();
    PlaybackSubtitle { name: medium.name, language: medium.language, format, url: link.url }
}

fn danmaku(medium: Medium, link: Link) -> PlaybackDanmaku {
    PlaybackDanmaku { name: medium.name, format: medium.format.name().to_owned(), url: link.url }
}

/// What a track is to the proxy.
fn kind(group: Group, format: &Format) -> Kind {
    match (group, format) {
        (Group::Media, Format::M3u8) => Kind::Hls,
        (Group::Media, Format::Mpd) => Kind::Dash,
        (Group::Media, _) => Kind::Media,
        (Group::Subtitle, _) => Kind::Subtitle,
        (Group::Danmaku, _) => Kind::Danmaku,
        (Group::Thumbnail, _) => Kind::Thumbnail,
    }
}

/// The last part of a proxied URL, for players that look at extensions; it says nothing of the origin's name for it.
fn file(group: Group, medium: &Medium) -> String {
    let stem = match group {
        Group::Media => "media",
        Group::Subtitle => "subtitle",
        Group::Danmaku => "danmaku",
        Group::Thumbnail => "thumbnail",
    };
    format!("{stem}.{}", medium.format.name())
}

#[cfg(test)]
#[path = "result_tests.rs"]
mod tests;
