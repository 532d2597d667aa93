//! A proxied file is the same over HTTP/1.0, HTTP/1.1 and HTTP/2, and what a client leaves is left at the origin too.

use crate::harness::{Answer, Database, Gateway, Origin, TempDir, eventually, get, open, s};
use std::{
    fs,
    io::Read,
    process::{Command, Output},
};

const LEN: usize = 3_000_000;

fn bytes() -> Vec<u8> {
    (0..LEN).map(|n| (n * 31 % 251) as u8).collect()
}

/// Plays a file in a room; the path under which it is had through the gateway.
fn proxied(gateway: &Gateway, url: &str) -> String {
    let room = gateway.room("Movies", &[]);
    let media = gateway.media(&room, url, &["--duration", "9s"]);
    gateway.playback(&["start", &room.id, &media]);
    let result = gateway.playback(&["get", &room.id, "--urls"]);
    let url = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str().unwrap_or_else(|| panic!("{result}"));
    url[url.find("/p/").unwrap()..].to_owned()
}

fn curl(url: &str, flags: &[&str]) -> (Vec<u8>, String) {
    let dir = TempDir::new();
    let (body, head) = (dir.join("body"), dir.join("head"));
    let Output { status, stderr, .. } = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "30", "-o"])
        .arg(&body)
        .arg("-D")
        .arg(&head)
        .args(flags)
        .arg(url)
        .output()
        .expect("curl runs");
    assert!(status.success(), "{flags:?}: {}", String::from_utf8_lossy(&stderr));
    (fs::read(&body).unwrap_or_default(), fs::read_to_string(&head).unwrap().to_ascii_lowercase())
}

/// Asks for all of a file, for parts of it, and whether it is the one that a client has.
fn all_is_the_same(url: &str, version: &str, flags: &[&str]) {
    let all = bytes();
    let ask = |more: &[&str]| {
        let (body, head) = curl(url, &[flags, more].concat());
        let status = head.strip_prefix(version).and_then(|head| head.get(1..4)).unwrap_or("no").to_owned();
        (status, body, head)
    };
    let (status, body, head) = ask(&[]);
    assert!(status == "200" && body == all, "{flags:?}: {} bytes\n{head}", body.len());
    assert!(
        head.contains("content-type: video/mp4") && head.contains(&format!("content-length: {LEN}")),
        "{flags:?}\n{head}"
    );
    let (status, body, head) = ask(&["-r", "1999990-2000009"]);
    assert!(
        status == "206" && head.contains(&format!("content-range: bytes 1999990-2000009/{LEN}")),
        "{flags:?}\n{head}"
    );
    assert_eq!(body, all[1_999_990..2_000_010], "{flags:?}");
    let (status, body, head) = ask(&["-r", "0-1,2999998-"]);
    assert!(status == "206" && head.contains("content-type: multipart/byteranges; boundary="), "{flags:?}\n{head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{flags:?}\n{head}");
    let (status, _, head) = ask(&["--head"]);
    assert!(
        status == "200" && head.contains(&format!("content-length: {LEN}")) && !head.contains("content-range:"),
        "{flags:?}\n{head}"
    );
    let (status, body, head) = ask(&["-H", "If-None-Match: \"v1\""]);
    assert!(status == "304" && body.is_empty() && head.contains("etag: \"v1\""), "{flags:?}\n{head}");
    let (status, _, head) = ask(&["-r", "3000000-"]);
    assert!(status == "416" && head.contains(&format!("content-range: bytes */{LEN}")), "{flags:?}\n{head}");
}

#[test]
fn bytes_and_ranges_are_the_same_over_every_version() {
    let origin = Origin::start();
    let gateway = Database::Sqlite.node();
    let url = origin.put_as("film.mp4", Answer::new(bytes()).etag("\"v1\"").content_type("video/mp4"));
    let url = format!("http://{}{}", gateway.http, proxied(&gateway, &url));
    for (flag, version) in [("--http1.0", "http/1.0"), ("--http1.1", "http/1.1"), ("--http2-prior-knowledge", "http/2")]
    {
        all_is_the_same(&url, version, &[flag]);
    }
    let metrics = get(gateway.http, "/metrics").text();
    assert!(metrics.contains("synctv_proxy_requests_total{kind=\"media\""), "{metrics}");
}

#[test]
fn they_are_the_same_over_tls() {
    let (origin, dir) = (Origin::start(), TempDir::new());
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    let made = Command::new("openssl")
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=tv".split(' '))
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let config = format!("[http]\ntls_cert = '{}'\ntls_key = '{}'\n", cert.display(), key.display());
    let gateway = Database::Sqlite.node_with(&config);
    let url = origin.put_as("film.mp4", Answer::new(bytes()).etag("\"v1\"").content_type("video/mp4"));
    let url = format!("https://{}{}", gateway.http, proxied(&gateway, &url));
    let trusted = cert.display().to_string();
    for (flag, version) in [("--http1.1", "http/1.1"), ("--http2", "http/2")] {
        all_is_the_same(&url, version, &[flag, "--cacert", &trusted]);
    }
}

#[test]
fn a_client_that_goes_away_lets_the_origin_go() {
    let origin = Origin::start();
    let gateway = Database::Sqlite.node();
    let url = origin.put("film.mp4", vec![7; 256 << 20]);
    let path = proxied(&gateway, &url);
    let mut watching = open(gateway.http, "GET", &path, &[]).unwrap();
    watching.read_exact(&mut [0; 100_000]).unwrap();
    assert!(origin.open_connections() > 0);
    drop(watching);
    eventually("the origin is let go", s(30), || (origin.open_connections() == 0).then_some(()));
}
