//! Streams of ours in rooms: what a publisher sends, and what is pulled.

use async_trait::async_trait;
use synctv_store::{PlaybackKind, ProxyMode, Source};

use super::result::{Format, Medium, Mode, Place, Playable};
use super::{PlayFailure, Provider, Wanted};

/// Plays push and pull streams from the live plane.
#[derive(Debug)]
pub(super) struct LiveStreams;

#[async_trait]
impl Provider for LiveStreams {
    async fn playable(&self, wanted: &Wanted<'_>) -> Result<Playable, PlayFailure> {
        let (Source::Rtmp { stream } | Source::LiveProxy { stream, .. }) = wanted.source else {
            return Err(PlayFailure::Unplayable);
        };
        // HLS first: it plays in every browser.
        let modes = [("hls", Format::M3u8), ("flv", Format::Flv)].map(|(name, format)| {
            let place = Place::Stream { name: stream.clone() };
            let medium = Medium { name: "live".to_owned(), format, language: None, place, expires_at: None };
            let (subtitles, danmakus) = (Vec::new(), Vec::new());
            Mode { name: name.to_owned(), medias: vec![medium], subtitles, danmakus, thumbnail: None }
        });
        let proxy_mode = ProxyMode::DirectOnly;
        Ok(Playable { kind: PlaybackKind::Live, modes: modes.into(), proxy_mode, expires_at: None })
    }
}
