//! From what a URL says to what is fetched.

use axum::body::Body;
use hyper::{Response, StatusCode};
use time::OffsetDateTime;

use super::content_type;
use super::head::problem;
use super::plane::{Opened, ProxyPlane};
use crate::error::Error;
use crate::provider::PlayFailure;
use crate::provider::result::{Place, Playable};
use crate::proxy::resource::Resource;

/// What a URL leads to.
pub(super) struct Resolved {
    /// What is fetched.
    pub resource: Resource,
    /// The `Content-Type` that its format, or else its name, says.
    pub usual_type: Option<&'static str>,
}

/// The resource behind a URL, or what the client is told instead.
pub(super) async fn resolve(plane: &ProxyPlane, opened: &Opened) -> Result<Resolved, Box<Response<Body>>> {
    let place = opened.place;
    let now = OffsetDateTime::now_utc();
    let track = |playable: &Playable| playable.medium(place.mode, place.group, place.index).cloned();
    // While an origin is away, what is cached of it is had by what was known of the track.
    let holds = |old: &Playable| track(old).is_some_and(|medium| medium.works_at(now));
    let playable = plane.playables.get_while(&opened.room_id, &opened.media_id, holds).await;
    let playable = playable.map_err(|failure| Box::new(told(&failure)))?;
    let Some(medium) = track(&playable) else { return Err(Box::new(changed())) };
    let Place::Remote { url: home, headers } = medium.place else { return Err(Box::new(changed())) };
    let (url, stripped, format) = match &opened.proxied {
        // Credentials belong to the origin they were configured for, wherever a manifest leads.
        Some(proxied) => (proxied.url.clone(), proxied.stripped || proxied.url.origin() != home.origin(), None),
        None => (home, false, Some(medium.format)),
    };
    let usual_type = content_type::usual(opened.kind, format.as_ref(), &url);
    Ok(Resolved { resource: Resource { kind: opened.kind, url, headers, stripped }, usual_type })
}

fn changed() -> Response<Body> {
    problem(StatusCode::FORBIDDEN, "this media has changed: fetch the playback result again")
}

fn told(failure: &PlayFailure) -> Response<Body> {
    match failure {
        PlayFailure::Store(Error::NotFound(_)) => problem(
            StatusCode::FORBIDDEN,
            "the room does not have this media any more: fetch the playback result again",
        ),
        PlayFailure::Store(_) => problem(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer: try again"),
        PlayFailure::Late => problem(StatusCode::GATEWAY_TIMEOUT, &failure.to_string()),
        PlayFailure::Origin(_) | PlayFailure::Unplayable => problem(StatusCode::BAD_GATEWAY, &failure.to_string()),
    }
}
