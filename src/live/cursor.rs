//! A viewer's place in a stream, and what it gets next: all that a viewer costs beside its socket.

use super::{
    batch::{Batch, Framing},
    preamble::Preamble,
    ring::Position,
    stream::{Core, Start, Stream},
};
use std::sync::{Arc, atomic::Ordering::Relaxed};
use synctv_ingest::Frame;

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
#[derive(Debug)]
enum Lead {
    Nothing,
    Opening(Arc<Preamble>),
    Headers(Arc<Preamble>),
}

/// What tells writes apart: viewers for whom it is the same get the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    framing: Framing,
    from: Position,
    base: i64,
    /// The configuration that goes ahead: of the opening, or of the headers alone.
    lead: Option<(bool, u32)>,
}

impl Cursor {
    /// Joins where it has to; false while there is nothing to join at.
    fn place(&mut self, core: &mut Core) -> Option<(Position, Lead)> {
        if let Some(at) = self.position {
            if at >= core.feed.ring.first() {
                return Some((at, Lead::Nothing));
            }
            self.position = None;
        }
        let Start { preamble, position, base } = core.join()?;
        self.position = Some(position);
        let known = std::mem::replace(&mut self.config_version, preamble.config_version);
        let lead = match self.base {
            None => Lead::Opening(preamble),
            Some(_) if known != preamble.config_version => Lead::Headers(preamble),
            Some(_) => Lead::Nothing,
        };
        self.base.get_or_insert(base);
        Some((position, lead))
    }
}

#[derive(Debug)]
struct Made {
    key: Key,
    to: Position,
    batch: Arc<Batch>,
}

/// The newest batches of a pass: viewers in step with each other share one.
#[derive(Debug, Default)]
pub struct Batches {
    recent: Vec<Made>,
}

/// Batches remembered during a pass.
const REMEMBERED: usize = 8;

impl Batches {
    /// What a viewer gets next, up to the frame `end`; `None` when it is caught up or has nothing to join at. Built at most
    /// once while viewers in step ask for it: those take it without the stream's lock.
    pub fn next(
        &mut self,
        cursor: &mut Cursor,
        stream: &Stream,
        end: Position,
        framing: Framing,
    ) -> Option<Arc<Batch>> {
        if let Some(from) = cursor.position {
            if from >= end {
                return None;
            }
            let key = Key { framing, from, base: cursor.base.unwrap_or_default(), lead: None };
            if let Some(batch) = self.find(key, cursor) {
                return Some(batch);
            }
        }
        stream.with(|core| {
            let had = cursor.position;
            let placed = cursor.place(core);
            if had.is_some() && had != cursor.position {
                stream.counters.skips.fetch_add(1, Relaxed);
            }
            let (from, lead) = placed?;
            let base = cursor.base.unwrap_or_default();
            let key = Key { framing, from, base, lead: lead.key() };
            self.find(key, cursor).or_else(|| {
                let to = step_end(core, from);
                let batch = Arc::new(build(core, from..to, &lead, base, framing));
                cursor.position = Some(to);
                self.remember(Made { key, to, batch: batch.clone() });
                Some(batch)
            })
        })
    }

    fn find(&self, key: Key, cursor: &mut Cursor) -> Option<Arc<Batch>> {
        let made = self.recent.iter().rev().find(|made| made.key == key)?;
        cursor.position = Some(made.to);
        Some(made.batch.clone())
    }

    fn remember(&mut self, made: Made) {
        if self.recent.len() == REMEMBERED {
            self.recent.remove(0);
        }
        self.recent.push(made);
    }

    /// Forgets what the last pass built, so that frames are not held beyond it.
    pub fn clear(&mut self) {
        self.recent.clear();
    }
}

impl Lead {
    fn key(&self) -> Option<(bool, u32)> {
        match self {
            Self::Nothing => None,
            Self::Opening(p) => Some((true, p.config_version)),
            Self::Headers(p) => Some((false, p.config_version)),
        }
    }
}

/// Where a write that begins with the frame `from` ends.
fn step_end(core: &Core, from: Position) -> Position {
    let last = core.feed.ring.end().min(from.saturating_add(STEP_FRAMES));
    let mut bytes = 0;
    let full = (from..last).find(|&at| {
        bytes += core.feed.ring.get(at).map_or(0, |f| f.tag.len());
        bytes >= STEP_BYTES
    });
    full.map_or(last, |at| at + 1)
}

fn build(core: &Core, range: std::ops::Range<Position>, lead: &Lead, base: i64, framing: Framing) -> Batch {
    let dts = core.feed.ring.get(range.start).map_or(base, |f| f.dts);
    let (opening, headers) = match lead {
        Lead::Nothing => (None, Vec::new()),
        Lead::Opening(p) => (Some(&p.bytes), Vec::new()),
        // On the viewer's timeline, which has moved on.
        Lead::Headers(p) => (None, p.headers.iter().map(|h| Frame { dts, ..h.clone() }).collect()),
    };
    let frames = range.filter_map(|at| core.feed.ring.get(at));
    Batch::new(opening, headers.iter().chain(frames), base, framing)
}
