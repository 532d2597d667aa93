//! HTTPS with an authority of our own.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

use super::client::Settings;
use super::dial::Resolver;
use super::resolver_tests::Names;
use super::{Client, Error};

fn openssl(dir: &Path, arguments: &str) {
    let made = Command::new("openssl").current_dir(dir).args(arguments.split(' ')).output().unwrap();
    assert!(made.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&made.stderr));
}

/// An authority, and a server's certificate from it for film.example.
fn authority(dir: &Path) -> CertificateDer<'static> {
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(dir, &format!("req -x509 {ec} -days 2 -subj /CN=ours -keyout ca.key -out ca.pem"));
    openssl(dir, &format!("req {ec} -subj /CN=film -keyout film.key -out film.csr"));
    std::fs::write(dir.join("names"), "subjectAltName=DNS:film.example\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(
        dir,
        "x509 -req -in film.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out film.pem",
    );
    CertificateDer::from_pem_file(dir.join("ca.pem")).unwrap()
}

/// Answers `ok` over TLS; the port.
async fn serve(dir: &Path) -> u16 {
    let chain = vec![CertificateDer::from_pem_file(dir.join("film.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(dir.join("film.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut tls = acceptor.accept(socket).await.ok()?;
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(tls.read_u8().await.ok()?);
                }
                tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.ok()?;
                tls.read_u8().await.ok()
            });
        }
    });
    port
}

#[tokio::test]
async fn an_authority_of_ours_is_trusted_for_the_names_it_signed() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, names) = (authority(dir.path()), Names::new(&[&["127.0.0.1"]]));
    let port = serve(dir.path()).await;
    let client = |authorities| {
        let allow = vec!["127.0.0.1/32".parse().unwrap()];
        Client::resolving(Settings { allow, authorities, ..Settings::default() }, Resolver::Scripted(names.clone()))
    };
    let ours = client(vec![ca]);
    let fetched = ours.text(&format!("https://film.example:{port}/"), 10).await;
    assert_eq!(fetched.unwrap().body, "ok");
    for host in ["other.example", "127.0.0.1", "film.example.evil.example"] {
        assert_eq!(ours.text(&format!("https://{host}:{port}/"), 10).await.unwrap_err(), Error::Tls, "{host}");
    }
    let strangers = client(Vec::new());
    assert_eq!(strangers.text(&format!("https://film.example:{port}/"), 10).await.unwrap_err(), Error::Tls);
}
