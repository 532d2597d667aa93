//! The JSON API under `/api/v1`: streams, publish keys and status for operators; [`super::rooms`] adds the rooms.
//!
//! [`router`] itself asks nobody who they are: on the Unix socket the file's permissions are the authority. For TCP,
//! [`require_token`] stands in front of it.

mod cache;
mod endpoints;
pub(super) mod keys;
pub(super) mod openapi;
pub(super) mod problem;
pub(super) mod request;
mod status;
mod streams;
pub(super) mod token;
pub mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Extension, Router};
use synctv_store::Store;

pub use endpoints::{Endpoints, PublicUrl};
pub use token::require_token;

use self::problem::Problem;
use super::rooms::{self, Doors, PlaybackPlane};
use crate::error::Error;
use crate::live::{Hub, Pulls};
use crate::proxy::cache::Cache;
use crate::room::RoomPlane;

/// No request body of this API is longer, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// Every request is answered within this time; a database that is gone must not hold clients for longer than 3 s.
const ANSWER_WITHIN: Duration = Duration::from_millis(2800);

/// A path and what it answers.
pub(super) type Route = (&'static str, MethodRouter<AdminState>);

/// What the API works on.
#[derive(Debug, Clone)]
pub struct AdminState {
    /// Streams and keys.
    pub store: Arc<dyn Store>,
    /// What is live.
    pub hub: Arc<Hub>,
    /// What is fetched from elsewhere.
    pub pulls: Arc<Pulls>,
    /// Rooms and who is connected to them here.
    pub rooms: Arc<RoomPlane>,
    /// What their media are to players, and the URLs that are given out.
    pub playback: Arc<PlaybackPlane>,
    /// What is kept of remote media.
    pub cache: Arc<Cache>,
    /// Where this server can be reached.
    pub endpoints: Endpoints,
    /// Pages of these origins may open WebSockets and ask how to play, besides this server's own.
    pub allowed_origins: Arc<[String]>,
    /// The database in words for an operator, without password: `sqlite DATA_DIR/synctv.db`.
    pub database: String,
    /// When the server started.
    pub started: Instant,
}

/// The API, with absolute paths from `/api/v1` on.
pub fn router(state: AdminState) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(in_time))
        .layer(Extension(Arc::new(Doors::default())))
        .layer(from_fn_with_state(state.clone(), rooms::admit))
        .with_state(state)
}

/// Every path there is. Each of its methods stands in [`openapi`] too.
fn routes() -> Vec<Route> {
    let own: [Route; 12] = [
        (openapi::PATH, get(openapi::show)),
        ("/api/v1/status", get(status::show)),
        ("/api/v1/cache", get(cache::show)),
        ("/api/v1/cache/purge", post(cache::purge)),
        ("/api/v1/streams", get(streams::list).post(streams::create)),
        ("/api/v1/streams/{name}", get(streams::show).patch(streams::change).delete(streams::delete)),
        ("/api/v1/streams/{name}/kick", post(streams::kick)),
        ("/api/v1/streams/{name}/url", post(streams::play_url)),
        ("/api/v1/keys", get(keys::list).post(keys::create)),
        ("/api/v1/keys/{id}", delete(keys::revoke)),
        ("/api/v1/keys/{id}/revoke", post(keys::revoke_by_post)),
        ("/api/v1/keys/{id}/rotate", post(keys::rotate)),
    ];
    own.into_iter().chain(rooms::routes()).collect()
}

/// A request that is not answered in time is given up: what it waits for does not answer.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Problem::from(Error::Unavailable("the database does not answer in time: try again".into())).into_response()
        }
    }
}

async fn no_route(uri: Uri) -> Problem {
    Error::NotFound(format!("there is nothing at {}", uri.path())).into()
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::wrong_method(&method, uri.path())
}

#[cfg(test)]
mod openapi_tests;
#[cfg(test)]
pub(crate) mod tests;
