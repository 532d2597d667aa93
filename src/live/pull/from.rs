//! Where a pull stream comes from.

use super::PullError;
use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};
use std::fmt;
use synctv_ingest::rtmp::PlayUrl;
use url::Url;

/// A URL, and what is sent with each request to it. Both may hold secrets: printing shows scheme and host.
#[derive(Clone, PartialEq, Eq)]
pub struct PullFrom {
    /// `rtmp`, `http` or `https`.
    pub url: Url,
    /// What the source configured; credentials among it go to the URL's own origin alone (`fetch::is_credential`).
    pub headers: HeaderMap,
}

/// What speaks at the other end, as far as the URL says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An RTMP server.
    Rtmp,
    /// A playlist.
    Hls,
    /// FLV over HTTP, or whatever the answer turns out to be.
    Http,
}

impl PullFrom {
    /// Reads a stored source.
    ///
    /// # Errors
    /// [`PullError::Url`] for a URL that is not fetched, or headers that are none.
    pub fn new<'a>(url: &str, headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, PullError> {
        let is_rtmp = url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("rtmp://"));
        let url = if is_rtmp {
            PlayUrl::parse(url).map_err(|bad| PullError::Url(bad.to_string()))?;
            Url::parse(url).map_err(|_| PullError::Url("not a URL".into()))?
        } else {
            crate::fetch::parse_url(url).map_err(|bad| PullError::Url(bad.to_string()))?
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| PullError::Url("a header's name is none".into()))?;
            let value = HeaderValue::from_str(value).map_err(|_| PullError::Url("a header's value is none".into()))?;
            map.insert(name, value);
        }
        Ok(Self { url, headers: map })
    }

    /// Who is asked.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let path = self.url.path();
        let ends = |suffix: &str| {
            let at = path.len().checked_sub(suffix.len());
            at.and_then(|at| path.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        };
        match self.url.scheme() {
            "rtmp" => Origin::Rtmp,
            _ if ends(".m3u8") || ends(".m3u") => Origin::Hls,
            _ => Origin::Http,
        }
    }

    /// Scheme and host: what may be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}://{}", self.url.scheme(), self.url.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for PullFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_who_is_asked() {
        let origin = |url| PullFrom::new(url, []).unwrap().origin();
        assert_eq!(origin("rtmp://h/live/a"), Origin::Rtmp);
        assert_eq!(origin("https://h/a/index.M3U8?t=.flv"), Origin::Hls);
        assert_eq!(origin("http://h/live/a.flv"), Origin::Http);
        assert_eq!(origin("http://h/play?id=7.m3u8"), Origin::Http);
    }

    #[test]
    fn what_is_not_fetched_is_refused_without_being_repeated() {
        for url in
            ["ftp://h/hunter2", "rtmp://h/hunter2", "rtmp://u:hunter2@h/live/a", "http://u:hunter2@h/", "hunter2"]
        {
            let refused = PullFrom::new(url, []).unwrap_err();
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
            assert!(refused.is_lasting());
        }
        assert!(PullFrom::new("http://h/a.flv", [("a b", "c")]).is_err());
        assert!(PullFrom::new("http://h/a.flv", [("a", "secret\r\nb: c")]).is_err());
    }

    #[test]
    fn printing_shows_scheme_and_host_alone() {
        let from = PullFrom::new("https://h:8443/secret.flv?key=secret", [("authorization", "Bearer secret")]).unwrap();
        assert_eq!((format!("{from:?}"), from.shown()), ("https://h".into(), "https://h".into()));
    }
}
