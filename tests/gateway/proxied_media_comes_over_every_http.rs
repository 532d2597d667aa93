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

#[test]
fn bytes_and_ranges_are_the_same_over_every_version() {
    let origin = Origin::start();
    let gateway = Database::Sqlite.node();
    let url = origin.put_as("film.mp4", Answer::new(bytes()).etag("\"v1\"").content_type("video/mp4"));
    let url = format!("http://{}{}", gateway.http, proxied(&gateway, &url));
    let all = bytes();
    for version in ["--http1.0", "--http1.1", "--http2-prior-knowledge"] {
        let (body, head) = curl(&url, &[version]);
        assert!(body == all, "{version}: {} bytes\n{head}", body.len());
        assert!(
            head.contains("content-type: video/mp4") && head.contains(&format!("content-length: {LEN}")),
            "{version}\n{head}"
        );
        let (body, head) = curl(&url, &[version, "-r", "1999990-2000009"]);
        assert!(head.contains(&format!("content-range: bytes 1999990-2000009/{LEN}")), "{version}\n{head}");
        assert_eq!(body, all[1_999_990..2_000_010], "{version}");
        let (body, head) = curl(&url, &[version, "-r", "0-1,2999998-"]);
        assert!(head.contains("content-type: multipart/byteranges; boundary="), "{version}\n{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{version}\n{head}");
        let (_, head) = curl(&url, &[version, "--head"]);
        assert!(
            head.contains(&format!("content-length: {LEN}")) && !head.contains("content-range:"),
            "{version}\n{head}"
        );
    }
    let metrics = get(gateway.http, "/metrics").text();
    assert!(metrics.contains("synctv_proxy_requests_total{kind=\"media\""), "{metrics}");
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
