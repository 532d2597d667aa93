//! What is measured: an origin with one file, this gateway with that file in a room, and nginx before the same origin.

use crate::{
    TOKEN,
    api::Api,
    harness::{Gateway, TempDir},
    load::{Dice, Place},
    nginx::Nginx,
    pin::Cores,
};
use serde_json::{Value, json};
use std::{fs, io::Write, net::SocketAddr};

/// In the longest playlist.
pub const SEGMENTS: usize = 100_000;

pub struct Rig {
    pub dry: bool,
    pub size: u64,
    pub origin: Place,
    pub gateway: Gateway,
    pub ours: Place,
    pub nginx: Nginx,
    pub theirs: Place,
    /// A playlist of [`SEGMENTS`] segments, through this gateway.
    pub playlist: Place,
    _origin: Nginx,
    _files: TempDir,
}

impl Rig {
    pub fn start(cores: &Cores, dry: bool) -> Self {
        let files = TempDir::new();
        let size: u64 = if dry { 16 << 20 } else { 128 << 20 };
        let name = files.join("film.mp4");
        let mut file = std::io::BufWriter::new(fs::File::create(&name).expect("a file"));
        let mut dice = Dice(7);
        for _ in 0..size / 8 {
            file.write_all(&dice.roll(u64::MAX).to_be_bytes()).expect("a file is written");
        }
        file.flush().expect("a file is written");
        fs::write(files.join("all.m3u8"), playlist()).expect("a file is written");
        cores.to_load();
        let origin = Nginx::origin(&files.join(""));
        cores.to_server();
        let config = format!("[http]\ntoken = \"{TOKEN}\"\n[proxy]\nmemory_bytes = \"256 MiB\"\n");
        let gateway = Gateway::start_with(&["--allow-private", "127.0.0.0/8"], &config);
        let nginx = Nginx::proxy(origin.address);
        cores.to_load();
        let mut api = Api::connect(gateway.http);
        let (path, playlist) =
            (proxied(&mut api, origin.address, "film.mp4"), proxied(&mut api, origin.address, "all.m3u8"));
        Self {
            dry,
            size,
            origin: Place { address: origin.address, path: "/film.mp4".into() },
            ours: Place { address: gateway.http, path },
            theirs: Place { address: nginx.address, path: "/film.mp4".into() },
            playlist: Place { address: gateway.http, path: playlist },
            gateway,
            nginx,
            _origin: origin,
            _files: files,
        }
    }
}

/// The path of a file of the origin's through the gateway, which a room of its own plays.
fn proxied(api: &mut Api, origin: SocketAddr, file: &str) -> String {
    let room = api.call("POST", "/rooms", &json!({ "name": file }));
    let room = room["id"].as_str().expect("an id").to_owned();
    let body = json!({ "url": format!("http://{origin}/{file}"), "duration_ms": 3_600_000, "proxy_mode": "only" });
    let media = api.call("POST", &format!("/rooms/{room}/media"), &body);
    let start = json!({ "command": "start", "media_id": media["id"] });
    api.call("POST", &format!("/rooms/{room}/playback"), &start);
    let result = api.call("GET", &format!("/rooms/{room}/playback"), &Value::Null);
    let mode = result["default_mode"].as_str().expect("a mode");
    let url = result["modes"][mode]["medias"][0]["url"].as_str();
    let url = url.unwrap_or_else(|| panic!("no proxied URL in {result}"));
    url.find("/p/").map(|at| url[at..].to_owned()).expect("a path under /p/")
}

/// Encrypted, with another key every hundred segments.
fn playlist() -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n".to_owned();
    for nth in 0..SEGMENTS {
        if nth % 100 == 0 {
            text += &format!("#EXT-X-KEY:METHOD=AES-128,URI=\"keys/{nth}.key\"\n");
        }
        text += &format!("#EXTINF:4.000,\nsegments/part-{nth:06}.ts\n");
    }
    text + "#EXT-X-ENDLIST\n"
}
