//! Media: list, add, show, move, remove.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use synctv_store::{Media, NewMedia, Source};

use super::access::InRoom;
use super::media_source::{SOURCES, Streams, may_name, source_of, stream_of};
use super::media_url::named_after;
use super::playback::{hex, stop_if};
use super::rooms::page_size;
use super::tokens::fresh_id;
use super::wire::{AddMedia, Added, AddedMedia, MediaAbout, MediaFrom, MediaItem, MediaList, MoveMedia, NewItem};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::openapi::Failure;
use crate::http::admin::problem::Answer;
use crate::http::admin::request::{Asked, Body, ReachedAs};
use crate::provider::public_url;
use crate::room::playlist::target_hash;

/// Media on a page, unless it is said how many; the most; and the most that are added at once.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1000;
const ADDED_MAX: usize = 1000;
/// The longest duration that may be given: a year.
const DURATION_MAX_MS: u64 = 366 * 24 * 3600 * 1000;

/// The query of the list.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Page {
    playlist: Option<String>,
    #[serde(default)]
    offset: u64,
    limit: Option<u32>,
}

/// A playlist's media, a page at a time.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/media",
    tag = "media",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("playlist" = Option<String>, Query, description = "Id or name of the playlist; absent: the room's first"),
        ("offset" = Option<u64>, Query, description = "How many to pass over; absent: 0"),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1000; absent: 100"),
    ),
    responses((status = 200, description = "In order", body = MediaList), Failure)
)]
pub(in crate::http) async fn list(
    State(state): State<AdminState>,
    InRoom { room, .. }: InRoom,
    Asked(page): Asked<Page>,
) -> Answer<Json<MediaList>> {
    let limit = page_size(page.limit, PAGE, PAGE_MAX)?;
    let playlist = state.store.playlist(&room.id, page.playlist.as_deref()).await?;
    // No database counts further than this.
    let offset = page.offset.min(i64::MAX as u64);
    let media = state.store.media_page(&room.id, &playlist.id, offset, limit).await?;
    let end = offset.saturating_add(media.len() as u64);
    let next_offset = (!media.is_empty() && end < playlist.media).then_some(end);
    let media = media.into_iter().map(item).collect();
    Ok(Json(MediaList { playlist_id: playlist.id, media, total: playlist.media, next_offset }))
}

/// Append one media, or several: all or none.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/media",
    tag = "media",
    params(("room" = String, Path, description = "Id or name of the room")),
    request_body = AddMedia,
    responses((status = 201, description = "Added", body = Added), Failure)
)]
pub(in crate::http) async fn add(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    ReachedAs(reached): ReachedAs,
    Body(wanted): Body<AddMedia>,
) -> Answer<(StatusCode, Json<Added>)> {
    caller.need(room.settings.control)?;
    let playlist = state.store.playlist(&room.id, wanted.playlist.as_deref()).await?;
    let new_key = wanted.from.new_key;
    let (items, several) = items(wanted)?;
    items.iter().try_for_each(|item| may_name(&caller, &item.from))?;
    let media = (1..).zip(items).map(|(number, item)| {
        let which = several.then(|| format!("item {number} (`{}`): ", shown(&item.from)));
        new_media(&playlist.id, item).map_err(|err| at_item(err, which))
    });
    let media: Vec<_> = media.collect::<Result<_, _>>()?;
    let streams = Streams::ready(&state, &caller, &media, new_key && !several).await?;
    let first = match state.store.add_media(&room.id, &playlist.id, &media).await {
        Ok(first) => first,
        Err(err) => {
            streams.give_up(&state).await;
            return Err(err.into());
        }
    };
    let mut key = if several { None } else { streams.key(&state, reached.as_ref()).await? };
    let mut added = media.into_iter().zip(first..).map(|(media, position)| {
        let stream = stream_of(&media.source).map(str::to_owned);
        AddedMedia { id: media.id, position, stream, key: key.take() }
    });
    let answer = match added.next() {
        Some(one) if !several => Added::One(one),
        one => Added::Several { added: one.into_iter().chain(added).collect() },
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// One media.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/media/{id}",
    tag = "media",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("id" = String, Path, description = "Id of the media"),
    ),
    responses((status = 200, description = "The media", body = MediaItem), Failure)
)]
pub(in crate::http) async fn show(
    State(state): State<AdminState>,
    InRoom { room, .. }: InRoom,
    Path((_, id)): Path<(String, String)>,
) -> Answer<Json<MediaItem>> {
    Ok(Json(item(state.store.media(&room.id, &id).await?)))
}

/// Move a media to another place in its playlist.
#[utoipa::path(
    patch,
    path = "/api/v1/rooms/{room}/media/{id}",
    tag = "media",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("id" = String, Path, description = "Id of the media"),
    ),
    request_body = MoveMedia,
    responses((status = 200, description = "Where it is", body = MediaItem), Failure)
)]
pub(in crate::http) async fn move_to(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Path((_, id)): Path<(String, String)>,
    Body(wanted): Body<MoveMedia>,
) -> Answer<Json<MediaItem>> {
    caller.need(room.settings.control)?;
    if wanted.position == 0 {
        return Err(Error::Invalid("a position is 1 or more".into()).into());
    }
    let position = wanted.position.min(i64::MAX as u64);
    Ok(Json(item(state.store.move_media(&room.id, &id, position).await?)))
}

/// Remove a media; it is stopped when it is selected.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/media/{id}",
    tag = "media",
    params(
        ("room" = String, Path, description = "Id or name of the room"),
        ("id" = String, Path, description = "Id of the media"),
    ),
    responses((status = 204, description = "Removed"), Failure)
)]
pub(in crate::http) async fn remove(
    State(state): State<AdminState>,
    InRoom { room, caller }: InRoom,
    Path((_, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    caller.need(room.settings.control)?;
    let store = state.store.as_ref();
    let source = store.media(&room.id, &id).await?.source;
    stop_if(store, &room.id, |target| target.media_id == id).await?;
    store.remove_media(&room.id, &id).await?;
    if let Source::LiveProxy { stream, .. } = &source {
        state.pulls.recheck(stream);
    }
    state.playback.playables.forget(&room.id, &id);
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be added, and whether it was given as a list.
fn items(wanted: AddMedia) -> Result<(Vec<NewItem>, bool), Error> {
    let AddMedia { from, about, name, duration_ms, media, .. } = wanted;
    let one_or_many = || Error::Invalid(format!("give either {SOURCES} or `media`"));
    let is_one = from != MediaFrom::default();
    let is_told = about != MediaAbout::default() || name.is_some() || duration_ms.is_some();
    match media {
        None if is_one => Ok((vec![NewItem { from, about, name, duration_ms }], false)),
        Some(_) if is_one || is_told => Err(one_or_many()),
        Some(media) if media.is_empty() || media.len() > ADDED_MAX => {
            Err(Error::Invalid(format!("`media` has 1 to {ADDED_MAX} items, not {}", media.len())))
        }
        Some(media) => Ok((media, true)),
        None => Err(one_or_many()),
    }
}

/// As much of what somebody gave as stands in an error: without what may be secret.
fn shown(from: &MediaFrom) -> String {
    let text = from.url.as_deref().or(from.rtmp.as_deref()).unwrap_or_default();
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = if text.contains('@') { "..." } else { text };
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

/// An error of one of several items says which.
fn at_item(err: Error, which: Option<String>) -> Error {
    match (err, which) {
        (Error::Invalid(text), Some(which)) => Error::Invalid(which + &text),
        (err, _) => err,
    }
}

fn new_media(playlist_id: &str, item: NewItem) -> Result<NewMedia, Error> {
    let duration_ms = match (item.duration_ms, item.from.duration_ms()) {
        (Some(_), Some(_)) => {
            return Err(Error::Invalid("give either `duration_ms` or the source's `duration_seconds`".to_owned()));
        }
        (given, of_source) => given.or(of_source),
    };
    let source = source_of(item.from, item.about)?;
    let name = item.name.unwrap_or_else(|| match &source {
        Source::DirectUrl(direct) => direct.medias.first().map(|track| named_after(&track.url)).unwrap_or_default(),
        Source::Rtmp { stream } | Source::LiveProxy { stream, .. } => stream.clone(),
    });
    synctv_store::check_title("a media's name", &name)?;
    if duration_ms.is_some_and(|ms| !(1..=DURATION_MAX_MS).contains(&ms)) {
        return Err(Error::Invalid("a duration (`duration_ms`) is from 1 ms to 366 days".to_owned()));
    }
    if duration_ms.is_some() && stream_of(&source).is_some() {
        return Err(Error::Invalid("a live media has no duration".to_owned()));
    }
    let id = fresh_id("m_")?;
    let target_hash = target_hash(playlist_id, &id, None);
    let duration = duration_ms.map(Duration::from_millis);
    Ok(NewMedia { id, name, source, target_hash, duration })
}

fn item(media: Media) -> MediaItem {
    let source_kind = match media.source {
        Source::DirectUrl(_) => "direct_url",
        Source::Rtmp { .. } => "rtmp",
        Source::LiveProxy { .. } => "live_proxy",
    };
    MediaItem {
        id: media.id,
        playlist_id: media.playlist_id,
        position: media.position,
        name: media.name,
        source_kind: source_kind.to_owned(),
        url: public_url(&media.source).map(str::to_owned),
        stream: stream_of(&media.source).map(str::to_owned),
        target_hash: hex(&media.target_hash),
        duration_status: media.length.status().to_owned(),
        duration_ms: media.length.known_ms(),
        created_at: media.created_at,
    }
}
