//! Which modes a client is shown, and which of their tracks through the gateway: decided anew for each answer, from what is cached and
//! from what is not alike.

use synctv_store::{DirectUrl, PlaybackKind, ProxyMode, Source, Track};
use time::OffsetDateTime;
use url::Url;

use super::expiry::{expiry_of, is_signed};
use super::result::{Group, Medium, Mode, Place, Playable};
use crate::fetch::is_credential;

/// How a client gets to a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// From its origin, or from the live plane.
    Direct,
    /// Through the gateway.
    Proxy,
}

/// A mode as a client is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// `direct`, `proxy_direct`, `hls`, ...
    pub name: String,
    /// Which of the [`Playable`]'s modes it is.
    pub mode: usize,
    /// How its renditions are had.
    pub via: Via,
}

impl Medium {
    /// Whether its URL or headers are not for everybody: credentials, a signature, an end.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let Place::Remote { url, headers } = &self.place else { return false };
        self.expires_at.is_some()
            || headers.keys().any(is_credential)
            || !url.username().is_empty()
            || url.password().is_some()
            || is_signed(url)
    }

    /// Whether it still works.
    #[must_use]
    pub fn works_at(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    fn is_remote(&self) -> bool {
        matches!(self.place, Place::Remote { .. })
    }
}

impl Playable {
    /// The modes that have a rendition that works at this moment; the default one first. None when all have expired.
    #[must_use]
    pub fn shown(&self, now: OffsetDateTime) -> Vec<Shown> {
        let works = |mode: &Mode| mode.medias.iter().any(|medium| medium.works_at(now));
        let modes = self.modes.iter().enumerate().filter(|(_, mode)| works(mode));
        let shown = modes.flat_map(|(at, mode)| {
            let ways = self.ways(mode);
            ways.iter().map(move |&via| {
                let prefix = if via == Via::Proxy { "proxy_" } else { "" };
                Shown { name: format!("{prefix}{}", mode.name), mode: at, via }
            })
        });
        shown.collect()
    }

    fn ways(&self, mode: &Mode) -> &'static [Via] {
        // An expired rendition counts: a mode does not turn public because its secret one is gone.
        let private = mode.medias.iter().any(Medium::is_private);
        match self.proxy_mode {
            _ if !mode.medias.iter().any(Medium::is_remote) => &[Via::Direct],
            ProxyMode::Auto if private => &[Via::Proxy],
            ProxyMode::Auto | ProxyMode::DirectPrefer => &[Via::Direct, Via::Proxy],
            ProxyMode::Prefer => &[Via::Proxy, Via::Direct],
            ProxyMode::Only => &[Via::Proxy],
            ProxyMode::DirectOnly => &[Via::Direct],
        }
    }

    /// How a track of a shown mode is had. A player can send headers for a rendition but not for subtitles, danmaku or a picture, so those
    /// that need some come through the gateway.
    #[must_use]
    pub fn way(&self, shown: &Shown, group: Group, medium: &Medium) -> Via {
        let Place::Remote { headers, .. } = &medium.place else { return Via::Direct };
        if shown.via == Via::Proxy {
            return Via::Proxy;
        }
        let closed = match self.proxy_mode {
            ProxyMode::DirectOnly => false,
            ProxyMode::Auto => medium.is_private() || group != Group::Media && !headers.is_empty(),
            _ => group != Group::Media && !headers.is_empty(),
        };
        if closed { Via::Proxy } else { Via::Direct }
    }

    /// Whether it is told apart from a file.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.kind == PlaybackKind::Live
    }
}

/// The URL of a source that everybody in the room may see: that of its first rendition, unless the playback result shows none either. A
/// URL with a user name, a signature or an expiry is shown to nobody here.
#[must_use]
pub fn public_url(source: &Source) -> Option<&str> {
    let Source::DirectUrl(DirectUrl { medias, proxy_mode, .. }) = source else { return None };
    let judged = if *proxy_mode == ProxyMode::Auto { medias.as_slice() } else { medias.get(..1)? };
    let public = *proxy_mode != ProxyMode::Only && judged.iter().all(is_public);
    public.then(|| medias.first().map(|track| track.url.as_str()))?
}

fn is_public(track: &Track) -> bool {
    let by_header = |name: &String| name.parse().is_ok_and(|name| !is_credential(&name));
    let openly = |url: Url| {
        url.username().is_empty() && url.password().is_none() && !is_signed(&url) && expiry_of(&url).is_none()
    };
    track.expires_at.is_none() && track.headers.keys().all(by_header) && Url::parse(&track.url).is_ok_and(openly)
}

#[cfg(test)]
#[path = "exposure_tests.rs"]
mod tests;
