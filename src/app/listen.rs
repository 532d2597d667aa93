//! Everything that can fail at start with a word to the operator: directories, sockets, certificates.

use crate::config::{Config, TlsFiles};
use anyhow::{Context, bail};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{fs, io::ErrorKind, net::SocketAddr, os::unix::fs::PermissionsExt, path::Path, sync::Arc};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// Connections the kernel queues for us; cut to `net.core.somaxconn`.
const BACKLOG: u32 = 4096;

/// Binds a TCP listener; `key` is the setting to change when that fails.
pub fn tcp(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let bind = || {
        let socket =
            if address.is_ipv4() { tokio::net::TcpSocket::new_v4()? } else { tokio::net::TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow::anyhow!("{address} is in use: stop what listens there, or set {key} to another address")
        }
        ErrorKind::PermissionDenied => {
            anyhow::anyhow!("{address} may not be bound by this user: set {key} to a port above 1023")
        }
        _ => anyhow::anyhow!("{address} cannot be bound ({error}): check {key}"),
    })
}

/// Binds the operator's socket. A leftover of a server that is gone is replaced; one that answers is not.
pub async fn unix(path: &Path) -> anyhow::Result<UnixListener> {
    if UnixStream::connect(path).await.is_ok() {
        bail!(
            "another synctv runs on this data directory ({} answers): stop it, or use another --data-dir",
            path.display()
        );
    }
    if let Err(error) = fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("remove the stale socket {}", path.display()));
    }
    let listener = UnixListener::bind(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => {
            anyhow::anyhow!("{} is too long for a Unix socket (107 bytes): use a shorter --data-dir", path.display())
        }
        _ => anyhow::anyhow!("{} cannot be made ({error}): is the data directory writable?", path.display()),
    })?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Makes the data directory and sees that it can be written.
pub fn data_dir(path: &Path) -> anyhow::Result<()> {
    let make = || {
        if !path.is_dir() {
            fs::create_dir_all(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        let probe = path.join(".writable");
        fs::write(&probe, b"synctv")?;
        fs::remove_file(probe)
    };
    make().map_err(|error| {
        anyhow::anyhow!("the data directory {} cannot be written ({error}): use another --data-dir", path.display())
    })
}

/// Reads the certificate and its key.
pub fn tls(files: &TlsFiles) -> anyhow::Result<TlsAcceptor> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect)
        .map_err(|e| anyhow::anyhow!("http.tls_cert {}: {e}", files.cert.display()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|e| anyhow::anyhow!("http.tls_key {}: {e}", files.key.display()))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("http.tls_cert and http.tls_key do not fit together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Raises the soft limit of open files to the hard one: a viewer is a file, and so is a member.
pub fn raise_file_limit(config: &Config) {
    let wanted = config.live.max_viewers + config.rtmp.max_connections + config.room.max_connections;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < wanted as u64 => {
            tracing::info!(
                limit,
                "the limit of open files is below live.max_viewers + rtmp.max_connections + room.max_connections"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
    }
}
