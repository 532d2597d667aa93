//! Errors as `application/problem+json` (RFC 9457), and the one place where an error gets its status.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::wire::ProblemBody;
use crate::error::Error;
use crate::provider::PlayFailure;
use crate::room::message::State;

/// When something is unavailable, another attempt makes sense after so many seconds.
const RETRY_AFTER_S: u8 = 2;
/// The same for an origin that was asked and has not answered yet.
const LATE_AFTER_S: u8 = 1;

/// A failed request.
#[derive(Debug)]
pub(in crate::http) struct Problem {
    status: StatusCode,
    detail: String,
    /// Whole seconds after which another attempt may succeed.
    retry_after: Option<u8>,
    /// The fresh state, where a stale version was given.
    state: Option<Box<State>>,
}

/// What a handler answers.
pub(in crate::http) type Answer<T> = Result<T, Problem>;

impl Problem {
    fn new(status: StatusCode, detail: String) -> Self {
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_S);
        Self { status, detail, retry_after, state: None }
    }

    pub(in crate::http) fn wrong_method(method: &Method, path: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("{path} does not take {method}"))
    }

    /// Too often; another attempt may be made after so many seconds.
    pub(in crate::http) fn too_many(detail: &str, retry_after: u8) -> Self {
        let retry_after = Some(retry_after);
        Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail.to_owned()) }
    }

    /// It was there and will not come back.
    pub(in crate::http) fn gone(detail: &str) -> Self {
        Self::new(StatusCode::GONE, detail.to_owned())
    }

    /// A command for a version that is no longer the room's.
    pub(in crate::http) fn stale(expected: i64, state: State) -> Self {
        let detail = format!("the room is at version {}, not {expected}: somebody else changed it", state.version);
        Self { state: Some(Box::new(state)), ..Self::new(StatusCode::CONFLICT, detail) }
    }

    pub(in crate::http) fn unreadable_body(rejection: &axum::extract::rejection::BytesRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
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
        Self::new(status, err.to_string())
    }
}

impl From<PlayFailure> for Problem {
    fn from(failure: PlayFailure) -> Self {
        match failure {
            PlayFailure::Store(err) => err.into(),
            PlayFailure::Late => {
                let status = StatusCode::GATEWAY_TIMEOUT;
                Self { retry_after: Some(LATE_AFTER_S), ..Self::new(status, failure.to_string()) }
            }
            // What the origin did is in the log: an answer that told it would tell what is behind an address.
            other => Self::new(StatusCode::BAD_GATEWAY, other.to_string()),
        }
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
            state: self.state.map(|state| *state),
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"synctv\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(u16::from(seconds)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_succeed_later_says_when() {
        let unavailable = synctv_store::Error::Unavailable("the database is gone".into());
        let answers = [
            (Problem::from(unavailable), 503, Some("2")),
            (Problem::from(Error::Unavailable("x".into())), 503, Some("2")),
            (Problem::too_many("x", 1), 429, Some("1")),
            (PlayFailure::Late.into(), 504, Some("1")),
            (PlayFailure::Unplayable.into(), 502, None),
            (Problem::from(Error::NotFound("x".into())), 404, None),
        ];
        for (problem, status, seconds) in answers {
            let response = problem.into_response();
            assert_eq!(response.status(), status);
            let told = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(told, seconds, "{status}");
        }
    }
}
