//! The API's description (OpenAPI 3.1), made from the handlers and their types, so that it cannot lag behind them.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::wire::ProblemBody;

/// Where it is served: open to all, because it says nothing about this server.
pub(super) const PATH: &str = "/api/v1/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "synctv",
        description = "Streams, publish keys, rooms and status of a synctv server. Over TCP a bearer token is needed: \
                       the operator's, or within one room one of its own; over the Unix socket in the data directory the file's permissions are the authority. \
                       Times are RFC 3339, spans are seconds, errors are problem documents (RFC 9457)."
    ),
    paths(
        super::status::show,
        super::cache::show,
        super::cache::purge,
        super::streams::list,
        super::streams::create,
        super::streams::show,
        super::streams::change,
        super::streams::delete,
        super::streams::kick,
        super::streams::play_url,
        super::keys::list,
        super::keys::create,
        super::keys::revoke,
        super::keys::revoke_by_post,
        super::keys::rotate,
        crate::http::rooms::rooms::list,
        crate::http::rooms::rooms::create,
        crate::http::rooms::rooms::show,
        crate::http::rooms::rooms::change,
        crate::http::rooms::rooms::delete,
        crate::http::rooms::join::join,
        crate::http::rooms::tokens::list,
        crate::http::rooms::tokens::create,
        crate::http::rooms::tokens::revoke,
        crate::http::rooms::playlists::list,
        crate::http::rooms::playlists::create,
        crate::http::rooms::playlists::change,
        crate::http::rooms::playlists::delete,
        crate::http::rooms::media::list,
        crate::http::rooms::media::add,
        crate::http::rooms::media::show,
        crate::http::rooms::media::move_to,
        crate::http::rooms::media::remove,
        crate::http::rooms::playback::state,
        crate::http::rooms::result::show,
        crate::http::rooms::playback::command,
        crate::http::rooms::playback::history,
        crate::http::rooms::members::list,
        crate::http::rooms::members::kick,
        crate::http::rooms::ws::join,
        show,
    ),
    components(schemas(ProblemBody)),
    security(("token" = [])),
    modifiers(&Token)
)]
struct Api;

/// What every operation may answer instead.
#[derive(IntoResponses)]
#[response(status = "default", description = "Refused or failed", content_type = "application/problem+json")]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::http) struct Failure(ProblemBody);

/// The bearer token of `http.token`.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("`http.token`, or a token of the room"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

static TEXT: LazyLock<Bytes> =
    LazyLock::new(|| Api::openapi().to_json().expect("a document of strings and maps can be written").into());

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "server",
    security(()),
    responses((status = 200, description = "This document", content_type = "application/json"))
)]
pub(super) async fn show() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], TEXT.clone()).into_response()
}
