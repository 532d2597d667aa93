//! Names become addresses once, every address is judged, and a judged one is dialled.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ipnet::IpNet;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::sleep;
use url::Host;

use super::{Error, OwnPorts, guard};

/// Of the addresses of a name, so many are tried.
const ADDRESSES_MAX: usize = 4;
/// An address that has not answered for so long is joined by the next one (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Who asks for the addresses of a name.
#[derive(Debug, Default)]
pub(super) enum Resolver {
    /// The system.
    #[default]
    System,
    /// A test.
    #[cfg(test)]
    Scripted(super::resolver_tests::Names),
}

impl Resolver {
    async fn resolve(&self, name: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
        match self {
            Self::System => Ok(lookup_host((name, port)).await.map_err(|_| Error::Unresolved)?.collect()),
            #[cfg(test)]
            Self::Scripted(names) => Ok(names.resolve(name, port)),
        }
    }
}

/// Dials for everything that leaves this process.
#[derive(Debug)]
pub(super) struct Dialer {
    pub(super) allow: Vec<IpNet>,
    pub(super) own: OwnPorts,
    pub(super) resolver: Resolver,
}

impl Dialer {
    /// A connection to an address behind this host. The caller bounds the time.
    pub(super) async fn dial(&self, host: &Host<&str>, port: u16) -> Result<TcpStream, Error> {
        let addresses = match host {
            Host::Ipv4(v4) => vec![(IpAddr::V4(*v4), port).into()],
            Host::Ipv6(v6) => vec![(IpAddr::V6(*v6), port).into()],
            Host::Domain(name) => self.resolver.resolve(name, port).await?,
        };
        let socket = connect(&self.judge(addresses)?).await?;
        // Small requests on a connection that is used again must not wait for acknowledgements.
        let _ = socket.set_nodelay(true);
        Ok(socket)
    }

    /// None may be a refused one: a name with one good and one bad address is an attack, or will be.
    fn judge(&self, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Error> {
        if addresses.is_empty() {
            return Err(Error::Unresolved);
        }
        let good = |address: &SocketAddr| guard::permitted(address.ip(), &self.allow) && !self.own.hold(*address);
        if addresses.iter().all(good) { Ok(addresses) } else { Err(Error::Refused) }
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let mut attempts: FuturesUnordered<_> = (0..)
        .zip(addresses.iter().take(ADDRESSES_MAX))
        .map(|(nth, address)| async move {
            sleep(ATTEMPT_DELAY * nth).await;
            TcpStream::connect(address).await
        })
        .collect();
    while let Some(attempt) = attempts.next().await {
        if let Ok(socket) = attempt {
            return Ok(socket);
        }
    }
    Err(Error::Connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_address_among_good_ones_refuses_the_name() {
        let own = OwnPorts::new(vec![1935]);
        let dialer = |allow: Vec<IpNet>| Dialer { allow, own: own.clone(), resolver: Resolver::System };
        let judged = |dialer: &Dialer, addresses: &[&str]| {
            dialer.judge(addresses.iter().map(|address| address.parse().unwrap()).collect())
        };
        let strict = dialer(Vec::new());
        assert_eq!(judged(&strict, &["8.8.8.8:80", "[2a00::1]:80"]).map(|addresses| addresses.len()), Ok(2));
        assert_eq!(judged(&strict, &["8.8.8.8:80", "10.0.0.1:80"]), Err(Error::Refused));
        assert_eq!(judged(&strict, &["[::1]:80", "8.8.8.8:80"]), Err(Error::Refused));
        assert_eq!(judged(&strict, &[]), Err(Error::Unresolved));
        let lax = dialer(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
        assert!(judged(&lax, &["127.0.0.1:80", "[::1]:80"]).is_ok());
        assert_eq!(judged(&lax, &["8.8.8.8:1935", "127.0.0.1:1935"]), Err(Error::Refused), "our own port");
    }
}
