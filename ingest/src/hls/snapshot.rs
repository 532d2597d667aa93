//! What players may fetch at one moment.

use super::{Container, playlist};
use crate::ts;
use bytes::Bytes;
use std::{collections::HashMap, sync::Arc};

/// A finished, immutable segment.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its media sequence number, which is also its name.
    pub sequence: u64,
    /// Its discontinuity sequence number, its own EXT-X-DISCONTINUITY counted.
    pub discontinuity_sequence: u64,
    /// EXTINF in ms.
    pub duration: i64,
    /// EXT-X-PROGRAM-DATE-TIME in ms since the Unix epoch.
    pub wall_clock: i64,
    /// Decodable without the segments before it.
    pub independent: bool,
    /// It does not follow from the segment before it.
    pub discontinuity: bool,
    /// The name of its init section.
    pub init_name: Arc<str>,
    /// As fMP4.
    pub fmp4: Bytes,
    /// As MPEG-TS, once somebody asked for it.
    pub ts: Option<Bytes>,
    pub(super) samples: Arc<[ts::Sample]>,
}

impl Segment {
    /// Its bytes in a container.
    #[must_use]
    pub const fn bytes(&self, container: Container) -> Option<&Bytes> {
        match container {
            Container::Fmp4 => Some(&self.fmp4),
            Container::Ts => self.ts.as_ref(),
        }
    }

    /// Its file name: `seg-SEQUENCE.m4s` or `seg-SEQUENCE.ts`. Never used for other bytes.
    #[must_use]
    pub fn name(&self, container: Container) -> String {
        format!("seg-{}.{}", self.sequence, container.extension())
    }
}

/// An immutable file: cacheable for as long as anybody likes.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its media type.
    pub content_type: &'static str,
}

/// Everything the playlists are written from.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    pub(super) target_duration: i64,
    pub(super) ended: bool,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) variants: [playlist::Variant; 2],
}

impl Listing {
    /// The listed segments that exist in a container: for MPEG-TS those since the last one that it could not carry.
    pub(super) fn of(&self, container: Container) -> &[Arc<Segment>] {
        let missing = self.segments.iter().rposition(|segment| segment.bytes(container).is_none());
        &self.segments[missing.map_or(0, |at| at + 1)..]
    }
}

/// The state of a window at one version. Readers share it; nothing in it changes.
#[derive(Debug, Default)]
pub struct Snapshot {
    version: u64,
    listing: Listing,
    retained: Vec<Arc<Segment>>,
    inits: HashMap<Arc<str>, Bytes>,
    playlists: HashMap<&'static str, Bytes>,
}

impl Snapshot {
    pub(super) fn new(
        version: u64,
        listing: Listing,
        retained: Vec<Arc<Segment>>,
        inits: HashMap<Arc<str>, Bytes>,
    ) -> Self {
        let mut playlists = HashMap::new();
        for container in [Container::Fmp4, Container::Ts] {
            if let Some(text) = playlist::media(&listing, container, None) {
                playlists.insert(container.media_playlist(), Bytes::from(text));
            }
            if let Some(text) = playlist::multivariant(&listing, container, None) {
                playlists.insert(container.multivariant_playlist(), Bytes::from(text));
            }
        }
        Self { version, listing, retained, inits, playlists }
    }

    /// Grows with each change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// TARGETDURATION in seconds; 0 before the first segment.
    #[must_use]
    pub const fn target_duration(&self) -> i64 {
        self.listing.target_duration
    }

    /// The playlists end with EXT-X-ENDLIST.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.listing.ended
    }

    /// The segments the playlists list, oldest first.
    #[must_use]
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.listing.segments
    }

    /// The media playlist; `None` while no segment exists in the container. `query` ("expires=..&sig=..") is appended to
    /// each URI in it; without one the answer was written beforehand.
    #[must_use]
    pub fn media_playlist(&self, container: Container, query: Option<&str>) -> Option<Bytes> {
        match query {
            None => self.playlists.get(container.media_playlist()).cloned(),
            Some(_) => playlist::media(&self.listing, container, query).map(Bytes::from),
        }
    }

    /// The multivariant playlist, likewise.
    #[must_use]
    pub fn multivariant_playlist(&self, container: Container, query: Option<&str>) -> Option<Bytes> {
        match query {
            None => self.playlists.get(container.multivariant_playlist()).cloned(),
            Some(_) => playlist::multivariant(&self.listing, container, query).map(Bytes::from),
        }
    }

    /// A segment or init section by its file name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<Resource> {
        if let Some(init) = self.inits.get(name) {
            return Some(Resource { bytes: init.clone(), content_type: "video/mp4" });
        }
        let (number, extension) = name.strip_prefix("seg-")?.split_once('.')?;
        let (container, content_type) = match extension {
            "m4s" => (Container::Fmp4, "video/iso.segment"),
            "ts" => (Container::Ts, "video/mp2t"),
            _ => return None,
        };
        // Only the one spelling that the playlists use.
        if !number.bytes().all(|byte| byte.is_ascii_digit()) || (number.len() > 1 && number.starts_with('0')) {
            return None;
        }
        let sequence: u64 = number.parse().ok()?;
        let at = self.retained.binary_search_by_key(&sequence, |segment| segment.sequence).ok()?;
        let bytes = self.retained.get(at)?.bytes(container)?.clone();
        Some(Resource { bytes, content_type })
    }
}
