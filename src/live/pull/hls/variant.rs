//! Which variant of a multivariant playlist is pulled (RFC 8216bis 4.4.6).

use super::{
    multivariant::{Multivariant, Sound, Variant},
    playlist::resolve,
};
use crate::live::pull::{PullError, shown};
use synctv_ingest::Error;
use url::Url;

/// Pictures with more rows are taken only where there are none with fewer.
const ROWS_MAX: u64 = 1080;

/// The media playlists of a variant.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    /// The picture, and the sound unless that has a playlist of its own.
    pub main: Url,
    /// The sound.
    pub audio: Option<Url>,
}

/// What speaks for a variant, the most important first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Merit {
    /// All its codecs are carried.
    carried: bool,
    fits: bool,
    /// More rows are better, unless it is too large: then fewer.
    rows: i64,
    /// Every player has H.264.
    is_avc: bool,
    bandwidth: i64,
}

/// The best variant up to 1080p whose codecs are carried.
///
/// # Errors
/// [`PullError::Media`] when there is none.
pub fn choose(playlist: &Multivariant, base: &Url) -> Result<Choice, PullError> {
    let playable = playlist.variants.iter().filter(|variant| !variant.uri.is_empty());
    let best = playable.filter(|variant| has_media(variant)).max_by_key(|variant| merit(variant));
    let best = best.ok_or_else(|| {
        let codecs = playlist.variants.iter().find_map(|variant| variant.codecs.as_deref());
        let value = shown(codecs.unwrap_or("no variant"));
        Error::Unsupported { what: "codecs of the HLS variants", value }
    })?;
    let audio = best.audio.as_deref().and_then(|group| rendition(playlist, group));
    let audio = audio.and_then(|rendition| rendition.uri.as_deref()).map(|uri| resolve(base, uri)).transpose()?;
    let main = resolve(base, &best.uri)?;
    // A variant of sound alone names the same playlist as its group.
    Ok(Choice { audio: audio.filter(|audio| *audio != main), main })
}

fn codecs(variant: &Variant) -> impl Iterator<Item = &str> {
    variant.codecs.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|codec| !codec.is_empty())
}

fn is_carried(codec: &str) -> bool {
    let name = codec.split('.').next().unwrap_or_default().to_ascii_lowercase();
    // Object types of MPEG-4 audio that are not AAC or MP3 do not occur.
    matches!(name.as_str(), "avc1" | "avc3" | "hvc1" | "hev1" | "av01" | "vp09" | "mp4a" | "opus" | "mp3")
}

/// Whether something of it is carried, as far as it says.
fn has_media(variant: &Variant) -> bool {
    variant.codecs.is_none() || codecs(variant).any(is_carried)
}

fn merit(variant: &Variant) -> Merit {
    let rows = variant.rows;
    let fits = rows <= ROWS_MAX;
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let sign = if fits { 1 } else { -1 };
    let is_text = |codec: &str| matches!(codec.split('.').next(), Some("stpp" | "wvtt"));
    Merit {
        carried: codecs(variant).all(|codec| is_carried(codec) || is_text(codec)),
        fits,
        rows: sign * signed(rows),
        is_avc: variant.codecs.is_none() || codecs(variant).any(|codec| codec.starts_with("avc")),
        bandwidth: sign * signed(variant.bandwidth),
    }
}

/// The rendition of a group that a player would choose by itself.
fn rendition<'a>(playlist: &'a Multivariant, group: &str) -> Option<&'a Sound> {
    let of_group = playlist.sounds.iter().filter(|sound| sound.group == group);
    // The first of the best: `max_by_key` would take the last.
    of_group.rev().max_by_key(|sound| (sound.default, sound.autoselect))
}
