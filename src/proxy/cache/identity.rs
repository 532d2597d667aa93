//! What two requests must have in common to be answered from the same bytes.

use sha2::{Digest, Sha256};
use url::{Position, Url};

use super::signed::unsigned;
use super::version::Version;
use crate::fetch::is_credential;
use crate::proxy::resource::Resource;

/// SHA-256 over length-prefixed fields.
pub(super) type Key = [u8; 32];

/// What a request is for.
#[derive(Debug, Clone)]
pub(super) struct Want {
    /// How it is asked for at its origin.
    pub resource: Resource,
    /// The URL without signatures, and all headers that are sent along.
    pub stable: Key,
    /// The same with signatures: what the origin has opened once opens again from here, and nothing else.
    pub exact: Key,
    /// Whether an origin may open more to this request than to just anybody.
    pub with_credentials: bool,
}

impl Want {
    pub fn new(resource: &Resource) -> Self {
        let (plain, signed) = unsigned(&resource.url);
        let mut whole = resource.url.clone();
        whole.set_fragment(None);
        let sent = || resource.headers.iter().filter(|(name, _)| !(resource.stripped && is_credential(name)));
        let mut headers: Vec<_> = sent().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        headers.sort_unstable();
        let with_credentials = signed || sent().any(|(name, _)| is_credential(name));
        let (stable, exact) = (key(&plain, &headers), key(whole.as_str(), &headers));
        Self { resource: resource.clone(), stable, exact, with_credentials }
    }

    /// The same URL for itself: it leads to something else than others that differ in their signatures alone.
    pub fn alone(&self) -> Self {
        Self { stable: self.exact, ..self.clone() }
    }

    /// Whether an answer to this request says what a version has become. One to another signature may say that the signature is dead.
    pub fn speaks_for(&self, version: &Version) -> bool {
        version.stable == self.exact
    }

    /// Whom it is asked of.
    pub fn origin(&self) -> String {
        self.resource.url.origin().ascii_serialization()
    }
}

fn key(url: &str, headers: &[(&str, &[u8])]) -> Key {
    let mut hash = Fields::new("resource");
    hash.add(url.as_bytes());
    for (name, value) in headers {
        hash.add(name.as_bytes());
        hash.add(value);
    }
    hash.end()
}

/// The part of a URL that may be written down: no query, no fragment.
pub(super) fn place(url: &Url) -> &str {
    &url[..Position::AfterPath]
}

/// A hash of fields, none of which can be taken for a part of another.
pub(super) struct Fields(Sha256);

impl Fields {
    pub fn new(purpose: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.add(purpose.as_bytes());
        fields
    }

    pub fn add(&mut self, field: &[u8]) {
        self.0.update((field.len() as u64).to_be_bytes());
        self.0.update(field);
    }

    pub fn end(self) -> Key {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hyper::HeaderMap;
    use hyper::header::{AUTHORIZATION, HeaderValue};

    use super::*;
    use crate::proxy::resource::Kind;

    fn want(url: &str, authorization: Option<&'static str>, stripped: bool) -> Want {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
        }
        Want::new(&Resource { kind: Kind::Media, url: url.parse().unwrap(), headers: Arc::new(headers), stripped })
    }

    #[test]
    fn rotating_signatures_lead_to_the_same_and_credentials_to_something_else() {
        let first = want("https://o/a?X-Amz-Signature=1&n=1", None, false);
        let second = want("https://o/a?X-Amz-Signature=2&n=1#x", None, false);
        assert_eq!(first.stable, second.stable);
        assert_ne!(first.exact, second.exact);
        assert!(first.with_credentials);
        assert_ne!(first.stable, want("https://o/a?n=2", None, false).stable);
        let bare = want("https://o/a", None, false);
        let known = want("https://o/a", Some("Bearer 1"), false);
        assert!(!bare.with_credentials && known.with_credentials);
        assert_ne!(bare.stable, known.stable);
        assert_ne!(known.stable, want("https://o/a", Some("Bearer 2"), false).stable);
        assert_eq!(bare.stable, want("https://o/a", Some("Bearer 1"), true).stable, "none are sent any more");
    }

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        let hash = |fields: &[&str]| {
            let mut hash = Fields::new("test");
            fields.iter().for_each(|field| hash.add(field.as_bytes()));
            hash.end()
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab"]), hash(&["ab", ""]));
    }
}
