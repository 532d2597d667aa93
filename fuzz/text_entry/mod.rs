//! What the targets of rewritten and converted texts call. The crate's root must `use entry::{caption, proxy}`: the sources name each other from there.

#[allow(dead_code, reason = "the gateway uses more of it")]
#[path = "../../src/caption/mod.rs"]
pub mod caption;

#[allow(dead_code, reason = "the gateway uses more of it")]
pub mod proxy;

use proxy::resource::{Kind, Links};
use url::Url;

struct Ours(usize);

impl Links for Ours {
    fn link(&mut self, _: Kind, url: &Url) -> String {
        assert!(matches!(url.scheme(), "http" | "https"), "only what is fetched is linked");
        self.0 += 1;
        format!("/p/{}", self.0)
    }

    fn template(&mut self, kind: Kind, template: &str) -> String {
        let url = template.parse().expect("a template is a URL");
        let first = template.find('$').expect("it has an identifier");
        self.link(kind, &url) + &template[first..]
    }
}

fn base() -> Url {
    "http://upstream.example/a/b?token=s".parse().expect("it is one")
}

/// Every URI line of a rewritten playlist is ours, or carries what it stands for.
pub fn m3u8(input: &[u8]) {
    proxy::hls::is_live(input);
    let Ok(text) = proxy::hls::rewrite(input, &base(), &mut Ours(0)) else { return };
    for line in text.split('\n').map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line = line.to_ascii_lowercase();
        assert!(line.starts_with("/p/") || line.starts_with("data:") || line.starts_with("skd:"), "{line}");
    }
}

/// A rewritten manifest can be read again.
pub fn mpd(input: &[u8]) {
    proxy::dash::is_live(input);
    if let Ok(text) = proxy::dash::rewrite(input, &base(), &mut Ours(0)) {
        let again = proxy::dash::rewrite(text.as_bytes(), &base(), &mut Ours(0));
        assert!(again.is_ok(), "{again:?}: {text}");
    }
}

/// Whatever the format, what comes out is WebVTT.
pub fn captions(input: &[u8]) {
    if let Ok(text) = caption::to_vtt(input) {
        assert!(text.starts_with("WEBVTT"));
    }
}

/// What comes out is JSON.
pub fn danmaku(input: &[u8]) {
    if let Ok(json) = caption::danmaku_json(input) {
        let read: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
        assert!(read.is_array());
    }
}
