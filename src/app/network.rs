//! The one way out, for probes, proxy and pulls alike.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio_rustls::rustls::RootCertStore;
use url::Url;

use crate::config::Config;
use crate::fetch::{Client, OwnPorts, Settings};

/// A client that knows what listens here.
pub fn client(config: &Config, listening: [SocketAddr; 2]) -> anyhow::Result<Client> {
    let mut own = OwnPorts::new(listening.map(|address| address.port()).to_vec());
    if let Some(public) = &config.http.public_url {
        own = own.published_at(Url::parse(public).context("http.public_url is no URL")?);
    }
    let authorities = config.proxy.ca_file.as_deref().map(authorities).transpose()?.unwrap_or_default();
    let allow = config.proxy.allow_private.clone();
    Ok(Client::with_settings(Settings { allow, own, authorities, ..Settings::default() }))
}

fn authorities(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let read = read.map_err(|e| anyhow::anyhow!("proxy.ca_file {}: {e}", path.display()))?;
    for certificate in &read {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(|e| anyhow::anyhow!("proxy.ca_file {}: {e}", path.display()))?;
    }
    if read.is_empty() {
        bail!("proxy.ca_file {} holds no certificate", path.display());
    }
    Ok(read)
}
