//! The watch page, embedded in the binary: plain HTML, CSS and JavaScript with the two players it uses.
//!
//! Asset paths begin with a hash of all embedded files, so that what is served under them never changes and may be cached for good.

use bytes::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, fmt::Write, sync::LazyLock};

#[derive(RustEmbed)]
#[folder = "src/page/"]
struct Files;

/// What to send as `Content-Security-Policy` with the page: everything from this origin, media through Media Source Extensions.
/// `connect-src` names the WebSocket schemes because Safari before 15.4 does not count them into `'self'`.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     media-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'";

/// What to send as `Cache-Control` with an [`Asset`].
pub const ASSET_CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One embedded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its bytes.
    pub body: Bytes,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// A strong `ETag`, quotes included.
    pub etag: String,
}

/// 16 hexadecimal digits over every embedded path and its bytes.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for path in Files::iter() {
        hash.update(path.len().to_be_bytes());
        hash.update(path.as_bytes());
        if let Some(file) = Files::get(&path) {
            hash.update(file.metadata.sha256_hash());
        }
    }
    hex(hash.finalize().get(..8).unwrap_or_default())
});

static WATCH_HTML: LazyLock<Bytes> = LazyLock::new(|| {
    let page = Files::get("watch.html").expect("watch.html is embedded when this crate is built");
    String::from_utf8_lossy(&page.data).replace("@VERSION@", &VERSION).into()
});

/// The page for `/watch/NAME`. It reads the name from its own address and is the same for every stream.
/// Send it as `text/html; charset=utf-8` with `Cache-Control: no-cache` and [`CONTENT_SECURITY_POLICY`].
#[must_use]
pub fn watch_html() -> Bytes {
    WATCH_HTML.clone()
}

/// The file behind `/assets/{path}`, `None` for anything else: another version's hash, an unknown name, the page itself.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let path = path.strip_prefix(VERSION.as_str())?.strip_prefix('/')?;
    let content_type = content_type(path)?;
    let file = Files::get(path)?;
    let etag = format!("\"{}\"", hex(file.metadata.sha256_hash().get(..16)?));
    let body = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(Asset { body, content_type, etag })
}

fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "js" | "mjs" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `../assets/...` address in the page.
    fn addresses(html: &str) -> Vec<&str> {
        html.split("../assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_asset_the_page_names_is_served_with_its_type() {
        let html = watch_html();
        let html = std::str::from_utf8(&html).unwrap();
        let found: Vec<_> = addresses(html).into_iter().map(|path| asset(path).expect(path).content_type).collect();
        assert_eq!(found, ["image/svg+xml", "text/css; charset=utf-8", "text/javascript; charset=utf-8"]);
    }

    #[test]
    fn the_modules_the_script_imports_are_served() {
        for module in ["decode.js", "players.js", "vendor/hls.js/hls.light.min.mjs", "vendor/mpegts.js/mpegts.js"] {
            let file = asset(&format!("{}/{module}", *VERSION)).expect(module);
            assert!(
                !file.body.is_empty() && file.etag.starts_with('"') && file.etag.ends_with('"'),
                "{module}: {}",
                file.etag
            );
        }
    }

    #[test]
    fn another_version_an_unknown_file_and_traversal_are_not_served() {
        for path in ["", "watch.js", "0000000000000000/watch.js", "../Cargo.toml", "watch.html"] {
            assert_eq!(asset(path), None, "{path}");
        }
        for path in ["nothing.js", "../page.rs", "../main.rs", "/etc/passwd", "watch.html", "vendor/README.md", ""] {
            assert_eq!(asset(&format!("{}/{path}", *VERSION)), None, "{path}");
        }
    }

    #[test]
    fn the_page_has_no_inline_script_or_style_and_asks_nobody_else() {
        let html = watch_html();
        let html = std::str::from_utf8(&html).unwrap();
        assert!(
            !html.contains("<style")
                && !html.contains(" style=")
                && !html.contains(" onclick=")
                && !html.contains("http://")
        );
        assert!(!html.contains("https://") && !html.contains("@VERSION@"));
        assert_eq!(html.matches("<script").count(), html.matches("<script type=\"module\" src=").count());
    }
}
