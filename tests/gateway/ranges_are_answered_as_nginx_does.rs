//! nginx is the oracle of ranges: the same requests for the same files, here and there.
//!
//! What differs is written down in [`known`]: nginx answers HEAD with a part, refuses positions that it cannot count with and syntax that is
//! not right (RFC 9110 14.2 lets nobody but GET have ranges, clamps the last position and ignores what cannot be read).

use crate::harness::{Database, Process, Reply, TempDir, eventually, request, s};
use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    time::{Duration, SystemTime},
};
use synctv::proxy::range::Specs;

const RANDOM: usize = 500;
const LEN: u64 = 100_000;

struct Nginx {
    address: SocketAddr,
    _process: Process,
    _dir: TempDir,
}

/// nginx with a file of [`LEN`] bytes and one of a single byte.
fn nginx() -> Nginx {
    let dir = TempDir::new();
    let bytes: Vec<u8> = (0..LEN).map(|n| (n * 31 % 251) as u8).collect();
    for (name, bytes) in [("film.mp4", bytes.as_slice()), ("one.mp4", b"x")] {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        let changed = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    }
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = dir.join("");
    let at = at.display();
    let conf = format!(
        "daemon off; master_process off; error_log {at}/error.log; pid {at}/pid; events {{}}\n\
         http {{ access_log off; types {{ video/mp4 mp4; }} if_modified_since before;\n\
         client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;\n\
         server {{ listen {address}; root {at}; }} }}\n"
    );
    let file = dir.join("nginx.conf");
    fs::write(&file, conf).unwrap();
    let process =
        Process::start("nginx", Command::new("nginx").arg("-e").arg(dir.join("error.log")).arg("-c").arg(&file));
    eventually("nginx listens", s(10), || TcpStream::connect(address).ok());
    Nginx { address, _process: process, _dir: dir }
}

/// What of an answer is compared: the boundary and the problem's text are each server's own.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    content_range: Option<String>,
    length: Option<String>,
    body: Vec<u8>,
}

fn seen(reply: Reply) -> Seen {
    let text = |name| reply.header(name).map(str::to_owned);
    let (status, content_range) = (reply.status, text("content-range"));
    let length = if matches!(status, 200 | 206) { text("content-length") } else { None };
    let boundary =
        text("content-type").and_then(|told| told.strip_prefix("multipart/byteranges; boundary=").map(str::to_owned));
    if let Some(boundary) = boundary {
        assert_eq!(length, Some(reply.body.len().to_string()));
        let body = replaced(&reply.body, boundary.as_bytes());
        return Seen { status, content_range, length: None, body };
    }
    let body = if matches!(status, 200 | 206) { reply.body } else { Vec::new() };
    Seen { status, content_range, length, body }
}

fn replaced(body: &[u8], boundary: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.windows(boundary.len()).position(|window| window == boundary) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'#');
        rest = &rest[at + boundary.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// What nginx is to be asked so that it answers what is right here.
fn known(method: &str, lines: &[String]) -> Vec<String> {
    let kept = lines.iter().filter_map(|line| match line.strip_prefix("Range: ") {
        None => Some(line.clone()),
        // nginx answers HEAD with a part, and refuses what cannot be read.
        Some(range) if method == "HEAD" || Specs::parse(range).is_none() => None,
        Some(range) => {
            let set = range.split_once('=').map_or("", |(_, set)| set);
            // It knows no empty elements, and no position that it cannot count with.
            let elements = set.split(',').map(str::trim).filter(|element| !element.is_empty());
            let clamped = elements.map(|element| element.split('-').map(counted).collect::<Vec<_>>().join("-"));
            Some(format!("Range: bytes={}", clamped.collect::<Vec<_>>().join(",")))
        }
    });
    kept.collect()
}

fn counted(digits: &str) -> String {
    let fits = digits.is_empty() || digits.parse::<i64>().is_ok();
    if fits { digits.to_owned() } else { i64::MAX.to_string() }
}

fn forms(etag: &str, changed: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut forms = Vec::new();
    for range in [
        "bytes=0-0",
        "bytes=0-99",
        "bytes=0-",
        "bytes=99999-99999",
        "bytes=99999-",
        "bytes=100000-",
        "bytes=100000-100001",
        "bytes=-1",
        "bytes=-0",
        "bytes=-100000",
        "bytes=-100001",
        "bytes=-999999999",
        "bytes=0-99999",
        "bytes=0-100000",
        "bytes=5-4",
        "bytes=50000-60000",
        "bytes=65535-65536",
        "bytes=1-1",
        "bytes=007-008",
        "bytes=99990-200000",
        "bytes=1-2,5-6",
        "bytes=1-2, 5-6",
        "bytes=5-6,1-2",
        "bytes=0-0,-1",
        "bytes=0-0,100000-",
        "bytes=100000-,200000-",
        "bytes=0-49999,50000-",
        "bytes=0-59999,40000-99999",
        "bytes=0-,0-",
        "bytes=0-9,5-14",
        "bytes=1-1,1-1",
        "bytes=1-2,3-4,5-6,7-8",
        "bytes=-5,-10",
        "bytes=10-,-3",
        "bytes=0-50000,0-50000",
        "Bytes=0-9",
        "BYTES=0-9",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes=1-x",
        "bytes=0x1-2",
        "items=0-9",
        "byte=0-9",
        "0-9",
        "bytes 0-9",
        "bytes=0-9,,20-29",
        "bytes=0-9,",
        "bytes=,0-9",
        "bytes=0-18446744073709551616",
        "bytes=5-99999999999999999999",
        "bytes=99999999999999999999-",
        "bytes=9223372036854775808-9223372036854775809",
        "bytes=0-9223372036854775807",
        "bytes=9223372036854775807-",
        "bytes=-99999999999999999999",
    ] {
        forms.push(("GET", vec![format!("Range: {range}")]));
    }
    for range in ["bytes=0-9", "bytes=100000-", "bytes=1-2,4-5", "bytes=-5"] {
        forms.push(("HEAD", vec![format!("Range: {range}")]));
    }
    forms.push(("GET", vec![]));
    forms.push(("HEAD", vec![]));
    conditional(&mut forms, etag, changed);
    forms
}

fn conditional(forms: &mut Vec<(&'static str, Vec<String>)>, etag: &str, changed: &str) {
    let (early, late) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 2094 23:59:59 GMT");
    for range in ["bytes=10-19", "bytes=-7", "bytes=100000-", "bytes=0-1,5-6"] {
        for value in [etag, "\"other\"", &format!("W/{etag}"), changed, early, late, "nonsense"] {
            forms.push(("GET", vec![format!("Range: {range}"), format!("If-Range: {value}")]));
        }
    }
    for condition in [
        format!("If-None-Match: {etag}"),
        format!("If-None-Match: W/{etag}"),
        "If-None-Match: \"x\"".into(),
        "If-None-Match: *".into(),
        format!("If-None-Match: \"x\", {etag}"),
        format!("If-Match: {etag}"),
        "If-Match: \"x\"".into(),
        "If-Match: *".into(),
        format!("If-Match: W/{etag}"),
        format!("If-Modified-Since: {changed}"),
        format!("If-Modified-Since: {early}"),
        format!("If-Modified-Since: {late}"),
        "If-Modified-Since: nonsense".into(),
        format!("If-Unmodified-Since: {changed}"),
        format!("If-Unmodified-Since: {early}"),
        format!("If-Unmodified-Since: {late}"),
    ] {
        forms.push(("GET", vec![condition.clone()]));
        forms.push(("HEAD", vec![condition.clone()]));
        forms.push(("GET", vec!["Range: bytes=3-5".into(), condition]));
    }
}

/// Small, and the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn spec(&mut self) -> String {
        let first = self.roll(LEN + LEN / 10);
        match self.roll(4) {
            0 => format!("{first}-"),
            1 => format!("-{}", self.roll(LEN * 2)),
            _ => format!("{first}-{}", first + self.roll(LEN / 4)),
        }
    }

    fn range(&mut self) -> String {
        let many = if self.roll(3) == 0 { 2 + self.roll(5) } else { 1 };
        let specs: Vec<_> = (0..many).map(|_| self.spec()).collect();
        format!("Range: bytes={}", specs.join(","))
    }
}

fn compare(stage: SocketAddr, path: &str, nginx: SocketAddr, method: &str, lines: &[String], name: &str) {
    let asked = |server, path, lines: &[String]| {
        let head: Vec<_> = lines.iter().map(String::as_str).collect();
        seen(request(server, method, path, &head))
    };
    let (ours, theirs) = (asked(stage, path, lines), asked(nginx, name, &known(method, lines)));
    assert_eq!(ours, theirs, "{method} {name} {lines:?}");
}

#[test]
fn ranges_and_conditions_are_answered_as_nginx_does() {
    let nginx = nginx();
    let gateway = Database::Sqlite.node();
    for name in ["/film.mp4", "/one.mp4"] {
        let room = gateway.room(&name[1..4], &[]);
        let media = gateway.media(&room, &format!("http://{}{name}", nginx.address), &["--duration", "9s"]);
        gateway.playback(&["start", &room.id, &media]);
        let result = gateway.playback(&["get", &room.id, "--urls"]);
        let url = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str().unwrap_or_else(|| panic!("{result}"));
        let path = &url[url.find("/p/").unwrap()..];
        let head = request(nginx.address, "HEAD", name, &[]);
        let (etag, changed) = (head.header("etag").unwrap(), head.header("last-modified").unwrap());
        let forms = forms(etag, changed);
        assert!(forms.len() >= 120, "{}", forms.len());
        for (method, lines) in &forms {
            compare(gateway.http, path, nginx.address, method, lines, name);
        }
        let mut dice = Dice(42);
        for _ in 0..RANDOM {
            compare(gateway.http, path, nginx.address, "GET", &[dice.range()], name);
        }
    }
}
