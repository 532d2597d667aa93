//! However a URL spells it, nothing that is not public is dialled.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use url::Host;

use super::script_tests::{Script, Then};
use super::{Client, Error, Limits, Settings, parse_url};

/// Hosts that lead, or could lead, to this machine or its network; the gateway's tests send them through every surface.
fn hosts() -> Vec<&'static str> {
    let all = include_str!("../../fixtures/private_hosts.txt").lines();
    all.filter(|line| !line.starts_with('#')).collect()
}

/// URLs that hide where they lead.
fn urls(port: u16) -> Vec<String> {
    let all = include_str!("../../fixtures/hostile_urls.txt").lines().filter(|line| !line.starts_with('#'));
    all.map(|line| line.replace("PORT", &port.to_string())).collect()
}

/// URLs that are refused before anything is resolved.
const URLS: &[&str] = &[
    "http:",
    "http://",
    "http:///",
    "http://[::1",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1 /",
    "http://127.0.0.1/\r\nX: y",
    "http://user@example.org/",
    "http://example.org\\@example.com/",
    "rtmp://example.org/",
    "",
];

/// Listens on every address of this machine, and must never be reached.
struct Sentinel(TcpListener);

impl Sentinel {
    fn start() -> Self {
        let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn reached(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_dialled() {
    // A resolver without a network may be slow to know nothing.
    let limits = Limits { connect: Duration::from_millis(500), ..Limits::default() };
    let client = Client::with_settings(Settings { limits, ..Settings::default() });
    let sentinel = Sentinel::start();
    let port = sentinel.port();
    for host in hosts() {
        let url = format!("http://{host}:{port}/");
        // What is no name at all is refused as a URL; not every resolver knows every name.
        let name = host.contains(|c: char| c.is_alphabetic() || !c.is_ascii()) && !host.starts_with(['[', '0']);
        let refused = |err: &Error| match err {
            Error::Refused => true,
            Error::Unresolved | Error::Url(_) | Error::Timeout(_) => name,
            _ => false,
        };
        let err = client.text(&url, 100).await.unwrap_err();
        assert!(refused(&err), "{url}: {err:?}");
        if let Ok(mut ranged) = client.ranged(&url) {
            let err = ranged.read_at(0, 1).await.unwrap_err();
            assert!(refused(&err), "{url}: {err:?}");
        }
        let err = client.dial(host, port).await.unwrap_err();
        assert!(refused(&err), "a bare connection to {host}: {err:?}");
        assert!(!sentinel.reached(), "{url}");
    }
    for url in urls(port) {
        let err = client.text(&url, 100).await.unwrap_err();
        assert!(matches!(err, Error::Url(_) | Error::Refused | Error::Unresolved), "{url}: {err:?}");
        assert!(!sentinel.reached(), "{url}");
    }
    assert!(hosts().len() + urls(port).len() >= 250, "{} {}", hosts().len(), urls(port).len());
}

#[test]
fn urls_that_hide_something_are_refused_as_urls() {
    for url in URLS {
        assert!(matches!(parse_url(url), Err(Error::Url(_))), "{url:?}");
    }
    assert!(parse_url(&format!("http://h/{}", "a".repeat(4087))).is_ok());
    assert!(matches!(parse_url(&format!("http://h/{}", "a".repeat(4088))), Err(Error::Url(_))));
}

/// Whether the host is a spelling of the one address that the redirecting origin needs, or a name that may be.
fn is_the_origin(host: &str) -> bool {
    let Ok(url) = parse_url(&format!("http://{host}/")) else { return false };
    match url.host().unwrap() {
        Host::Ipv4(v4) => v4 == Ipv4Addr::LOCALHOST,
        Host::Ipv6(v6) => v6.to_ipv4_mapped() == Some(Ipv4Addr::LOCALHOST),
        Host::Domain(_) => true,
    }
}

#[tokio::test]
async fn no_redirect_leads_to_a_private_address() {
    let sentinel = Sentinel::start();
    let port = sentinel.port();
    let client = Client::new(vec!["127.0.0.1/32".parse().unwrap()]);
    for host in hosts().into_iter().filter(|host| !is_the_origin(host)) {
        let to = format!("http://{host}:{port}/");
        let answer = format!("HTTP/1.1 307 X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let origin = Script::start(move |_| Then::Send(answer.clone().into())).await;
        let err = client.text(&origin.url("/"), 100).await.unwrap_err();
        assert!(matches!(err, Error::Refused | Error::Url(_)), "{to}: {err:?}");
        assert!(!sentinel.reached(), "{to}");
    }
    for to in ["file:///etc/passwd", "gopher://127.0.0.1/", "http://a:b@127.0.0.1/", "//u@127.0.0.1/"] {
        let answer = format!("HTTP/1.1 302 X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let origin = Script::start(move |_| Then::Send(answer.clone().into())).await;
        assert!(matches!(client.text(&origin.url("/"), 100).await, Err(Error::Url(_))), "{to}");
        assert_eq!(origin.heads.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_sentinel_is_reached_when_private_addresses_are_allowed() {
    let sentinel = Sentinel::start();
    let client = Client::new(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
    let url = format!("http://2130706433:{}/", sentinel.port());
    let fetch = tokio::spawn(async move { client.text(&url, 1).await.map(|_| ()) });
    for _ in 0..1000 {
        if sentinel.reached() {
            fetch.abort();
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the sentinel is never reached: the other tests prove nothing");
}
