//! HLS playlists (RFC 8216bis) with other URIs in them. What is known here is where URIs stand and what variables stand for; every
//! other line and attribute survives byte for byte, known or not.

mod attributes;
mod variables;

use std::borrow::Cow;

use url::Url;

use super::refused::{OUTPUT_MAX, Uri, resolve};
pub use super::refused::{Refused, Why};
use super::resource::{Kind, Links};
use variables::Variables;

/// The longest line, in bytes. Keys and session data may stand in `data:` URIs.
pub const LINE_MAX: usize = 256 << 10;

const BOM: &str = "\u{feff}";
/// An attribute that is a URI: of which tag, its name, and what it leads to.
const URIS: [(&str, &str, Kind); 14] = [
    ("#EXT-X-PART", "URI", Kind::Segment),
    ("#EXT-X-PRELOAD-HINT", "URI", Kind::Segment),
    ("#EXT-X-MAP", "URI", Kind::Segment),
    ("#EXT-X-KEY", "URI", Kind::Key),
    ("#EXT-X-SESSION-KEY", "URI", Kind::Key),
    ("#EXT-X-MEDIA", "URI", Kind::Hls),
    ("#EXT-X-I-FRAME-STREAM-INF", "URI", Kind::Hls),
    ("#EXT-X-IMAGE-STREAM-INF", "URI", Kind::Hls),
    // A player looks for the rendition whose URL this is: the same playlist is always given out under the same URL.
    ("#EXT-X-RENDITION-REPORT", "URI", Kind::Hls),
    ("#EXT-X-SESSION-DATA", "URI", Kind::Other),
    ("#EXT-X-CONTENT-STEERING", "SERVER-URI", Kind::Json),
    ("#EXT-X-DATERANGE", "X-ASSET-URI", Kind::Hls),
    ("#EXT-X-DATERANGE", "X-ASSET-LIST", Kind::Json),
    // Roku's and Twitch's word for a segment to come: the URI is all there is.
    ("#EXT-X-PREFETCH", "", Kind::Segment),
];

/// Replaces the URIs of a playlist that came from `base`, the URL after redirects. Variables are expanded and their definitions left
/// out, for they may be secrets; what a multivariant playlist defines reaches its media playlists in the fragment of their URLs, and is
/// read from the fragment of `base`. `skd:` and `data:` stay; any other URI that is not HTTP refuses the playlist.
///
/// # Errors
/// [`Refused`]: nothing of the playlist is to be given out.
pub fn rewrite(text: &[u8], base: &Url, links: &mut dyn Links) -> Result<String, Refused> {
    let text = std::str::from_utf8(text).map_err(|_| Why::Charset.at(1))?;
    let text = text.strip_prefix(BOM).unwrap_or(text);
    if !text.starts_with("#EXTM3U") {
        return Err(Why::Beginning.at(1));
    }
    let mut rewriter = Rewriter {
        out: String::with_capacity(text.len().saturating_mul(2).min(OUTPUT_MAX)),
        variables: Variables::of(base).map_err(|why| why.at(1))?,
        base: Url::clone(base),
        links,
        playlist_follows: false,
    };
    rewriter.base.set_fragment(None);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        rewriter.line(line).map_err(|why| why.at(number + 1))?;
    }
    Ok(rewriter.out)
}

/// Whether a playlist goes on: it has no `EXT-X-ENDLIST`, is not said to be a VOD (RFC 8216bis 4.4.3.4, 4.4.3.5), and is not a list of variants.
#[must_use]
pub fn is_live(text: &[u8]) -> bool {
    let is_over = |line: &[u8]| {
        let line = line.trim_ascii();
        line.starts_with(b"#EXT-X-ENDLIST")
            || line == b"#EXT-X-PLAYLIST-TYPE:VOD"
            || line.starts_with(b"#EXT-X-STREAM-INF")
    };
    !text.split(|byte| *byte == b'\n').any(is_over)
}

struct Rewriter<'a> {
    out: String,
    variables: Variables,
    base: Url,
    links: &'a mut dyn Links,
    /// An `EXT-X-STREAM-INF` came last.
    playlist_follows: bool,
}

impl Rewriter<'_> {
    fn line(&mut self, whole: &str) -> Result<(), Why> {
        if whole.len() > LINE_MAX {
            return Err(Why::LineTooLong);
        }
        let line = whole.trim();
        let start = whole.len() - whole.trim_start().len();
        let (before, after) = (&whole[..start], &whole[start + line.len()..]);
        if line.is_empty() {
            self.out.push_str(whole);
        } else if let Some(definition) = line.strip_prefix("#EXT-X-DEFINE:") {
            self.variables.define(definition, &self.base)?;
        } else {
            self.out.push_str(before);
            if line.starts_with("#EXT") {
                self.tag(line)?;
            } else if line.starts_with('#') {
                self.out.push_str(line);
            } else {
                let kind = if self.playlist_follows { Kind::Hls } else { Kind::Segment };
                self.playlist_follows = false;
                self.uri(kind, line)?;
            }
            self.out.push_str(after);
        }
        if self.out.len() > OUTPUT_MAX { Err(Why::TooLong) } else { Ok(()) }
    }

    fn tag(&mut self, line: &str) -> Result<(), Why> {
        let Some((name, value)) = line.split_once(':') else {
            self.out.push_str(line);
            return Ok(());
        };
        // The title of a segment is no place for variables; and these are most lines.
        if name == "#EXTINF" {
            self.out.push_str(line);
            return Ok(());
        }
        self.playlist_follows |= name == "#EXT-X-STREAM-INF";
        self.out.push_str(name);
        self.out.push(':');
        match URIS.iter().find(|(tag, ..)| *tag == name) {
            None => self.text(value),
            Some((_, "", kind)) => self.uri(*kind, value),
            Some(_) => self.attributes(name, value),
        }
    }

    /// What is no URI. What a variable stands for is text, whatever it looks like (RFC 8216bis 4.3): nothing is expanded twice.
    fn text(&mut self, text: &str) -> Result<(), Why> {
        self.out.push_str(&self.variables.expand_known(text)?);
        Ok(())
    }

    fn attributes(&mut self, tag: &str, list: &str) -> Result<(), Why> {
        let mut copied = 0;
        for attribute in attributes::read(list) {
            let attribute = attribute?;
            let known = URIS.iter().find(|(of, name, _)| *of == tag && *name == attribute.name);
            let Some((_, _, kind)) = known else { continue };
            self.text(&list[copied..attribute.span.start])?;
            self.out.push('"');
            self.uri(*kind, attribute.value)?;
            self.out.push('"');
            copied = attribute.span.end;
        }
        self.text(&list[copied..])
    }

    fn uri(&mut self, kind: Kind, uri: &str) -> Result<(), Why> {
        let uri: Cow<'_, str> = self.variables.expand(uri)?;
        match resolve(&uri, &self.base)? {
            Uri::Stays => self.out.push_str(&uri),
            Uri::Leads(mut url) => {
                if kind == Kind::Hls {
                    self.variables.hand_on(&mut url)?;
                }
                self.out.push_str(&self.links.link(kind, &url));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod hostile_tests;
