//! Why the gateway refuses what an operator or a client asked for.

/// A refusal with a text that can be read alone. One place, `http::admin::problem`, maps it to a status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request makes no sense; the text says what would.
    #[error("{0}")]
    Invalid(String),
    /// What was asked for does not exist.
    #[error("{0}")]
    NotFound(String),
    /// It exists, but not in a state that allows this.
    #[error("{0}")]
    Conflict(String),
    /// The caller did not show that it may.
    #[error("{0}")]
    Unauthorized(String),
    /// Nobody may, as things are configured.
    #[error("{0}")]
    Forbidden(String),
    /// Not now; the operator has to look.
    #[error("{0}")]
    Unavailable(String),
}

impl From<synctv_store::Error> for Error {
    fn from(err: synctv_store::Error) -> Self {
        use synctv_store::Error as Store;
        let text = err.to_string();
        match err {
            Store::NotFound { .. } => Self::NotFound(text),
            Store::Conflict(_) => Self::Conflict(text),
            Store::Invalid(_) => Self::Invalid(text),
            _ => Self::Unavailable(text),
        }
    }
}
