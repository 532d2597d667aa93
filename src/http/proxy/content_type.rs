//! The `Content-Type` that a client is told. A browser must not run what an origin sends as a page of ours, so only types that
//! are played, shown or read pass; what comes with no such type is told as the usual one of its format.

use url::Url;

use crate::provider::result::Format;
use crate::proxy::resource::Kind;

/// What everything else is.
pub const OPAQUE: &str = "application/octet-stream";
/// A longer one is not passed on.
const LONGEST: usize = 128;
/// Besides video, audio, fonts and pictures.
const PASSED: [&str; 12] = [
    "text/plain",
    "text/vtt",
    "text/srt",
    "text/x-ssa",
    "application/json",
    "application/mp4",
    "application/ogg",
    "application/octet-stream",
    "application/x-matroska",
    "application/x-subrip",
    "application/vnd.apple.mpegurl",
    "application/x-mpegurl",
];

/// The types of formats, and of extensions that are none: of what is played, shown or read. None of them runs.
const USUAL: [(&str, &str); 33] = [
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/mp4"),
    ("cmfv", "video/mp4"),
    ("m4s", "video/iso.segment"),
    ("m4f", "video/iso.segment"),
    ("ts", "video/mp2t"),
    ("m2ts", "video/mp2t"),
    ("mkv", "video/x-matroska"),
    ("webm", "video/webm"),
    ("flv", "video/x-flv"),
    ("avi", "video/x-msvideo"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("cmfa", "audio/mp4"),
    ("aac", "audio/aac"),
    ("ac3", "audio/ac3"),
    ("ec3", "audio/eac3"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("vtt", "text/vtt"),
    ("webvtt", "text/vtt"),
    ("srt", "application/x-subrip"),
    ("ass", "text/x-ssa"),
    ("ssa", "text/x-ssa"),
    ("json", "application/json"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
];
/// Types that say nothing of what is known to be played, shown or read.
const UNSPECIFIC: [&str; 2] = ["application/octet-stream", "text/plain"];

/// The type that a track's format says, or else the extension of the URL.
pub fn usual(kind: Kind, format: Option<&Format>, url: &Url) -> Option<&'static str> {
    if !matches!(kind, Kind::Media | Kind::Segment | Kind::Subtitle | Kind::Danmaku | Kind::Thumbnail) {
        return None;
    }
    let file = url.path().rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension);
    format.map(Format::name).into_iter().chain(extension).find_map(|name| match name {
        "xml" if kind == Kind::Danmaku => Some("application/xml"),
        name => USUAL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, usual)| *usual),
    })
}

/// The type to tell for a resource whose origin says `told`, and which is known to be `usual`.
pub fn of<'a>(kind: Kind, told: Option<&'a str>, usual: Option<&'static str>) -> &'a str {
    let Some(told) = told.filter(|told| is_plain(told)) else { return usual.unwrap_or(OPAQUE) };
    let essence = told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let passes = match essence.split_once('/') {
        Some(("video" | "audio" | "font", sub)) => !runs(sub),
        Some(("image", sub)) => !runs(sub),
        // A browser shows it as a tree at most: the answer says `sandbox`.
        Some(("text" | "application", "xml")) => kind == Kind::Danmaku,
        Some(_) => PASSED.contains(&essence.as_str()),
        None => false,
    };
    match usual {
        Some(usual) if !passes || UNSPECIFIC.contains(&essence.as_str()) => usual,
        _ if passes => told,
        _ => OPAQUE,
    }
}

/// XML of any sort may hold scripts.
fn runs(subtype: &str) -> bool {
    subtype.is_empty()
        || subtype.contains("xml")
        || subtype.contains("html")
        || subtype.contains("script")
        || subtype.contains("svg")
}

/// Whether it can stand in a header, and in a part's header, and is read the same by all.
fn is_plain(told: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" ;=\"'/+-._,".contains(&byte);
    told.len() <= LONGEST && told.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_played_or_read_keeps_its_type() {
        for told in [
            "video/mp4",
            "audio/mpeg",
            "VIDEO/MP2T",
            "video/mp4; codecs=\"avc1.640028, mp4a.40.2\"",
            "image/jpeg",
            "text/vtt; charset=utf-8",
            "application/x-subrip",
            "application/vnd.apple.mpegurl",
            "application/octet-stream",
        ] {
            assert_eq!(of(Kind::Media, Some(told), None), told);
        }
    }

    #[test]
    fn what_a_browser_would_run_is_opaque() {
        for told in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            " text/html",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/javascript",
            "application/javascript",
            "application/xml",
            "text/xml",
            "application/pdf",
            "text/css",
            "multipart/x-mixed-replace",
            "application/x-shockwave-flash",
            "video/mp4\r\nX: y",
            "video/svg+xml",
            "image/",
            "html",
            "",
            "text/html,video/mp4",
            "application/wasm",
            "message/rfc822",
        ] {
            assert_eq!(of(Kind::Media, Some(told), None), OPAQUE, "{told}");
        }
        assert_eq!(of(Kind::Media, None, None), OPAQUE);
        assert_eq!(of(Kind::Media, Some(&format!("video/{}", "x".repeat(LONGEST))), None), OPAQUE);
    }

    #[test]
    fn danmaku_is_xml() {
        assert_eq!(of(Kind::Danmaku, Some("text/xml; charset=utf-8"), None), "text/xml; charset=utf-8");
        assert_eq!(of(Kind::Danmaku, Some("application/xhtml+xml"), None), OPAQUE);
        assert_eq!(of(Kind::Subtitle, Some("text/xml"), None), OPAQUE);
    }

    fn usual_of(kind: Kind, format: Option<&str>, url: &str) -> Option<&'static str> {
        usual(kind, format.map(Format::named).as_ref(), &Url::parse(url).unwrap())
    }

    #[test]
    fn what_is_played_is_known_by_its_format_or_its_name() {
        for (kind, format, url, known) in [
            (Kind::Media, Some("mp4"), "http://o/film.bin", Some("video/mp4")),
            (Kind::Media, Some("flv"), "http://o/film", Some("video/x-flv")),
            (Kind::Media, Some("rm"), "http://o/film.TS?x=.mp4", Some("video/mp2t")),
            (Kind::Segment, None, "http://o/a/7.m4s?sig=a/b.mp3", Some("video/iso.segment")),
            (Kind::Segment, None, "http://o/dir.ts/seven", None),
            (Kind::Segment, None, "http://o/page.html", None),
            (Kind::Subtitle, Some("srt"), "http://o/s", Some("application/x-subrip")),
            (Kind::Danmaku, Some("xml"), "http://o/d", Some("application/xml")),
            (Kind::Segment, None, "http://o/d.xml", None),
            (Kind::Thumbnail, Some("jpg"), "http://o/t", Some("image/jpeg")),
            (Kind::Key, None, "http://o/key.mp4", None),
            (Kind::Other, None, "http://o/key.json", None),
        ] {
            assert_eq!(usual_of(kind, format, url), known, "{url}");
        }
    }

    #[test]
    fn a_missing_wrong_or_unspecific_type_is_the_usual_one() {
        let usual = Some("video/mp2t");
        for told in [
            None,
            Some("binary/octet-stream"),
            Some("application/octet-stream"),
            Some("text/plain; charset=utf-8"),
            Some("text/html"),
            Some("image/svg+xml"),
            Some("\u{7f}"),
        ] {
            assert_eq!(of(Kind::Segment, told, usual), "video/mp2t", "{told:?}");
        }
        assert_eq!(of(Kind::Segment, Some("video/mp4"), usual), "video/mp4", "wrong perhaps, but the origin's");
        assert_eq!(of(Kind::Subtitle, Some("text/plain"), None), "text/plain");
    }

    #[test]
    fn no_usual_type_runs() {
        for (name, usual) in USUAL {
            assert_eq!(of(Kind::Media, Some(usual), None), usual, "{name}");
        }
    }
}
