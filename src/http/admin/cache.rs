//! What is kept of remote media: counts, and taking things out.

use axum::Json;
use axum::extract::State;

use super::AdminState;
use super::openapi::Failure;
use super::problem::Answer;
use super::request::Body;
use super::wire::{CacheStats, PurgeCache, PurgedCache};
use crate::error::Error;
use crate::proxy::cache::Purge;

/// What the cache has done, and what it holds.
#[utoipa::path(
    get,
    path = "/api/v1/cache",
    tag = "server",
    responses((status = 200, description = "The cache", body = CacheStats), Failure)
)]
pub(super) async fn show(State(state): State<AdminState>) -> Json<CacheStats> {
    Json(state.cache.stats())
}

/// Take things out of the cache. Whoever is served from them at this moment is served on.
#[utoipa::path(
    post,
    path = "/api/v1/cache/purge",
    tag = "server",
    request_body = PurgeCache,
    responses((status = 200, description = "Taken out", body = PurgedCache), Failure)
)]
pub(super) async fn purge(
    State(state): State<AdminState>,
    Body(wanted): Body<PurgeCache>,
) -> Answer<Json<PurgedCache>> {
    let what = match (wanted.url, wanted.host) {
        (None, None) => Purge::All,
        (Some(url), None) => Purge::prefix(&url),
        (None, Some(host)) => Purge::Host(host),
        (Some(_), Some(_)) => return Err(Error::Invalid("give a url or a host, not both".into()).into()),
    };
    Ok(Json(PurgedCache { resources: state.cache.purge(&what) as u64 }))
}
