//! However a URL spells it, nothing that is not public is dialled.

use std::net::{Ipv4Addr, TcpListener};

use url::Host;

use super::script_tests::{Script, Then};
use super::{Client, Error, parse_url};

/// Hosts that lead, or could lead, to this machine or its network.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "127.00.0.1",
    "127.0.0.1.",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0X7F000001",
    "2130706433",
    "2130706434",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "0x7f.0x0.0x0.0x1",
    "00000177.0.0.1",
    "127.0x1",
    "0",
    "0.0.0.0",
    "0x0",
    "000",
    "0.0",
    "0.1.2.3",
    "localhost",
    "LOCALHOST",
    "LocalHost.",
    "localhost.",
    "%6c%6f%63alhost",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "ⓛocalhost",
    "10.0.0.1",
    "10.1",
    "0x0a000001",
    "192.168.1.1",
    "192.168.257",
    "172.16.0.1",
    "169.254.169.254",
    "169.254.43518",
    "0xa9fea9fe",
    "2852039166",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
];

/// URLs that are refused before anything is resolved.
const URLS: &[&str] = &[
    "http://user@127.0.0.1/",
    "http://user:pw@127.0.0.1/",
    "http://example.org@127.0.0.1/",
    "http://127.0.0.1\\@example.org@/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1/",
    "rtmp://127.0.0.1/",
    "unix:/run/x",
    "data:text/plain,x",
    "//127.0.0.1/",
    "127.0.0.1",
    "http:",
    "http://",
    "http:///",
    "http://[::1",
    "http://[::1%25lo]/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1 /",
    "http://127.0.0.1/\r\nX: y",
    "http://256.0.0.1/",
    "http://1.2.3.4.5/",
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
    let (sentinel, client) = (Sentinel::start(), Client::new(Vec::new()));
    for host in HOSTS {
        let url = format!("http://{host}:{}/", sentinel.port());
        let err = client.text(&url, 100).await.unwrap_err();
        // Not every resolver knows the absolute form of the name.
        let unknown = host.eq_ignore_ascii_case("localhost.") && err == Error::Unresolved;
        assert!(err == Error::Refused || unknown, "{url}: {err:?}");
        let err = client.ranged(&url).unwrap().read_at(0, 1).await.unwrap_err();
        assert!(unknown || err == Error::Refused, "{url}: {err}");
        assert!(!sentinel.reached(), "{url}");
    }
    assert!(HOSTS.len() >= 60);
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
    match parse_url(&format!("http://{host}/")).unwrap().host().unwrap() {
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
    for host in HOSTS.iter().filter(|host| !is_the_origin(host)) {
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
