//! Errors as `application/problem+json` (RFC 9457), and the one place where an error gets its status.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::wire::ProblemBody;
use crate::error::Error;

/// A failed request.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
}

/// What a handler answers.
pub(super) type Answer<T> = Result<T, Problem>;

impl Problem {
    pub(super) fn wrong_method(method: &Method, path: &str) -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, detail: format!("{path} does not take {method}") }
    }

    pub(super) fn unreadable_body(rejection: &axum::extract::rejection::BytesRejection) -> Self {
        Self { status: rejection.status(), detail: rejection.body_text() }
    }
}

impl From<Error> for Problem {
    fn from(err: Error) -> Self {
        let status = match &err {
            Error::Invalid(_) => StatusCode::BAD_REQUEST,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self { status, detail: err.to_string() }
    }
}

impl From<synctv_store::Error> for Problem {
    fn from(err: synctv_store::Error) -> Self {
        use synctv_store::Error as Store;
        let text = err.to_string();
        match err {
            Store::NotFound { .. } => Error::NotFound(text),
            Store::Conflict(_) => Error::Conflict(text),
            Store::Invalid(_) => Error::Invalid(text),
            _ => {
                tracing::error!(error = %text, "the store failed a request of the admin API");
                Error::Unavailable(text)
            }
        }
        .into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"synctv\""));
        }
        response
    }
}
