//! A multivariant playlist, as far as a choice needs it (RFC 8216bis 4.4.6).

use super::lines::{Line, attributes, lines};
use crate::live::pull::PullError;
use synctv_ingest::Error;

/// Variants and renditions of a playlist.
pub const VARIANTS_MAX: usize = 1000;

/// The variants, and the sounds that they refer to.
#[derive(Debug, Default)]
pub struct Multivariant {
    /// In order; some may have no URI.
    pub variants: Vec<Variant>,
    /// In order.
    pub sounds: Vec<Sound>,
}

/// EXT-X-STREAM-INF, and the URI behind it.
#[derive(Debug, Default)]
pub struct Variant {
    /// Empty when there is none.
    pub uri: String,
    /// Bits a second.
    pub bandwidth: u64,
    /// RFC 6381 names.
    pub codecs: Option<String>,
    /// Of RESOLUTION; 0 without one.
    pub rows: u64,
    /// The group of its sounds.
    pub audio: Option<String>,
}

/// EXT-X-MEDIA of the type AUDIO.
#[derive(Debug, Default)]
pub struct Sound {
    /// GROUP-ID.
    pub group: String,
    /// None when it is in the variant itself.
    pub uri: Option<String>,
    /// A player that was told nothing takes it ...
    pub default: bool,
    /// ... or this one.
    pub autoselect: bool,
}

/// Reads the text of a multivariant playlist.
///
/// # Errors
/// [`PullError::Media`] for an attribute list that has no end, and beyond [`VARIANTS_MAX`].
pub fn multivariant(text: &str) -> Result<Multivariant, PullError> {
    let mut read = Multivariant::default();
    for line in lines(text) {
        match line {
            Line::Tag("EXT-X-STREAM-INF", list) => read.variants.push(variant(list)?),
            Line::Tag("EXT-X-MEDIA", list) => read.sounds.extend(sound(list)?),
            Line::Tag(..) => {}
            Line::Uri(uri) => {
                if let Some(variant) = read.variants.last_mut().filter(|variant| variant.uri.is_empty()) {
                    uri.clone_into(&mut variant.uri);
                }
            }
        }
        let count = read.variants.len() + read.sounds.len();
        if count > VARIANTS_MAX {
            let (value, max) = (count as u64, VARIANTS_MAX as u64);
            return Err(Error::Limit { what: "variants of an HLS playlist", value, max }.into());
        }
    }
    Ok(read)
}

fn variant(list: &str) -> Result<Variant, PullError> {
    let mut variant = Variant::default();
    for attribute in attributes(list) {
        match attribute? {
            ("BANDWIDTH", text) => variant.bandwidth = text.parse().unwrap_or_default(),
            ("CODECS", text) => variant.codecs = Some(text.to_owned()),
            ("AUDIO", text) => variant.audio = Some(text.to_owned()),
            ("RESOLUTION", text) => {
                let rows = text.split_once(['x', 'X']).and_then(|(_, rows)| rows.parse().ok());
                variant.rows = rows.unwrap_or_default();
            }
            _ => {}
        }
    }
    Ok(variant)
}

/// `None` for renditions of another type.
fn sound(list: &str) -> Result<Option<Sound>, PullError> {
    let (mut sound, mut is_audio) = (Sound::default(), false);
    for attribute in attributes(list) {
        match attribute? {
            ("TYPE", kind) => is_audio = kind == "AUDIO",
            ("GROUP-ID", text) => text.clone_into(&mut sound.group),
            ("URI", text) => sound.uri = Some(text.to_owned()),
            ("DEFAULT", text) => sound.default = text == "YES",
            ("AUTOSELECT", text) => sound.autoselect = text == "YES",
            _ => {}
        }
    }
    Ok(is_audio.then_some(sound))
}
