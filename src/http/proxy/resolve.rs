//! From what a URL says to what is fetched.

use axum::body::Body;
use hyper::{Response, StatusCode};

use super::head::problem;
use super::plane::{Opened, ProxyPlane};
use crate::error::Error;
use crate::provider::PlayFailure;
use crate::provider::result::Place;
use crate::proxy::resource::Resource;

/// The resource behind a URL, or what the client is told instead.
pub(super) async fn resource(plane: &ProxyPlane, opened: &Opened) -> Result<Resource, Box<Response<Body>>> {
    let playable =
        plane.playables.get(&opened.room_id, &opened.media_id).await.map_err(|failure| Box::new(told(&failure)))?;
    let place = opened.place;
    let Some(medium) = playable.medium(place.mode, place.group, place.index) else { return Err(Box::new(changed())) };
    let Place::Remote { url: home, headers } = &medium.place else { return Err(Box::new(changed())) };
    let (url, stripped) = match &opened.proxied {
        // Credentials belong to the origin they were configured for, wherever a manifest leads.
        Some(proxied) => (proxied.url.clone(), proxied.stripped || proxied.url.origin() != home.origin()),
        None => (home.clone(), false),
    };
    Ok(Resource { kind: opened.kind, url, headers: headers.clone(), stripped })
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
