//! A certificate of our own, and a client that trusts it alone.

use crate::harness::TempDir;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{process::Command, sync::Arc};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore},
};

pub struct Tls {
    pub connector: TlsConnector,
    /// What the server's configuration needs.
    pub settings: String,
    _dir: TempDir,
}

impl Tls {
    /// A self-signed certificate for 127.0.0.1. It says that it is no CA: one that is may not be a server's.
    pub fn new() -> Self {
        let dir = TempDir::new();
        let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=synctv bench"]);
        openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
        openssl.args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.arg("-keyout").arg(&key).arg("-out").arg(&cert);
        let made = openssl.output().expect("openssl makes the certificate of --tls");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&cert).expect("a PEM file")).expect("a certificate");
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let settings = format!("[http]\ntls_cert = {cert:?}\ntls_key = {key:?}\n");
        Self { connector: TlsConnector::from(Arc::new(client)), settings, _dir: dir }
    }
}
