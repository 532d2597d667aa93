//! Who may publish: asked by the ingest shell, answered by whoever knows the keys.

use std::{future::Future, net::SocketAddr, pin::Pin};

/// Leave to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The key that let the publisher in; `None` when no key is asked for.
    pub key_id: Option<String>,
    /// Whether play URLs of the stream need a signature.
    pub private: bool,
}

/// A refusal, in words for the person at the encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong and what to do, without any secret.
    pub description: String,
}

/// The future of [`Gate::authorize`].
pub type Authorizing<'a> = Pin<Box<dyn Future<Output = Result<Grant, Refused>> + Send + 'a>>;

/// Decides who may publish.
pub trait Gate: Send + Sync + 'static {
    /// Decides on one publish request.
    fn authorize<'a>(&'a self, stream: &'a str, key: Option<&'a str>, peer: SocketAddr) -> Authorizing<'a>;
}
