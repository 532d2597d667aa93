//! Where this server can be reached, and the URLs that follow from it.

use std::net::SocketAddr;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Authority;

use super::wire::PlayUrls;

/// The application name in RTMP URLs.
const RTMP_APP: &str = "live";

/// The addresses this server listens on, as chosen (no port 0 here).
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// HTTP.
    pub http: SocketAddr,
    /// RTMP.
    pub rtmp: SocketAddr,
    /// The base URL that viewers use, when it is not the listening address (a CDN or reverse proxy).
    pub public_url: Option<PublicUrl>,
    /// Whether the HTTP address speaks TLS.
    pub tls: bool,
}

/// An absolute `http` or `https` URL without query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    tls: bool,
    authority: Authority,
    /// Without a slash at the end.
    path: String,
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "expected a URL like https://live.example.org";
        let uri: Uri = text.parse().map_err(|_| WANTED)?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(WANTED),
        };
        let authority = uri.authority().filter(|a| !a.host().is_empty() && !a.as_str().contains('@')).ok_or(WANTED)?;
        if uri.query().is_some() {
            return Err(WANTED);
        }
        Ok(Self { tls, authority: authority.clone(), path: uri.path().trim_end_matches('/').to_owned() })
    }
}

impl PublicUrl {
    /// Host and port.
    pub(in crate::http) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Without a slash at the end.
    fn base(&self) -> String {
        format!("http{}://{}{}", if self.tls { "s" } else { "" }, self.authority, self.path)
    }
}

/// Base URLs as one client sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Bases {
    web: PublicUrl,
    rtmp: String,
}

impl Endpoints {
    /// What the URLs of this server begin with in a body that says nothing of who reads it: nothing, for they are rooted at the server, or
    /// the base URL that viewers use.
    pub(in crate::http) fn root(&self) -> String {
        self.public_url.as_ref().map(PublicUrl::base).unwrap_or_default()
    }

    /// The bases for a client that reached this server as `reached` (over the Unix socket: `None`).
    pub(in crate::http) fn bases(&self, reached: Option<&Authority>) -> Bases {
        let web = self.public_url.clone().unwrap_or_else(|| {
            let own = authority_of(self.http);
            let authority = match reached {
                Some(reached) if self.http.ip().is_unspecified() => reached.clone(),
                _ => own,
            };
            PublicUrl { tls: self.tls, authority, path: String::new() }
        });
        let rtmp_host = if self.rtmp.ip().is_unspecified() && (reached.is_some() || self.public_url.is_some()) {
            format!("{}:{}", web.authority.host(), self.rtmp.port())
        } else {
            authority_of(self.rtmp).to_string()
        };
        Bases { web, rtmp: format!("rtmp://{rtmp_host}/{RTMP_APP}") }
    }
}

/// An address a client on this machine can dial: the wildcard is no destination.
fn authority_of(addr: SocketAddr) -> Authority {
    let text = match addr {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("[::1]:{}", v6.port()),
        // Without a scope id, which no URL can carry.
        SocketAddr::V6(v6) => format!("[{}]:{}", v6.ip(), v6.port()),
        SocketAddr::V4(v4) => v4.to_string(),
    };
    text.parse().expect("an IP address and a port are an authority")
}

impl Bases {
    /// What HTTP URLs begin with, without a slash at the end.
    pub(in crate::http) fn web(&self) -> String {
        self.web.base()
    }

    /// What OBS calls the server.
    pub(in crate::http) fn rtmp_server(&self) -> &str {
        &self.rtmp
    }

    /// Where to watch a stream; `query` is its signature, when it is private.
    pub(in crate::http) fn play(&self, stream: &str, query: Option<&str>) -> PlayUrls {
        let scheme = |plain: &str| format!("{plain}{}://", if self.web.tls { "s" } else { "" });
        let url = |plain: &str, path: String| {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            format!("{}{}{}{path}{query}", scheme(plain), self.web.authority, self.web.path)
        };
        PlayUrls {
            page: url("http", format!("/watch/{stream}")),
            flv: url("http", format!("/live/{stream}.flv")),
            ws_flv: url("ws", format!("/live/{stream}.flv")),
            hls: url("http", format!("/live/{stream}/index.m3u8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(http: &str, rtmp: &str) -> Endpoints {
        Endpoints { http: http.parse().unwrap(), rtmp: rtmp.parse().unwrap(), public_url: None, tls: false }
    }

    fn seen(endpoints: &Endpoints, reached: Option<&str>) -> (String, String) {
        let reached = reached.map(|text| text.parse().unwrap());
        let bases = endpoints.bases(reached.as_ref());
        (bases.play("s", None).flv, bases.rtmp)
    }

    fn pair(a: &str, b: &str) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn a_wildcard_address_becomes_what_the_client_used() {
        let all = endpoints("0.0.0.0:8080", "0.0.0.0:1935");
        assert_eq!(seen(&all, None), pair("http://127.0.0.1:8080/live/s.flv", "rtmp://127.0.0.1:1935/live"));
        assert_eq!(seen(&all, Some("tv.lan:80")), pair("http://tv.lan:80/live/s.flv", "rtmp://tv.lan:1935/live"));
        let six = endpoints("[::]:8080", "[::]:1935");
        assert_eq!(seen(&six, None), pair("http://[::1]:8080/live/s.flv", "rtmp://[::1]:1935/live"));
        assert_eq!(
            seen(&six, Some("[fd00::1]:81")),
            pair("http://[fd00::1]:81/live/s.flv", "rtmp://[fd00::1]:1935/live")
        );
    }

    #[test]
    fn a_fixed_address_stays() {
        let fixed = endpoints("192.0.2.1:8080", "127.0.0.1:1935");
        let want = pair("http://192.0.2.1:8080/live/s.flv", "rtmp://127.0.0.1:1935/live");
        assert_eq!(seen(&fixed, Some("evil.example")), want);
    }

    #[test]
    fn a_public_url_wins_and_keeps_its_path() {
        let mut all = endpoints("0.0.0.0:8080", "0.0.0.0:1935");
        all.public_url = Some("https://cdn.example/tv/".parse().unwrap());
        let bases = all.bases(None);
        let play = bases.play("s", Some("expires=1&sig=x"));
        assert_eq!(play.ws_flv, "wss://cdn.example/tv/live/s.flv?expires=1&sig=x");
        assert_eq!(play.page, "https://cdn.example/tv/watch/s?expires=1&sig=x");
        assert_eq!(bases.rtmp, "rtmp://cdn.example:1935/live");
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in ["", "cdn.example", "ftp://x", "http://", "http://u@x/", "https://x/?a=1", "/path"] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
