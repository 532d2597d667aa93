//! Why a manifest is not rewritten, and what a URI in one comes to.

use url::Url;

/// The longest URL that is given out in another's place, in bytes: what is made of it is a third longer, and must fit into the head of a
/// request (16 KiB, `http/accept.rs`). Templates are no longer either.
pub const URL_MAX: usize = 8 << 10;
/// The longest manifest that rewriting may come to, in bytes. 100 000 segments with long names are less than half of it.
pub const OUTPUT_MAX: usize = 64 << 20;

/// A manifest that is not rewritten. Says what is wrong and where, never what stands there: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the manifest cannot be rewritten: line {line}: {why}")]
pub struct Refused {
    /// What is wrong.
    pub why: Why,
    /// In which line, counted from 1.
    pub line: usize,
}

/// What can be wrong with a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Manifests are UTF-8 (RFC 8216bis 4.1).
    #[error("it is not UTF-8")]
    Charset,
    /// Neither `#EXTM3U` nor `MPD`.
    #[error("it does not begin as a manifest")]
    Beginning,
    /// [`OUTPUT_MAX`].
    #[error("it would become too long")]
    TooLong,
    /// A longer line or value is nobody's.
    #[error("a line is too long")]
    LineTooLong,
    /// What should be a URI is none, or longer than [`URL_MAX`].
    #[error("a URI cannot be read")]
    Uri,
    /// `file:`, `javascript:` and what else is not fetched over HTTP. Leaving such a URI out would leave a hole that nobody sees.
    #[error("a URI leads elsewhere than to HTTP")]
    Scheme,
    /// An attribute list that ends within a quoted string.
    #[error("a quoted string does not end")]
    Quote,
    /// A variable that cannot be defined as it is written, or more than may be.
    #[error("a variable is broken, too long, or one too many")]
    Variable,
    /// RFC 8216bis 4.3: a reference to what is not defined ends parsing.
    #[error("a variable is used that is not defined")]
    Undefined,
    /// What is written of a DASH template is none.
    #[error("a template cannot be read")]
    Template,
    /// One DASH segment list that would have to lead to several places.
    #[error("a segment list is inherited under another base URL")]
    List,
    /// Not well-formed, or not what it should say.
    #[error("its JSON is broken")]
    Json,
    /// Not well-formed.
    #[error("its XML is broken")]
    Xml,
    /// A document type can declare entities that stand for gigabytes, or for files.
    #[error("it declares a document type")]
    Doctype,
    /// Elements within elements, or more base URLs in force than may be.
    #[error("it is nested too deeply")]
    Depth,
}

impl Why {
    pub(super) fn at(self, line: usize) -> Refused {
        Refused { why: self, line }
    }
}

/// What a URI in a manifest comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Uri {
    /// It carries what it stands for (`data:`) or is the player's business (`skd:`).
    Stays,
    /// It is fetched from there.
    Leads(Url),
}

/// Resolves a URI. A fragment is not sent to an origin, and dropped.
pub(super) fn resolve(uri: &str, base: &Url) -> Result<Uri, Why> {
    if has_scheme(uri, "data:") || has_scheme(uri, "skd:") {
        return Ok(Uri::Stays);
    }
    let mut url = base.join(uri).map_err(|_| Why::Uri)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Why::Scheme);
    }
    if url.as_str().len() > URL_MAX {
        return Err(Why::Uri);
    }
    url.set_fragment(None);
    Ok(Uri::Leads(url))
}

pub(super) fn has_scheme(uri: &str, scheme: &str) -> bool {
    uri.trim_start().get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(uri: &str) -> Result<Uri, Why> {
        resolve(uri, &"https://o/a/b.m3u8?s=1#v".parse().unwrap())
    }

    #[test]
    fn uris_are_resolved_as_browsers_do() {
        for (uri, url) in [
            ("c.ts", "https://o/a/c.ts"),
            ("../c.ts?x=1", "https://o/c.ts?x=1"),
            ("//p/c", "https://p/c"),
            ("/c#t=5", "https://o/c"),
            (" c.ts ", "https://o/a/c.ts"),
            ("HTTP://P:80/c", "http://p/c"),
            ("?x", "https://o/a/b.m3u8?x"),
            ("", "https://o/a/b.m3u8?s=1"),
            ("ü.ts", "https://o/a/%C3%BC.ts"),
        ] {
            assert_eq!(resolved(uri), Ok(Uri::Leads(url.parse().unwrap())), "{uri}");
        }
        for uri in ["data:text/plain,x", "skd://key", " DATA:,", "SKD:x"] {
            assert_eq!(resolved(uri), Ok(Uri::Stays), "{uri}");
        }
    }

    #[test]
    fn nothing_but_http_is_ever_led_to() {
        for uri in
            ["file:///etc/passwd", "javascript:alert(1)", "JavaScript:x", "ftp://o/c", "blob:x", "urn:x", "\tfile:/x"]
        {
            assert_eq!(resolved(uri), Err(Why::Scheme), "{uri}");
        }
        for uri in ["http://[::1", "http://", "https://o:99999/", &format!("/{}", "x".repeat(URL_MAX))] {
            assert_eq!(resolved(uri), Err(Why::Uri), "{uri}");
        }
    }
}
