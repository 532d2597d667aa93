//! What a URL leads to: by its extension, by what the origin says, by the first bytes.

use url::Url;

use super::result::Format;

/// Extensions that are told apart, and the format of each.
const EXTENSIONS: &[(&str, &str)] = &[
    ("m3u8", "m3u8"),
    ("mpd", "mpd"),
    ("flv", "flv"),
    ("mp4", "mp4"),
    ("m4v", "mp4"),
    ("mov", "mp4"),
    ("mkv", "mkv"),
    ("webm", "webm"),
    ("avi", "avi"),
    ("ts", "ts"),
    ("mp3", "mp3"),
    ("m4a", "m4a"),
    ("aac", "aac"),
    ("ogg", "ogg"),
    ("opus", "ogg"),
    ("flac", "flac"),
    ("wav", "wav"),
    ("vtt", "vtt"),
    ("srt", "srt"),
    ("ass", "ass"),
    ("ssa", "ssa"),
    ("xml", "xml"),
    ("json", "json"),
    ("jpg", "jpg"),
    ("jpeg", "jpg"),
    ("png", "png"),
    ("webp", "webp"),
    ("gif", "gif"),
];
/// MIME types, and the format of each.
const TYPES: &[(&str, &str)] = &[
    ("application/vnd.apple.mpegurl", "m3u8"),
    ("application/x-mpegurl", "m3u8"),
    ("audio/mpegurl", "m3u8"),
    ("audio/x-mpegurl", "m3u8"),
    ("application/dash+xml", "mpd"),
    ("video/x-flv", "flv"),
    ("video/flv", "flv"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mp4"),
    ("video/x-m4v", "mp4"),
    ("video/x-matroska", "mkv"),
    ("video/webm", "webm"),
    ("audio/webm", "webm"),
    ("video/x-msvideo", "avi"),
    ("video/avi", "avi"),
    ("video/mp2t", "ts"),
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/aac", "aac"),
    ("audio/ogg", "ogg"),
    ("audio/flac", "flac"),
    ("audio/wav", "wav"),
];

impl Format {
    /// In the words of a result's `format`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::M3u8 => "m3u8",
            Self::Mpd => "mpd",
            Self::Flv => "flv",
            Self::File(name) => name,
        }
    }

    /// The format of this name, which may also be an extension (`jpeg`, `m4v`).
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let known = EXTENSIONS.iter().find(|(extension, _)| *extension == name).map(|(_, format)| *format);
        match known.unwrap_or(&name) {
            "m3u8" | "hls" => Self::M3u8,
            "mpd" | "dash" => Self::Mpd,
            "flv" => Self::Flv,
            other => Self::File(other.to_owned()),
        }
    }

    /// By the extension of a URL's path.
    #[must_use]
    pub fn of_url(url: &Url) -> Option<Self> {
        let (_, extension) = url.path().rsplit('/').next()?.rsplit_once('.')?;
        let known = EXTENSIONS.iter().any(|(known, _)| known.eq_ignore_ascii_case(extension));
        known.then(|| Self::named(extension))
    }

    /// By a `Content-Type`.
    #[must_use]
    pub fn of_type(content_type: &str) -> Option<Self> {
        let mime = content_type.split(';').next()?.trim();
        let (_, format) = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(mime))?;
        Some(Self::named(format))
    }

    /// By the first bytes, of an origin that says nothing useful.
    #[must_use]
    pub fn of_bytes(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let holds = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
        Some(match head {
            [b'#', b'E', b'X', b'T', b'M', b'3', b'U', ..] => Self::M3u8,
            [b'F', b'L', b'V', 1, ..] => Self::Flv,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::named("mp4"),
            [0x1a, 0x45, 0xdf, 0xa3, ..] if holds(b"webm") => Self::named("webm"),
            [0x1a, 0x45, 0xdf, 0xa3, ..] => Self::named("mkv"),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => Self::named("avi"),
            [b'I', b'D', b'3', ..] => Self::named("mp3"),
            [b'<', ..] if holds(b"<MPD") => Self::Mpd,
            _ => return None,
        })
    }

    /// Whether it may be live: only a look into it tells.
    #[must_use]
    pub fn may_be_live(&self) -> bool {
        matches!(self, Self::M3u8 | Self::Mpd | Self::Flv)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_its_format_by_its_extension() {
        for (url, format) in [
            ("http://h/a.m3u8?x=b.mp4", Some("m3u8")),
            ("http://h/a.MPD", Some("mpd")),
            ("http://h/a.m4v", Some("mp4")),
            ("http://h/a.mov#t=1", Some("mp4")),
            ("http://h/a.b.webm", Some("webm")),
            ("http://h/a.jpeg", Some("jpg")),
            ("http://h/dir.mp4/film", None),
            ("http://h/film.php", None),
            ("http://h/", None),
        ] {
            let told = Format::of_url(&Url::parse(url).unwrap());
            assert_eq!(told.as_ref().map(Format::name), format, "{url}");
        }
    }

    #[test]
    fn types_and_first_bytes_tell_it_too() {
        let name = |format: Option<Format>| format.map(|format| format.name().to_owned());
        assert_eq!(name(Format::of_type("Application/VND.apple.mpegURL; charset=utf-8")).as_deref(), Some("m3u8"));
        assert_eq!(name(Format::of_type("application/octet-stream")), None);
        for (head, format) in [
            (&b"#EXTM3U\n"[..], Some("m3u8")),
            (b"\xef\xbb\xbf#EXTM3U\n", Some("m3u8")),
            (b"FLV\x01\x05", Some("flv")),
            (b"\0\0\0\x20ftypisom", Some("mp4")),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Some("webm")),
            (b"\x1a\x45\xdf\xa3\x9f", Some("mkv")),
            (b"RIFF\0\0\0\0AVI LIST", Some("avi")),
            (b"<?xml version='1.0'?><MPD>", Some("mpd")),
            (b"<html>", None),
            (b"", None),
        ] {
            assert_eq!(name(Format::of_bytes(head)).as_deref(), format, "{head:?}");
        }
    }
}
