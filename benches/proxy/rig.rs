//! What is measured: an origin with one file, this gateway with that file in a room, and nginx before the same origin.

use crate::{
    TOKEN,
    api::Api,
    harness::{Gateway, TempDir},
    load::{Dice, Place},
    nginx::Nginx,
    pin::Cores,
};
use std::{fs, io::Write};

pub struct Rig {
    pub dry: bool,
    pub size: u64,
    pub origin: Place,
    pub gateway: Gateway,
    pub ours: Place,
    pub nginx: Nginx,
    pub theirs: Place,
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
        cores.to_load();
        let origin = Nginx::origin(&files.join(""));
        cores.to_server();
        let config = format!("[http]\ntoken = \"{TOKEN}\"\n[proxy]\nmemory_bytes = \"256 MiB\"\n");
        let gateway = Gateway::start_with(&["--allow-private", "127.0.0.0/8"], &config);
        let nginx = Nginx::proxy(origin.address);
        cores.to_load();
        let mut api = Api::connect(gateway.http);
        let room = api.call("POST", "/rooms", &serde_json::json!({ "name": "bench" }));
        let room = room["id"].as_str().expect("an id").to_owned();
        let url = format!("http://{}/film.mp4", origin.address);
        let body = serde_json::json!({ "url": url, "duration_ms": 3_600_000 });
        let media = api.call("POST", &format!("/rooms/{room}/media"), &body);
        let start = serde_json::json!({ "command": "start", "media_id": media["id"] });
        api.call("POST", &format!("/rooms/{room}/playback"), &start);
        let result = api.call("GET", &format!("/rooms/{room}/playback"), &serde_json::Value::Null);
        let proxied = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str();
        let proxied = proxied.unwrap_or_else(|| panic!("no proxied URL in {result}"));
        let path = proxied.find("/p/").map(|at| proxied[at..].to_owned()).expect("a path under /p/");
        Self {
            dry,
            size,
            origin: Place { address: origin.address, path: "/film.mp4".into() },
            ours: Place { address: gateway.http, path },
            theirs: Place { address: nginx.address, path: "/film.mp4".into() },
            gateway,
            nginx,
            _origin: origin,
            _files: files,
        }
    }
}
