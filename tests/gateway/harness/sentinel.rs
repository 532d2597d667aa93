//! What must never be reached, and the ways to try.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
};

/// An address that a test allows and the lists do not name: a host of its own, where an origin lies and redirects.
pub const NEIGHBOUR: &str = "127.0.0.3";

/// Listens on every address of this machine, and must never be reached.
pub struct Sentinel(TcpListener);

impl Sentinel {
    pub fn start() -> Self {
        let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).expect("a port");
        listener.set_nonblocking(true).expect("a socket option");
        Self(listener)
    }

    pub fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    /// Who connected.
    pub fn callers(&self) -> Vec<SocketAddr> {
        let mut callers = Vec::new();
        loop {
            match self.0.accept() {
                Ok((_, caller)) => callers.push(caller),
                Err(err) if err.kind() == ErrorKind::WouldBlock => return callers,
                Err(err) => panic!("{err}"),
            }
        }
    }
}

fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Spellings of private hosts.
pub fn private_hosts() -> impl Iterator<Item = &'static str> {
    lines(include_str!("../../../fixtures/private_hosts.txt"))
}

/// All forms of URLs that lead, or could lead, to this port of a private address.
pub fn hostile_urls(port: u16) -> Vec<String> {
    let urls =
        lines(include_str!("../../../fixtures/hostile_urls.txt")).map(|url| url.replace("PORT", &port.to_string()));
    private_hosts().map(|host| format!("http://{host}:{port}/")).chain(urls).collect()
}
