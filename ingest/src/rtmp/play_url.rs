//! The URL of a stream that we play: `rtmp://HOST[:PORT]/APP[/INSTANCE]/NAME[?QUERY]`.

use std::fmt;

/// Where RTMP listens when a URL does not say.
const PORT: u16 = 1935;
/// Bytes of a URL.
const URL_MAX: usize = 4096;

/// Where a stream is played, split as encoders split it. The path and the query may hold a key: printing it shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct PlayUrl {
    host: String,
    port: u16,
    app: String,
    name: String,
}

/// Why a URL cannot be played. Never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPlayUrl {
    /// Not `rtmp://`.
    #[error("an RTMP URL begins with rtmp://")]
    Scheme,
    /// More than 4096 bytes.
    #[error("a URL has at most 4096 bytes")]
    TooLong,
    /// Spaces, control characters or backslashes.
    #[error("a URL has no spaces, control characters or backslashes")]
    Character,
    /// A user name or password before the host.
    #[error("a URL with a user name or password is not fetched: give the secret as the server wants it, in the query")]
    UserInfo,
    /// No host, or what is no port.
    #[error("the URL has no host, or what stands behind it is no port")]
    Host,
    /// No application, or no name.
    #[error("an RTMP URL is rtmp://HOST/APP/NAME")]
    Path,
}

impl PlayUrl {
    /// Reads a URL. `a/b` is application and name, `a/b/c` the application `a/b` with the name `c`, whatever follows belongs to the name;
    /// so does the query.
    ///
    /// # Errors
    /// [`BadPlayUrl`].
    pub fn parse(text: &str) -> Result<Self, BadPlayUrl> {
        if text.len() > URL_MAX {
            return Err(BadPlayUrl::TooLong);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(BadPlayUrl::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(BadPlayUrl::Scheme)?;
        if !scheme.eq_ignore_ascii_case("rtmp") {
            return Err(BadPlayUrl::Scheme);
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(BadPlayUrl::UserInfo);
        }
        let (host, port) = host_and_port(authority)?;
        let path = path.strip_prefix('/').ok_or(BadPlayUrl::Path)?;
        let (app, name) = app_and_name(path)?;
        Ok(Self { host: host.to_owned(), port, app: app.to_owned(), name: name.to_owned() })
    }

    /// Name or address; an IPv6 address in its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// 1935 unless the URL says otherwise.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn app(&self) -> &str {
        &self.app
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What connect calls `tcUrl` (7.2.1.1): the URL without the name.
    pub(super) fn tc_url(&self) -> String {
        match self.port {
            PORT => format!("rtmp://{}/{}", self.host, self.app),
            port => format!("rtmp://{}:{port}/{}", self.host, self.app),
        }
    }
}

impl fmt::Debug for PlayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rtmp://{}:{}/..", self.host, self.port)
    }
}

fn host_and_port(authority: &str) -> Result<(&str, u16), BadPlayUrl> {
    // The colons of an IPv6 address stand inside brackets.
    let from = authority.rfind(']').unwrap_or_default();
    let tail = authority.get(from..).unwrap_or_default();
    let (host, port) = match tail.rfind(':') {
        Some(colon) => authority.split_at(from + colon),
        None => (authority, ""),
    };
    let port = match port.strip_prefix(':') {
        None => PORT,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| BadPlayUrl::Host)?,
        Some(_) => return Err(BadPlayUrl::Host),
    };
    if host.is_empty() || port == 0 { Err(BadPlayUrl::Host) } else { Ok((host, port)) }
}

fn app_and_name(path: &str) -> Result<(&str, &str), BadPlayUrl> {
    let plain = path.split('?').next().unwrap_or_default();
    let mut slashes = plain.match_indices('/').map(|(at, _)| at);
    let first = slashes.next().ok_or(BadPlayUrl::Path)?;
    let cut = slashes.next().filter(|second| *second + 1 < plain.len()).unwrap_or(first);
    let (app, name) = path.split_at(cut);
    let name = name.strip_prefix('/').unwrap_or_default();
    let nameless = name.is_empty() || name.starts_with('?');
    if app.is_empty() || nameless { Err(BadPlayUrl::Path) } else { Ok((app, name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (String, u16, String, String) {
        let url = PlayUrl::parse(text).unwrap();
        (url.host, url.port, url.app, url.name)
    }

    fn parts(host: &str, port: u16, app: &str, name: &str) -> (String, u16, String, String) {
        (host.into(), port, app.into(), name.into())
    }

    #[test]
    fn urls_are_split_as_encoders_split_them() {
        assert_eq!(split("rtmp://h/live/key?t=a"), parts("h", 1935, "live", "key?t=a"));
        assert_eq!(split("RTMP://h:19350/live/inst/key"), parts("h", 19350, "live/inst", "key"));
        assert_eq!(split("rtmp://[::1]:1936/a/b/c/key"), parts("[::1]", 1936, "a/b", "c/key"));
        assert_eq!(split("rtmp://[::1]/a/b"), parts("[::1]", 1935, "a", "b"));
        assert_eq!(split("rtmp://h/live/key?u=/x/y"), parts("h", 1935, "live", "key?u=/x/y"));
        let url = PlayUrl::parse("rtmp://h:1936/live/key").unwrap();
        assert_eq!(url.tc_url(), "rtmp://h:1936/live");
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        let refused = [
            ("http://h/a/b", BadPlayUrl::Scheme),
            ("rtmp:/h/a/b", BadPlayUrl::Scheme),
            ("rtmp://u:p@h/a/b", BadPlayUrl::UserInfo),
            ("rtmp://h/a b/c", BadPlayUrl::Character),
            ("rtmp://h\\@x/a/c", BadPlayUrl::Character),
            ("rtmp:///a/b", BadPlayUrl::Host),
            ("rtmp://h:0/a/b", BadPlayUrl::Host),
            ("rtmp://h:66000/a/b", BadPlayUrl::Host),
            ("rtmp://h:+80/a/b", BadPlayUrl::Host),
            ("rtmp://h", BadPlayUrl::Path),
            ("rtmp://h/live", BadPlayUrl::Path),
            ("rtmp://h/live/", BadPlayUrl::Path),
            ("rtmp://h/live/?key=a", BadPlayUrl::Path),
            ("rtmp://h//name", BadPlayUrl::Path),
        ];
        for (text, why) in refused {
            assert_eq!(PlayUrl::parse(text).unwrap_err(), why, "{text}");
        }
        let long = format!("rtmp://h/live/{}", "a".repeat(URL_MAX));
        assert_eq!(PlayUrl::parse(&long).unwrap_err(), BadPlayUrl::TooLong);
    }

    #[test]
    fn printing_shows_neither_path_nor_query() {
        let url = PlayUrl::parse("rtmp://h/live/secret?key=secret").unwrap();
        assert_eq!(format!("{url:?}"), "rtmp://h:1935/..");
    }
}
