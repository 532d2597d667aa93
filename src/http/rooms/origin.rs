//! Which pages may open a WebSocket: a browser sends cookies and reaches private networks for any page, so its Origin (RFC 6454)
//! is judged. Programs send none.

use axum::http::Uri;

/// The origins of this server as one request shows them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own<'a> {
    /// The Host header.
    pub(super) host: Option<&'a str>,
    /// Host and port of `http.public_url`.
    pub(super) public: Option<&'a str>,
    /// `http.allowed_origins`; `*` for all.
    pub(super) allowed: &'a [String],
}

/// Whether a page of this origin may connect.
pub(super) fn may_connect(origin: &str, own: Own<'_>) -> bool {
    let listed = |one: &String| one == "*" || one.trim_end_matches('/').eq_ignore_ascii_case(origin);
    if own.allowed.iter().any(listed) {
        return true;
    }
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    // Also "null", the origin of sandboxed frames and files, has none.
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let shown = without_default_port(authority.as_str(), scheme);
    [own.host, own.public]
        .into_iter()
        .flatten()
        .any(|own| without_default_port(own, scheme).eq_ignore_ascii_case(shown))
}

fn without_default_port<'a>(authority: &'a str, scheme: &str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_server_and_listed_ones_may_connect() {
        let allowed = ["https://friends.example".to_owned()];
        let own = Own { host: Some("tv.example:8080"), public: Some("live.example"), allowed: &allowed };
        for (origin, may) in [
            ("http://tv.example:8080", true),
            ("https://TV.example:8080", true),
            ("http://tv.example", false),
            ("http://tv.example:8081", false),
            ("https://live.example", true),
            ("https://live.example:443", true),
            ("https://friends.example", true),
            ("http://friends.example", false),
            ("https://evil.example", false),
            ("https://live.example.evil.example", false),
            ("null", false),
            ("", false),
            ("live.example", false),
        ] {
            assert_eq!(may_connect(origin, own), may, "{origin}");
        }
    }

    #[test]
    fn a_star_lets_all_in() {
        let allowed = ["*".to_owned()];
        assert!(may_connect("https://evil.example", Own { host: None, public: None, allowed: &allowed }));
    }
}
