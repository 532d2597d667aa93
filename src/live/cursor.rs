//! A viewer's place in a stream, and what it gets next: all that a viewer costs beside its socket.

use super::{
    batch::{Batch, Framing},
    preamble::Preamble,
    ring::Position,
    stream::{Start, Stream},
};
use std::sync::{Arc, atomic::Ordering::Relaxed};

/// Frames merged into one write at most; a joining viewer gets its GOP in several.
const STEP_FRAMES: u64 = 128;
/// Bytes of media in one write at which it is closed.
const STEP_BYTES: usize = 512 * 1024;

/// A viewer's place. Survives publications: the base never changes, so its timeline only grows.
#[derive(Debug, Default)]
pub struct Cursor {
    /// The next frame; `None` until a key frame can be joined at.
    position: Option<Position>,
    /// The stream DTS in ms that is 0 for this viewer; `None` before the first byte.
    base: Option<i64>,
    config_version: u32,
}

/// What goes ahead of the frames of a step.
#[derive(Debug, Clone)]
enum Lead {
    Nothing,
    Opening(Arc<Preamble>),
    Headers(Arc<Preamble>),
}

/// One write: the frames `from..to` for viewers with this base.
#[derive(Debug, Clone)]
pub struct Step {
    from: Position,
    to: Position,
    base: i64,
    lead: Lead,
}

impl Step {
    /// Viewers with the same key get the same bytes.
    const fn key(&self) -> (Position, Position, i64, u8) {
        let lead = match self.lead {
            Lead::Nothing => 0,
            Lead::Opening(_) => 1,
            Lead::Headers(_) => 2,
        };
        (self.from, self.to, self.base, lead)
    }
}

impl Cursor {
    /// What to write next, up to the frame `end`; `None` when caught up or when there is nothing to join at.
    pub fn next(&mut self, stream: &Stream, end: Position) -> Option<Step> {
        let first = stream.read(|core| core.feed.ring.first());
        let mut lead = Lead::Nothing;
        if self.position.is_some_and(|at| at < first) {
            stream.counters.skips.fetch_add(1, Relaxed);
            self.position = None;
        }
        let from = match self.position {
            Some(at) => at,
            None => {
                let start = stream.join()?;
                lead = self.place(&start);
                start.position
            }
        };
        self.position = Some(from);
        let to = stream.read(|core| {
            let mut bytes = 0;
            let last = end.min(core.feed.ring.end()).min(from + STEP_FRAMES);
            (from..last)
                .find(|&at| {
                    bytes += core.feed.ring.get(at).map_or(0, |f| f.tag.len());
                    bytes >= STEP_BYTES
                })
                .map_or(last, |at| at + 1)
        });
        if to <= from {
            // The lead is not lost: without a frame to follow, the next call joins again.
            if !matches!(lead, Lead::Nothing) {
                self.position = None;
                if matches!(lead, Lead::Opening(_)) {
                    self.base = None;
                }
            }
            return None;
        }
        self.position = Some(to);
        Some(Step { from, to, base: self.base.unwrap_or_default(), lead })
    }

    fn place(&mut self, start: &Start) -> Lead {
        let version = start.preamble.config_version;
        let known = std::mem::replace(&mut self.config_version, version);
        if self.base.is_none() {
            self.base = Some(start.base);
            Lead::Opening(start.preamble.clone())
        } else if known != version {
            Lead::Headers(start.preamble.clone())
        } else {
            Lead::Nothing
        }
    }
}

/// The newest batches of a pass: viewers in step with each other share one.
#[derive(Debug, Default)]
pub struct Batches {
    recent: Vec<(Framing, Step, Arc<Batch>)>,
}

/// Batches remembered during a pass.
const REMEMBERED: usize = 8;

impl Batches {
    /// The bytes of a step, built at most once while viewers in step ask for it.
    pub fn get(&mut self, stream: &Stream, step: &Step, framing: Framing) -> Arc<Batch> {
        let key = step.key();
        if let Some((.., batch)) = self.recent.iter().rev().find(|(f, s, _)| *f == framing && s.key() == key) {
            return batch.clone();
        }
        let lead = match &step.lead {
            Lead::Nothing => None,
            Lead::Opening(p) => Some(&p.bytes),
            Lead::Headers(p) => Some(&p.headers),
        };
        let batch = stream.read(|core| {
            let frames = (step.from..step.to).filter_map(|at| core.feed.ring.get(at));
            Arc::new(Batch::new(lead, frames, step.base, framing))
        });
        if self.recent.len() == REMEMBERED {
            self.recent.remove(0);
        }
        self.recent.push((framing, step.clone(), batch.clone()));
        batch
    }

    /// Forgets what the last pass built, so that frames are not held beyond it.
    pub fn clear(&mut self) {
        self.recent.clear();
    }
}
