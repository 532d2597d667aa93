//! URLs of media: which are taken, and what a media is called after its URL.

use axum::http::Uri;
use synctv_store::TITLE_MAX;

use crate::error::Error;

/// The longest URL, in bytes.
const URL_MAX: usize = 4096;

/// Refuses what cannot be fetched.
///
/// # Errors
/// `Invalid`, which says what is allowed.
pub(super) fn check_url(url: &str) -> Result<(), Error> {
    let wrong = || Error::Invalid(format!("a media's URL is like https://HOST/PATH, at most {URL_MAX} bytes"));
    if url.len() > URL_MAX || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong());
    }
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let named = uri.host().is_some_and(|host| !host.is_empty());
    if !named || !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong());
    }
    Ok(())
}

/// The last part of the URL's path as people would write it, else its host.
pub(super) fn named_after(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let path = uri.as_ref().map_or("", Uri::path);
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let title = title_of(&unescaped(last));
    if title.is_empty() { title_of(uri.as_ref().and_then(Uri::host).unwrap_or("media")) } else { title }
}

/// As much of a text as a name may be.
fn title_of(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    let short: String = shown.trim().chars().take(TITLE_MAX).collect();
    short.trim_end().to_owned()
}

/// Without percent signs (RFC 3986 2.1); as it is when that makes no text.
fn unescaped(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&b| char::from(b).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            bytes.push((high * 16 + low) as u8);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_fetched_is_taken() {
        for url in ["http://h/a.mp4", "https://h:1/a?b=c", "http://[::1]/x", "HTTP://h"] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        let long = format!("http://h/{}", "x".repeat(URL_MAX));
        for url in [
            "",
            "h/a",
            "/a",
            "ftp://h/a",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://h/a b",
            "http://",
            &long,
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_media_is_called_after_its_url() {
        let long = format!("http://h/{}", "x".repeat(300));
        for (url, name) in [
            ("http://h/dir/film.mp4?x=1", "film.mp4"),
            ("http://h/a%20b%D7%A9.mp4", "a bש.mp4"),
            ("http://h/100%25", "100%"),
            ("http://h/%ff", "%ff"),
            ("http://h/%0a/", "h"),
            ("http://h", "h"),
            ("http://h/%", "%"),
        ] {
            assert_eq!(named_after(url), name, "{url}");
            assert!(synctv_store::check_title("x", &named_after(url)).is_ok());
        }
        assert_eq!(named_after(&long).len(), TITLE_MAX);
    }
}
