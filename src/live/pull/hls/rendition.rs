//! One media playlist, followed: what it names is fetched in order, and it is asked again as it grows (RFC 8216bis 6.3.4).

use super::cipher::{decrypt, sequence_vector};
use super::container::Container;
use super::fetcher::{Fetcher, KEY_BYTES, MAP_MAX, Place, SEGMENT_MAX};
use super::playlist::{Media, Part, Playlist, Segment, read};
use crate::{fetch, live::pull::PullError};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use synctv_ingest::Frame;
use tokio::{
    sync::mpsc::Sender,
    time::{Instant, sleep, sleep_until},
};
use url::Url;

/// A playlist that could not be fetched is asked for again so often ...
const RELOADS_FAILED_MAX: u32 = 5;
/// ... and segments one after the other that could not be fetched are left out, before the pull ends.
const SEGMENTS_FAILED_MAX: u32 = 3;
/// A segment that could not be fetched is tried once more after this.
const SEGMENT_RETRY: Duration = Duration::from_millis(500);
/// A live playlist that lists nothing further for so many target durations is dead, and for this long at least.
const STALE_TARGETS: u32 = 6;
const STALE_MIN: Duration = Duration::from_secs(20);
/// The shortest time that a segment or a playlist may take.
const PATIENCE_MIN: Duration = Duration::from_secs(10);
/// A playlist that others refer to takes at most this long.
pub const PLAYLIST_PATIENCE: Duration = Duration::from_secs(20);

/// What came of one segment.
#[derive(Debug)]
pub struct Batch {
    /// Frames in decoding order, in ms of the timeline.
    pub frames: Vec<Frame>,
    /// Which timeline.
    pub discontinuity: u64,
    /// What EXTINF says.
    pub duration: Duration,
    /// What the operator should hear.
    pub warnings: Vec<String>,
}

/// A media playlist, and how far it is played.
pub struct Rendition<'a> {
    fetcher: Fetcher<'a>,
    /// What is asked for.
    asked: Place,
    /// Where the last answer came from.
    base: Place,
    container: Container,
    /// The init section in force.
    map: Option<Arc<Part>>,
    /// The key used last.
    key: Option<(Url, Bytes)>,
    discontinuity: Option<u64>,
    failed: u32,
}

impl<'a> Rendition<'a> {
    /// The playlist at `asked`.
    pub fn new(fetcher: Fetcher<'a>, asked: Place) -> Self {
        let (base, container) = (asked.clone(), Container::default());
        Self { fetcher, asked, base, container, map: None, key: None, discontinuity: None, failed: 0 }
    }

    /// Follows the playlist until its end; `out` takes one segment ahead of what is played.
    ///
    /// # Errors
    /// [`PullError`], when the playlist or several segments in a row cannot be had, or nothing is added to it.
    pub async fn follow(mut self, first: Option<(Media, Place)>, out: Sender<Batch>) -> Result<(), PullError> {
        let mut loaded = Instant::now();
        let mut grown = loaded;
        let mut playlist = match first {
            Some((playlist, base)) => {
                self.base = base;
                playlist
            }
            None => self.load(PLAYLIST_PATIENCE).await?,
        };
        let mut next = playlist.start().unwrap_or_default();
        loop {
            let begin = next;
            for segment in playlist.segments.iter().filter(|segment| segment.sequence >= begin) {
                next = segment.sequence.saturating_add(1);
                let Some(batch) = self.take(segment, playlist.target).await? else { continue };
                // Nobody listens any more: the pull ends elsewhere.
                if out.send(batch).await.is_err() {
                    return Ok(());
                }
                // Played as it comes, a list is soon an old one.
                if !playlist.ended && loaded.elapsed() >= playlist.target {
                    break;
                }
            }
            let all = playlist.segments.last().is_none_or(|last| last.sequence < next);
            if playlist.ended && all {
                return Ok(());
            }
            let wait = if grown == loaded { playlist.target } else { playlist.target / 2 };
            sleep_until(loaded + wait).await;
            let newer = self.reload(playlist.target).await?;
            loaded = Instant::now();
            if newer != playlist {
                grown = loaded;
            } else if grown.elapsed() >= (playlist.target * STALE_TARGETS).max(STALE_MIN) {
                return Err(PullError::Silent("list another segment"));
            }
            playlist = newer;
            next = where_to_go_on(&playlist, next);
        }
    }

    async fn load(&mut self, limit: Duration) -> Result<Media, PullError> {
        let (text, base) = self.fetcher.playlist(&self.asked, limit).await?;
        let read = read(&text, &base)?;
        self.base = base;
        match read {
            Playlist::Media(media) => Ok(media),
            // A variant names segments (4.1).
            Playlist::Multivariant(_) => Err(PullError::Kind),
        }
    }

    /// Asks until it works, or too often.
    async fn reload(&mut self, target: Duration) -> Result<Media, PullError> {
        let mut failed = 0;
        loop {
            match self.load(target.saturating_mul(2).max(PATIENCE_MIN)).await {
                Ok(media) => return Ok(media),
                Err(error) if failed == RELOADS_FAILED_MAX => return Err(error),
                Err(error) => tracing::debug!(%error, "a playlist could not be read again"),
            }
            failed += 1;
            sleep(target / 2).await;
        }
    }

    /// The frames of a segment; `None` when there is nothing in it.
    async fn take(&mut self, segment: &Segment, target: Duration) -> Result<Option<Batch>, PullError> {
        if segment.gap {
            return Ok(None);
        }
        if self.discontinuity.replace(segment.discontinuity).is_some_and(|before| before != segment.discontinuity) {
            self.container.discontinuity();
        }
        let limit = target.saturating_mul(3).max(PATIENCE_MIN);
        let mut taken = self.frames(segment, limit).await;
        if taken.as_ref().is_err_and(is_passing) {
            sleep(SEGMENT_RETRY).await;
            taken = self.frames(segment, limit).await;
        }
        match taken {
            Ok((frames, warnings)) => {
                self.failed = 0;
                let (discontinuity, duration) = (segment.discontinuity, segment.duration);
                Ok(Some(Batch { frames, discontinuity, duration, warnings }))
            }
            Err(error) if self.failed + 1 == SEGMENTS_FAILED_MAX || !may_be_left_out(&error) => Err(error),
            Err(error) => {
                self.failed += 1;
                tracing::info!(%error, sequence = segment.sequence, "a segment of the upstream is left out");
                Ok(None)
            }
        }
    }

    async fn frames(&mut self, segment: &Segment, limit: Duration) -> Result<(Vec<Frame>, Vec<String>), PullError> {
        let mut bytes = self.fetcher.part(&self.base, &segment.part, SEGMENT_MAX, limit).await?;
        if let Some(key) = &segment.key {
            let secret = self.key(&key.url, limit).await?;
            bytes = decrypt(&bytes, &secret, key.iv.unwrap_or_else(|| sequence_vector(segment.sequence)))?;
        }
        if self.map != segment.map {
            self.begin(segment, limit).await?;
        }
        Ok(self.container.segment(&bytes)?)
    }

    async fn begin(&mut self, segment: &Segment, limit: Duration) -> Result<(), PullError> {
        self.map = None;
        let Some(map) = &segment.map else { return Ok(self.container.begin(None)?) };
        let mut init = self.fetcher.part(&self.base, map, MAP_MAX, limit).await?;
        // A key may apply to the init section or not, by the order of their tags; its first box tells.
        if let Some(key) = segment.key.as_ref().filter(|_| !is_mp4(&init)) {
            let secret = self.key(&key.url, limit).await?;
            let iv = key.iv.unwrap_or_else(|| sequence_vector(segment.sequence));
            init = decrypt(&init, &secret, iv)?;
        }
        self.container.begin(Some(&init))?;
        self.map = Some(map.clone());
        Ok(())
    }

    async fn key(&mut self, url: &Url, limit: Duration) -> Result<Bytes, PullError> {
        if let Some((_, key)) = self.key.as_ref().filter(|(known, _)| known == url) {
            return Ok(key.clone());
        }
        let part = Part { url: url.clone(), range: None };
        let key = self.fetcher.part(&self.base, &part, KEY_BYTES, limit).await?;
        self.key = Some((url.clone(), key.clone()));
        Ok(key)
    }
}

/// The sequence number that comes next in a playlist that was read again.
fn where_to_go_on(playlist: &Media, next: u64) -> u64 {
    let (Some(first), Some(last)) = (playlist.segments.first(), playlist.segments.last()) else { return next };
    let is_behind = first.sequence > next;
    // Whoever counts begins anew.
    let is_restarted = last.sequence.saturating_add(1) < next;
    if !is_behind && !is_restarted {
        return next;
    }
    tracing::info!(next, first = first.sequence, "the playlist does not go on where it stopped; it is joined anew");
    playlist.start().unwrap_or(next)
}

fn is_mp4(init: &[u8]) -> bool {
    init.get(4..8).is_some_and(|kind| matches!(kind, b"ftyp" | b"moov" | b"styp" | b"free" | b"sidx"))
}

/// Whether the same request may have another end.
fn is_passing(error: &PullError) -> bool {
    matches!(error, PullError::Fetch(error) if !matches!(error, fetch::Error::Refused | fetch::Error::Url(_)))
}

/// Whether the next segment may be a better one.
fn may_be_left_out(error: &PullError) -> bool {
    is_passing(error)
        || matches!(error, PullError::Media(error) if !matches!(error, synctv_ingest::Error::Unsupported { .. }))
}

#[cfg(test)]
#[path = "rendition_tests.rs"]
mod tests;
