//! The `Content-Type` that a client is told. A browser must not run what an origin sends as a page of ours, so only types that
//! are played, shown or read pass.

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

/// The type to tell for a resource whose origin says `told`.
pub fn of(kind: Kind, told: Option<&str>) -> &str {
    let Some(told) = told.filter(|told| is_plain(told)) else { return OPAQUE };
    let essence = told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let passes = match essence.split_once('/') {
        Some(("video" | "audio" | "font", sub)) => !runs(sub),
        Some(("image", sub)) => !runs(sub),
        // A browser shows it as a tree at most: the answer says `sandbox`.
        Some(("text" | "application", "xml")) => kind == Kind::Danmaku,
        Some(_) => PASSED.contains(&essence.as_str()),
        None => false,
    };
    if passes { told } else { OPAQUE }
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
            assert_eq!(of(Kind::Media, Some(told)), told);
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
            assert_eq!(of(Kind::Media, Some(told)), OPAQUE, "{told}");
        }
        assert_eq!(of(Kind::Media, None), OPAQUE);
        assert_eq!(of(Kind::Media, Some(&format!("video/{}", "x".repeat(LONGEST)))), OPAQUE);
    }

    #[test]
    fn danmaku_is_xml() {
        assert_eq!(of(Kind::Danmaku, Some("text/xml; charset=utf-8")), "text/xml; charset=utf-8");
        assert_eq!(of(Kind::Danmaku, Some("application/xhtml+xml")), OPAQUE);
        assert_eq!(of(Kind::Subtitle, Some("text/xml")), OPAQUE);
    }
}
