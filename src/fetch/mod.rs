//! The only way out to the network. [`guard`] says which addresses may be dialled; [`Client`] resolves once, has every address judged
//! and dials a judged one, on every hop of a redirect.

mod client;
mod connection;
mod content_range;
mod dial;
pub mod guard;
mod head_budget;
mod own;
mod pool;
mod ranged;
mod upstream;

#[cfg(test)]
pub(crate) mod lies_tests;
#[cfg(test)]
mod origin_tests;
#[cfg(test)]
mod pool_tests;
#[cfg(test)]
mod resolver_tests;
#[cfg(test)]
mod script_tests;
#[cfg(test)]
mod ssrf_tests;
#[cfg(test)]
mod tls_tests;

pub use client::{Client, Limits, Settings, Text};
pub use content_range::ContentRange;
use hyper::header::HeaderName;
pub use own::OwnPorts;
pub use ranged::Ranged;
pub use upstream::{Ask, PIECE_TIMEOUT, Upstream};
use url::Url;

/// The most bytes a URL may have that somebody gives. What a manifest names or an origin redirects to may be longer.
pub const URL_MAX: usize = 4096;

/// Why something could not be fetched. The texts carry no URL, address or header and are for the log; whoever asked is shown
/// [`Error::outward`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The URL is not one that is fetched; the text says what is.
    #[error("{0}")]
    Url(&'static str),
    /// An address behind the URL may not be dialled. Says nothing about what is there.
    #[error("this address may not be fetched")]
    Refused,
    /// The name has no address.
    #[error("the host is not found")]
    Unresolved,
    /// No connection, or it broke.
    #[error("the connection to the origin failed")]
    Connection,
    /// The origin's certificate is not one that is trusted, or TLS failed otherwise.
    #[error("TLS with the origin failed")]
    Tls,
    /// One of the time limits.
    #[error("the origin did not {0} in time")]
    Timeout(&'static str),
    /// More hops than are followed.
    #[error("the origin redirects too often")]
    Redirects,
    /// An answer that is neither a success nor a redirect.
    #[error("the origin answered {0}")]
    Status(u16),
    /// It is compressed although that was refused.
    #[error("the origin compresses what must come as it is")]
    Encoded,
    /// `Content-Range` is missing, malformed, or not what was asked for.
    #[error("the origin answered with another range than was asked for")]
    Range,
    /// The resource is not the one whose first bytes were read.
    #[error("the origin's file changed while it was read")]
    Changed,
    /// The body ended before its end, or goes on after it.
    #[error("the origin's answer has not the length it promised")]
    Length,
    /// More bytes than the caller takes.
    #[error("the origin's answer is too large")]
    TooLarge,
    /// The origin ignores `Range`, and what is wanted lies too far from the start.
    #[error("the origin does not support range requests")]
    NoRanges,
}

/// What is told of an origin that was not reached, whatever the reason.
pub const UNREACHABLE: &str = "the origin cannot be reached";

impl Error {
    /// What whoever asked may learn. Whether a host exists, has a port open, speaks TLS or is refused all reads alike: otherwise the answers
    /// would map the network that this process sees.
    #[must_use]
    pub fn outward(&self) -> String {
        match self {
            Self::Refused | Self::Unresolved | Self::Connection | Self::Tls | Self::Timeout(_) => UNREACHABLE.into(),
            other => other.to_string(),
        }
    }

    /// Whether another attempt will most likely end the same way. What [`outward`](Self::outward) tells alike is also tried again alike.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Url(_) | Self::Redirects | Self::Encoded | Self::TooLarge | Self::NoRanges => true,
            Self::Status(status) => (400..500).contains(status) && !matches!(status, 408 | 425 | 429),
            _ => false,
        }
    }
}

/// Reads a URL that may be fetched.
///
/// # Errors
/// [`Error::Url`] for anything but http and https, without a host, with a user name or password, too long or with unprintable characters.
pub fn parse_url(text: &str) -> Result<Url, Error> {
    if text.len() > URL_MAX {
        return Err(Error::Url("a URL has at most 4096 bytes"));
    }
    // Readers of URLs disagree about what a backslash is.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(Error::Url("a URL has no spaces, control characters or backslashes"));
    }
    let url = Url::parse(text).map_err(|_| Error::Url("not a URL: write it like https://example.org/film.mp4"))?;
    checked(url)
}

/// The same for a URL that is already read, as of a redirect.
pub(crate) fn checked(url: Url) -> Result<Url, Error> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::Url("only http and https URLs are fetched"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Error::Url("the URL has no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Url("a URL with a user name or password is not fetched"));
    }
    Ok(url)
}

/// Whether a configured header is withheld from every origin but the one it was configured for. Only headers that identify nobody are not.
#[must_use]
pub fn is_credential(name: &HeaderName) -> bool {
    !matches!(name.as_str(), "user-agent" | "referer" | "accept" | "accept-language" | "origin")
}
