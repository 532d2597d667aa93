//! The settings there are, and how a value is read from text.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::LogFormat;
use super::units::parse_size;
use crate::secret::Secret;

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// `section.name`, as in the TOML file.
    pub(super) key: &'static str,
    /// What holds when nobody says otherwise.
    pub(super) default: Option<&'static str>,
    /// For `config check`.
    pub(super) help: &'static str,
}

const fn with_default(key: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { key, default: Some(default), help }
}

const fn unset(key: &'static str, help: &'static str) -> Setting {
    Setting { key, default: None, help }
}

/// Every setting, in the order of `config check`.
pub(super) const SETTINGS: &[Setting] = &[
    with_default("data_dir", "./synctv-data", "database, control socket and synctv.toml"),
    with_default("http.listen", "0.0.0.0:8080", "address of pages, players and the API"),
    with_default(
        "http.max_connections",
        "10000",
        "HTTP connections in all, plain FLV viewers and rooms' members not counted",
    ),
    unset("http.tls_cert", "PEM certificate chain; with tls_key it turns HTTP into HTTPS"),
    unset("http.tls_key", "PEM private key"),
    unset("http.public_url", "base URL viewers use, when not the listening address"),
    unset(
        "http.allowed_origins",
        "origins of pages, by commas, that may join rooms and fetch what they play; * for all",
    ),
    unset("http.token", "bearer token for remote administration; without it that is off"),
    with_default("rtmp.listen", "0.0.0.0:1935", "address publishers connect to"),
    with_default("rtmp.max_connections_per_ip", "1000", "RTMP connections one address may have"),
    with_default("rtmp.max_connections", "10000", "RTMP connections in all"),
    with_default("rtmp.handshake_timeout_s", "10", "from accept to the end of the handshake"),
    with_default("rtmp.idle_timeout_s", "8", "a publisher silent for so long is closed"),
    with_default("live.open_publish", "false", "anybody may publish to any name without a key"),
    with_default("live.grace_s", "30", "how long viewers wait for a publisher that vanished"),
    with_default("live.merge_ms", "0", "gather frames so long before writing; 0: only while busy"),
    with_default("live.gop_cache_bytes", "32 MiB", "most a stream keeps for viewers that join"),
    with_default("live.viewer_min_bytes_per_s", "1 KiB", "slower viewers are closed; 0: never"),
    with_default("live.max_viewers", "100000", "viewers on all outputs"),
    with_default("live.max_pulls", "1000", "pull streams on this process"),
    with_default("live.pull_idle_s", "30", "a pull stream that nobody watches stops after so long"),
    with_default("hls.idle_s", "30", "the segmenter stops when nobody asks for so long"),
    with_default("room.max_connections_per_room", "10000", "members in one room on this process"),
    with_default("room.max_connections", "20000", "members in all rooms on this process"),
    with_default("room.max_message_bytes", "16 KiB", "the longest message of a member"),
    with_default("room.messages_per_s", "20", "messages a member may send, twice as many at once"),
    with_default("worker.advance_concurrency", "8", "rooms advanced at the same time"),
    with_default("worker.probe_concurrency", "8", "durations found out at the same time"),
    with_default("worker.release_grace_s", "30", "a room without connections keeps what it holds for so long"),
    with_default("proxy.allow_private", "false", "addresses that are not public but may be fetched: CIDRs, true: all"),
    unset("proxy.ca_file", "PEM file of certificate authorities that are trusted besides the public ones"),
    with_default("proxy.url_ttl_s", "21600", "how long a proxied URL works"),
    with_default("proxy.key_rotation_s", "86400", "how long new proxied URLs are signed with the same key"),
    with_default("proxy.slice_bytes", "1 MiB", "remote media are fetched and kept in slices of so many bytes"),
    with_default("proxy.memory_bytes", "128 MiB", "slices kept in memory"),
    with_default("proxy.disk_bytes", "2 GiB", "slices kept in DATA_DIR/cache; 0: none"),
    with_default(
        "proxy.negative_s",
        "5",
        "how long an origin's 404, 410 or failure is not asked for again; 0: asked each time",
    ),
    with_default("log.format", "text", "text or json"),
    with_default("log.level", "info", "error, warn, info, debug, trace, or a filter like synctv=debug,info"),
    unset("database.url", "postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH; by default DATA_DIR/synctv.db"),
    with_default("database.max_connections", "16", "connections to PostgreSQL"),
];

/// A value that can be read from text; the error says what is expected.
pub(super) trait FromText: Sized {
    /// What to write, after "expected".
    const EXPECTED: &'static str;

    fn from_text(text: &str) -> Option<Self>;
}

impl FromText for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

impl FromText for u64 {
    const EXPECTED: &'static str = "a whole number";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for SocketAddr {
    const EXPECTED: &'static str = "an address with a port, like 127.0.0.1:8080 or [::]:8080";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty() && !text.contains('\0')).then(|| Self::from(text))
    }
}

impl FromText for String {
    const EXPECTED: &'static str = "a text that is not empty";

    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl FromText for LogFormat {
    const EXPECTED: &'static str = "text or json";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A size in bytes.
pub(super) struct Size(pub(super) u64);

impl FromText for Size {
    const EXPECTED: &'static str = "a size like 1048576, 512 KiB or 32 MiB";

    fn from_text(text: &str) -> Option<Self> {
        parse_size(text).ok().map(Self)
    }
}

/// A token that goes into a header.
pub(super) struct Token(pub(super) Secret);

impl FromText for Token {
    const EXPECTED: &'static str = "at least 8 visible characters without spaces";

    fn from_text(text: &str) -> Option<Self> {
        (text.len() >= 8 && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(Secret::new(text)))
    }
}

/// An absolute base URL.
pub(super) struct WebUrl(pub(super) String);

impl FromText for WebUrl {
    const EXPECTED: &'static str = "a URL like https://live.example.org";

    fn from_text(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let host = rest.split('/').next().unwrap_or_default();
        let odd = |c: char| c.is_whitespace() || c.is_control() || "@?#\"'<>".contains(c);
        (!host.is_empty() && !rest.contains(odd)).then(|| Self(text.trim_end_matches('/').to_owned()))
    }
}

/// Origins (RFC 6454) by commas, or `*`.
pub(super) struct Origins(pub(super) Vec<String>);

impl FromText for Origins {
    const EXPECTED: &'static str = "origins like https://tv.example.org,http://localhost:3000, or *";

    fn from_text(text: &str) -> Option<Self> {
        let origins = text.split(',').map(|one| one.trim().trim_end_matches('/').to_owned());
        let origins: Vec<String> = origins.filter(|one| !one.is_empty()).collect();
        let is_origin = |one: &String| {
            one == "*" || WebUrl::from_text(one).is_some_and(|url| url.0.splitn(4, '/').nth(3).is_none())
        };
        (!origins.is_empty() && origins.iter().all(is_origin)).then_some(Self(origins))
    }
}

/// Addresses that are fetched although they are not public.
pub(super) struct Private(pub(super) Vec<IpNet>);

impl FromText for Private {
    const EXPECTED: &'static str = "true, false, or addresses like 10.1.0.0/16, 192.168.1.7, fd00::/8";

    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        match bool::from_text(text) {
            Some(false) => return Some(Self(Vec::new())),
            Some(true) => return Some(Self(vec![Ipv4Net::default().into(), Ipv6Net::default().into()])),
            None if text.is_empty() => return Some(Self(Vec::new())),
            None => {}
        }
        let net = |part: &str| part.parse().ok().or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from));
        text.split(',').map(|part| net(part.trim())).collect::<Option<_>>().map(Self)
    }
}

/// Whether a TOML array may give the value.
pub(super) fn is_list(key: &str) -> bool {
    matches!(key, "proxy.allow_private" | "http.allowed_origins")
}

/// Whether the value must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    key == "http.token"
}
