//! nginx as origin and as the proxy to compare with: one process each.

use crate::harness::{Process, TempDir, eventually, s};
use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
};

/// A running nginx.
pub struct Nginx {
    pub process: Process,
    pub address: SocketAddr,
    _dir: TempDir,
}

impl Nginx {
    /// Serves the files of a folder.
    pub fn origin(files: &Path) -> Self {
        let root = format!("root {};", files.display());
        Self::start("origin", "", &root)
    }

    /// Proxies an origin as its manual advises: slices of 1 MiB, cached by range.
    pub fn proxy(origin: SocketAddr) -> Self {
        let cache = "proxy_cache_path CACHE levels=1:2 keys_zone=slices:16m max_size=4g inactive=60m use_temp_path=off;\n\
                     upstream origin { server ORIGIN; keepalive 16; }";
        let location = "slice 1m; proxy_cache slices; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range;\n\
                        proxy_http_version 1.1; proxy_set_header Connection ''; proxy_cache_valid 200 206 1h;\n\
                        proxy_cache_lock on; proxy_pass http://origin;";
        Self::start("nginx", &cache.replace("ORIGIN", &origin.to_string()), location)
    }

    fn start(name: &str, http: &str, location: &str) -> Self {
        let dir = TempDir::new();
        let address = free_port();
        let scratch = dir.join("");
        let scratch = scratch.display();
        let conf = format!(
            "daemon off; master_process off; error_log {scratch}/error.log; pid {scratch}/pid;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\naccess_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n\
             client_body_temp_path {scratch}/body; proxy_temp_path {scratch}/proxy; fastcgi_temp_path {scratch}/f;\n\
             uwsgi_temp_path {scratch}/u; scgi_temp_path {scratch}/s;\n{}\n\
             server {{ listen {address}; location / {{ {location} }} }}\n}}\n",
            http.replace("CACHE", &format!("{scratch}/cache"))
        );
        let file = dir.join("nginx.conf");
        fs::write(&file, conf).expect("a configuration file");
        let process = Process::start(name, Command::new("nginx").arg("-c").arg(&file));
        eventually("nginx listens", s(10), || TcpStream::connect(address).ok());
        Self { process, address, _dir: dir }
    }
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}
