//! HLS playlists with other URLs in them. Only lines and URI attributes are known here.

use url::Url;

use super::resource::{Kind, Links};

/// Why a playlist is not rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the playlist cannot be rewritten")]
pub struct Refused;

/// Replaces the URIs of a playlist that came from `base`.
///
/// # Errors
/// [`Refused`].
pub fn rewrite(text: &[u8], base: &Url, links: &mut dyn Links) -> Result<String, Refused> {
    let text = std::str::from_utf8(text).map_err(|_| Refused)?;
    if !text.starts_with("#EXTM3U") {
        return Err(Refused);
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut playlist = false;
    for line in text.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            playlist |= line.starts_with("#EXT-X-STREAM-INF");
            out.push_str(line);
        } else {
            let kind = if playlist { Kind::Hls } else { Kind::Segment };
            playlist = false;
            out.push_str(&links.link(kind, &base.join(line).map_err(|_| Refused)?));
        }
        out.push('\n');
    }
    Ok(out)
}

/// Whether a playlist goes on.
#[must_use]
pub fn is_live(text: &[u8]) -> bool {
    !text.windows(14).any(|at| at == b"#EXT-X-ENDLIST")
}
