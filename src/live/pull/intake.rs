//! FLV tags, from RTMP or HTTP, on their way into the stream.

use super::{PullError, Sink};
use std::time::Duration;
use synctv_ingest::{
    Error, Frame,
    flv::{Demuxer, Tag, TagKind, amf0},
    rtmp::Metadata,
};
use tokio::time::{Instant, sleep_until};

/// Tags may be so far ahead of the clock; an upstream that is further ahead is read more slowly. Servers begin with the GOPs they have
/// kept, and those must not be held back; a file that somebody serves as if it were live must.
const AHEAD: Duration = Duration::from_secs(20);
/// A step of the timestamps above this begins a new timeline.
const JUMP_MS: i64 = 10_000;

/// Makes frames of tags.
pub struct Intake<'a> {
    sink: &'a Sink,
    demuxer: Demuxer,
    frames: Vec<Frame>,
    /// The time that belongs to a DTS in ms, and the DTS of the last tag.
    anchor: Option<(Instant, i64, i64)>,
}

impl<'a> Intake<'a> {
    /// For one attempt.
    pub fn new(sink: &'a Sink) -> Self {
        Self { sink, demuxer: Demuxer::new(), frames: Vec::new(), anchor: None }
    }

    /// Takes a tag; [`Intake::push`] sends on what came of it.
    pub fn take(&mut self, tag: &Tag) -> Result<(), PullError> {
        if tag.kind == TagKind::Script {
            if let Some(metadata) = Metadata::read(&tag.body, &amf0::Bounds::default()) {
                self.sink.announce(metadata);
            }
            return Ok(());
        }
        match self.demuxer.demux(tag) {
            Ok(demuxed) => {
                self.frames.extend(demuxed.frames);
                if let Some(warning) = demuxed.warning {
                    self.sink.warn(warning.to_string());
                }
                Ok(())
            }
            Err(error @ Error::Unsupported { .. }) => {
                self.push()?;
                Err(error.into())
            }
            Err(error) => {
                tracing::debug!(%error, "a media message was not understood; it is dropped");
                Ok(())
            }
        }
    }

    /// Hands over what the upstream announced.
    pub fn announce(&self, metadata: Metadata) {
        self.sink.announce(metadata);
    }

    /// Hands the frames over, all at once.
    pub fn push(&mut self) -> Result<(), PullError> {
        if self.frames.is_empty() { Ok(()) } else { self.sink.push(self.frames.drain(..)) }
    }

    /// Waits while what came last is too far ahead of the clock.
    pub async fn keep_pace(&mut self, timestamp: u32) {
        let dts = i64::from(timestamp);
        let now = Instant::now();
        let (begun, first, last) = self.anchor.unwrap_or((now, dts, dts));
        let behind = now.duration_since(begun).as_millis() as i64 - (dts - first);
        // Whoever is behind the clock, or jumps, is measured from here on.
        if (dts - last).abs() > JUMP_MS || behind > 0 {
            self.anchor = Some((now, dts, dts));
            return;
        }
        self.anchor = Some((begun, first, dts));
        let due = begun + Duration::from_millis(u64::try_from(dts - first).unwrap_or_default());
        if due > now + AHEAD {
            sleep_until(due - AHEAD).await;
        }
    }
}
