//! What listens here: a gateway that fetched from itself would feed itself, or let a room reach what only its operator may.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use url::Url;

use super::guard;

/// The listeners of this process. What leads to one of them is never dialled, whatever addresses are allowed.
#[derive(Debug, Clone, Default)]
pub struct OwnPorts {
    ports: Vec<u16>,
    public: Option<Url>,
}

impl OwnPorts {
    /// These TCP ports are ours, on every address of this machine.
    #[must_use]
    pub fn new(ports: Vec<u16>) -> Self {
        Self { ports, public: None }
    }

    /// What stands below this URL is ours too, as behind a reverse proxy.
    #[must_use]
    pub fn published_at(mut self, public: Url) -> Self {
        self.public = Some(public);
        self
    }

    /// Whether an address is one of this machine with one of our ports.
    pub(super) fn hold(&self, address: SocketAddr) -> bool {
        self.ports.contains(&address.port()) && guard::carried(address.ip()).into_iter().flatten().any(is_local)
    }

    /// Whether a URL is below the public one.
    pub(super) fn publish(&self, url: &Url) -> bool {
        self.public.as_ref().is_some_and(|public| {
            let below = url.path().strip_prefix(public.path().trim_end_matches('/'));
            let same = url.host_str().map(undotted) == public.host_str().map(undotted)
                && url.port_or_known_default() == public.port_or_known_default();
            same && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

fn undotted(host: &str) -> &str {
    host.trim_end_matches('.')
}

/// Whether packets to this address stay on this machine. Only an address of its own can be bound.
fn is_local(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified() || UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(address: &str) -> bool {
        OwnPorts::new(vec![80, 1935]).hold(address.parse().unwrap())
    }

    #[test]
    fn our_ports_on_this_machine_are_ours_and_others_are_not() {
        for address in [
            "127.0.0.1:80",
            "127.9.9.9:1935",
            "0.0.0.0:80",
            "[::1]:80",
            "[::]:80",
            "[::ffff:127.0.0.1]:80",
            "[::ffff:0.0.0.0]:80",
            "[64:ff9b::127.0.0.1]:80",
            "[2002:7f00:1::]:80",
        ] {
            assert!(hold(address), "{address}");
        }
        for address in ["127.0.0.1:81", "[::1]:8080", "192.0.2.7:80", "8.8.8.8:1935", "[2001:db8::1]:80"] {
            assert!(!hold(address), "{address}");
        }
    }

    #[test]
    fn an_address_of_this_machine_that_is_no_loopback_is_ours() {
        // Where packets would leave from; no packet is sent.
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        if socket.connect("192.0.2.1:9").is_ok() {
            let own = socket.local_addr().unwrap().ip();
            assert!(hold(&format!("{own}:80")), "{own}");
        }
    }

    #[test]
    fn what_is_below_the_public_url_is_ours() {
        let own = OwnPorts::new(Vec::new()).published_at(Url::parse("https://example.org/tv/").unwrap());
        for (url, ours) in [
            ("https://example.org/tv", true),
            ("https://EXAMPLE.org.:443/tv/live/a.flv", true),
            ("https://example.org/tv/../tv/x", true),
            ("https://example.org/tvs/x", false),
            ("https://example.org/films/x", false),
            ("https://example.org:8443/tv/x", false),
            ("https://other.org/tv/x", false),
        ] {
            assert_eq!(own.publish(&Url::parse(url).unwrap()), ours, "{url}");
        }
        assert!(!OwnPorts::default().publish(&Url::parse("http://example.org/").unwrap()));
    }
}
