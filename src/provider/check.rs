//! What may be the source of a media.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use synctv_ingest::rtmp::PlayUrl;
use synctv_store::{DirectUrl, Source, Track, check_title};
use url::Url;

use crate::error::Error;
use crate::fetch;

/// Renditions of one media.
pub const MEDIAS_MAX: usize = 32;
/// Subtitles of one media.
pub const SUBTITLES_MAX: usize = 64;
/// Danmakus of one media.
pub const DANMAKUS_MAX: usize = 16;
/// Headers of one track.
pub const HEADERS_MAX: usize = 32;
/// Bytes of all names and values of one track's headers.
pub const HEADER_BYTES_MAX: usize = 8 << 10;
/// Characters of a format or a language.
const WORD_MAX: usize = 35;

/// Headers that belong to the connection, to our own requests, or to a proxy in front of us.
const REFUSED: &[&str] = &[
    "host",
    "transfer-encoding",
    "content-length",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "via",
    "forwarded",
    "x-real-ip",
    "accept-encoding",
    "range",
];
const REFUSED_FAMILIES: &[&str] = &["proxy-", "x-forwarded-", "sec-", "if-"];

/// Whether a URL may be the source of a media. Its address is judged only when it is fetched: what a name leads to may change.
///
/// # Errors
/// `Invalid` with what a URL must be like.
pub fn check_url(url: &str) -> Result<(), Error> {
    fetch::parse_url(url).map(|_| ()).map_err(|err| Error::Invalid(err.to_string()))
}

/// Checks a source that somebody gave, and puts it in the form in which it is stored: a user name and password in a URL become the
/// `Authorization` header that a browser makes of them, because a header is never shown.
///
/// # Errors
/// `Invalid`, which says what is wrong with which track.
pub fn check_source(source: &mut Source) -> Result<(), Error> {
    match source {
        Source::DirectUrl(direct) => check_direct(direct),
        Source::Rtmp { stream } => check_stream(stream),
        Source::LiveProxy { stream, upstream } => {
            check_stream(stream)?;
            check_upstream(upstream)
        }
    }
}

fn check_direct(direct: &mut DirectUrl) -> Result<(), Error> {
    if direct.medias.is_empty() {
        return Err(Error::Invalid("a direct URL has at least one media".into()));
    }
    let DirectUrl { medias, subtitles, danmakus, thumbnail, .. } = direct;
    let lists =
        [("media", medias, MEDIAS_MAX), ("subtitle", subtitles, SUBTITLES_MAX), ("danmaku", danmakus, DANMAKUS_MAX)];
    for (what, tracks, max) in lists {
        if tracks.len() > max {
            return Err(Error::Invalid(format!("a source has at most {max} of kind {what}, not {}", tracks.len())));
        }
        for track in tracks {
            // The text of a media alone is what people meet most: it stands without a name for it.
            check_track(track).map_err(|err| if what == "media" { err } else { within(what, err) })?;
        }
    }
    thumbnail.as_mut().map_or(Ok(()), |track| check_track(track).map_err(|err| within("thumbnail", err)))
}

fn check_track(track: &mut Track) -> Result<(), Error> {
    userinfo_to_header(track)?;
    check_url(&track.url)?;
    check_words(track)
}

/// Where a pull stream is fetched: as a track, and RTMP besides.
fn check_upstream(track: &mut Track) -> Result<(), Error> {
    let schemes = || Error::Invalid("a live proxy pulls from an rtmp, http or https URL".into());
    let url = Url::parse(&track.url).ok().filter(Url::has_host).ok_or_else(schemes)?;
    match url.scheme() {
        "http" | "https" => return check_track(track),
        "rtmp" => {}
        _ => return Err(schemes()),
    }
    // As it is given, and as it is played: that has no dot segments any more.
    for text in [track.url.as_str(), url.as_str()] {
        PlayUrl::parse(text).map_err(|bad| Error::Invalid(bad.to_string()))?;
    }
    if !track.headers.is_empty() {
        return Err(Error::Invalid("RTMP knows no headers".into()));
    }
    check_words(track)
}

fn check_words(track: &Track) -> Result<(), Error> {
    if let Some(name) = &track.name {
        check_title("a track's name", name)?;
    }
    let words = [("format", &track.format), ("language", &track.language)];
    for (what, word) in words.into_iter().filter_map(|(what, word)| Some((what, word.as_ref()?))) {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if word.is_empty() || word.len() > WORD_MAX || !word.chars().all(sound) {
            return Err(Error::Invalid(format!("a track's {what} is 1 to {WORD_MAX} letters, digits and `-`")));
        }
    }
    headers_of(track).map(|_| ())
}

fn check_stream(name: &str) -> Result<(), Error> {
    synctv_store::check_name(name).map_err(|err| Error::Invalid(err.to_string()))
}

/// A track's headers as they are sent.
///
/// # Errors
/// `Invalid` for a header that is refused or none, and for too many. A value is never repeated.
pub(super) fn headers_of(track: &Track) -> Result<HeaderMap, Error> {
    let bytes: usize = track.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if track.headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        return Err(Error::Invalid(format!(
            "a track has at most {HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes in all"
        )));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &track.headers {
        let shown: String = name.chars().take(64).flat_map(char::escape_debug).collect();
        let wrong = |why: &str| Error::Invalid(format!("the header `{shown}` {why}"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("has no valid name"))?;
        let lower = name.as_str();
        if REFUSED.contains(&lower) || REFUSED_FAMILIES.iter().any(|family| lower.starts_with(family)) {
            return Err(wrong("is not one that a source may set"));
        }
        let value = HeaderValue::from_str(value).map_err(|_| wrong("has no valid value"))?;
        if headers.insert(name, value).is_some() {
            return Err(wrong("is given twice"));
        }
    }
    Ok(headers)
}

fn userinfo_to_header(track: &mut Track) -> Result<(), Error> {
    let Ok(mut url) = Url::parse(&track.url) else { return Ok(()) };
    if url.username().is_empty() && url.password().is_none() || !matches!(url.scheme(), "http" | "https") {
        return Ok(());
    }
    if track.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")) {
        return Err(Error::Invalid("give either a user name in the URL or an Authorization header".into()));
    }
    let plain = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let pair = [plain(url.username()), plain(url.password().unwrap_or_default())].join(&b':');
    track.headers.insert("Authorization".to_owned(), format!("Basic {}", STANDARD.encode(pair)));
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| Error::Invalid("this URL cannot have a user name".into()))?;
    track.url = url.into();
    Ok(())
}

fn within(what: &str, err: Error) -> Error {
    match err {
        Error::Invalid(text) => Error::Invalid(format!("{what}: {text}")),
        err => err,
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
