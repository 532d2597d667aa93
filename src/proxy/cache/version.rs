//! One version of a resource: bytes that were all told by the same validator.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, DATE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED};
use hyper::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::Head;
use super::freshness::{Age, Freshness, date_ms};
use super::identity::{Fields, Key, Want, place};
use crate::fetch::Upstream;

/// A `Last-Modified` tells versions apart when it lies so long before `Date` (RFC 9110 8.8.2.2).
const STRONG_AFTER_MS: u64 = 60_000;
/// A longer header does not describe a version.
pub(super) const HEADER_MAX: usize = 512;
/// URLs with other signatures that an origin opened, each version.
pub(super) const PROVEN_MAX: usize = 64;
/// After a question in the background that was not answered, the next one waits so long.
const ASK_AGAIN_MS: u64 = 5_000;

/// What tells one version from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Validator {
    /// A strong entity tag.
    Tag(String),
    /// A date of the last change, where there is no entity tag that could contradict it.
    Date(String),
}

impl Validator {
    /// Of an answer; `None` when nothing in it tells versions apart for certain.
    pub fn of(upstream: &Upstream, now_ms: u64) -> Option<Self> {
        let strong = |tag: &&str| tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
        if upstream.headers.contains_key(ETAG)
            && let Some(tag) = upstream.header(ETAG).filter(strong)
        {
            return (tag.len() <= HEADER_MAX).then(|| Self::Tag(tag.to_owned()));
        }
        let text = upstream.header(LAST_MODIFIED)?;
        let (changed, date) = (date_ms(&upstream.headers, LAST_MODIFIED)?, date_ms(&upstream.headers, DATE));
        let strong = date.unwrap_or(now_ms).saturating_sub(changed) >= STRONG_AFTER_MS;
        (strong && text.len() <= HEADER_MAX).then(|| Self::Date(text.to_owned()))
    }

    /// Whether an answer is of the same version.
    pub fn is_of(&self, upstream: &Upstream) -> bool {
        match self {
            Self::Tag(tag) => upstream.header(ETAG) == Some(tag),
            Self::Date(date) => upstream.header(LAST_MODIFIED) == Some(date),
        }
    }

    /// The header that asks for anything but this version.
    pub fn unless(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Tag(tag) => Some((IF_NONE_MATCH, HeaderValue::from_str(tag).ok()?)),
            Self::Date(date) => Some((IF_MODIFIED_SINCE, HeaderValue::from_str(date).ok()?)),
        }
    }

    fn text(&self) -> (&'static [u8], &str) {
        match self {
            Self::Tag(tag) => (b"tag", tag),
            Self::Date(date) => (b"date", date),
        }
    }
}

/// Whether what is read of a version may be given out and kept.
const KEPT: u8 = 0;
const RETIRED: u8 = 1;
const DEAD: u8 = 2;

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// A version of a resource.
#[derive(Debug)]
pub(super) struct Version {
    /// Differs from all others in this process.
    pub number: u64,
    /// Which resource it is of.
    pub stable: Key,
    /// The same for the same version of the same resource, beyond a restart.
    pub key: Key,
    /// Its URL without a query.
    pub place: String,
    /// What clients are told.
    pub head: Head,
    /// Its length, never 0.
    pub total: u64,
    pub validator: Validator,
    life: AtomicU8,
    standing: Mutex<Standing>,
    /// Whoever asks the origin whether it still holds.
    pub question: Semaphore,
}

#[derive(Debug)]
struct Standing {
    freshness: Freshness,
    proven: VecDeque<Key>,
    answers: u64,
    asking: bool,
    ask_not_before_ms: u64,
}

/// What is written down of a version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Written {
    pub stable: Key,
    pub place: String,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub content_type: Option<String>,
    pub total: u64,
    pub validator: Validator,
    pub freshness: Freshness,
    pub proven: Vec<Key>,
}

impl Version {
    /// The version that an answer to `want` is of.
    pub fn of(upstream: &Upstream, want: &Want, total: u64, now_ms: u64, slice_len: u64) -> Option<Self> {
        let freshness = Freshness::of(&upstream.headers, now_ms, want.with_credentials)?;
        let validator = Validator::of(upstream, now_ms)?;
        let text = |name| upstream.header(name).filter(|text| text.len() <= HEADER_MAX).map(str::to_owned);
        let written = Written {
            stable: want.stable,
            place: place(&want.resource.url).to_owned(),
            etag: text(ETAG),
            last_modified: text(LAST_MODIFIED),
            content_type: text(CONTENT_TYPE),
            total,
            validator,
            freshness,
            proven: vec![want.exact],
        };
        (total > 0).then(|| Self::written(written, slice_len))
    }

    /// What was written down.
    pub fn written(written: Written, slice_len: u64) -> Self {
        let key = written.key(slice_len);
        let Written { stable, place, etag, last_modified, content_type, total, validator, freshness, proven } = written;
        let standing = Standing { freshness, proven: proven.into(), answers: 0, asking: false, ask_not_before_ms: 0 };
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            stable,
            key,
            place,
            head: Head { total: Some(total), etag, last_modified, content_type },
            total,
            validator,
            life: AtomicU8::new(KEPT),
            standing: Mutex::new(standing),
            question: Semaphore::new(1),
        }
    }

    /// What is to be written down.
    pub fn to_write(&self) -> Written {
        let standing = self.standing.lock();
        Written {
            stable: self.stable,
            place: self.place.clone(),
            etag: self.head.etag.clone(),
            last_modified: self.head.last_modified.clone(),
            content_type: self.head.content_type.clone(),
            total: self.total,
            validator: self.validator.clone(),
            freshness: standing.freshness,
            proven: standing.proven.iter().copied().collect(),
        }
    }

    pub fn age(&self, now_ms: u64) -> Age {
        self.standing.lock().freshness.age(now_ms)
    }

    /// How long nobody needs to ask about it.
    pub fn fresh_for(&self, now_ms: u64) -> Duration {
        Duration::from_millis(self.standing.lock().freshness.fresh_until_ms.saturating_sub(now_ms))
    }

    /// Whether the origin has opened this version to just this request.
    pub fn is_proven(&self, want: &Want) -> bool {
        self.standing.lock().proven.contains(&want.exact)
    }

    /// The origin has said that this version holds.
    pub fn renew(&self, freshness: Option<Freshness>, want: &Want) {
        let mut standing = self.standing.lock();
        if let Some(freshness) = freshness {
            standing.freshness = freshness;
        }
        standing.answers += 1;
        if !standing.proven.contains(&want.exact) {
            if standing.proven.len() >= PROVEN_MAX {
                standing.proven.pop_front();
            }
            standing.proven.push_back(want.exact);
        }
    }

    /// How often the origin has said so.
    pub fn answers(&self) -> u64 {
        self.standing.lock().answers
    }

    /// The origin has refused this request.
    pub fn refute(&self, want: &Want) {
        self.standing.lock().proven.retain(|exact| *exact != want.exact);
    }

    /// Whether it is this caller's turn to ask in the background.
    pub fn begin_asking(&self, now_ms: u64) -> bool {
        let mut standing = self.standing.lock();
        let turn = !standing.asking && now_ms >= standing.ask_not_before_ms;
        standing.asking |= turn;
        turn
    }

    pub fn end_asking(&self, now_ms: u64) {
        let mut standing = self.standing.lock();
        standing.asking = false;
        standing.ask_not_before_ms = now_ms + ASK_AGAIN_MS;
    }

    /// It is right, but nothing of it is kept any more; whoever reads it goes on.
    pub fn retire(&self) {
        self.life.fetch_max(RETIRED, Ordering::SeqCst);
    }

    /// Nobody may go on reading it.
    pub fn kill(&self) {
        self.life.store(DEAD, Ordering::SeqCst);
    }

    pub fn is_kept(&self) -> bool {
        self.life.load(Ordering::SeqCst) == KEPT
    }

    pub fn is_dead(&self) -> bool {
        self.life.load(Ordering::SeqCst) == DEAD
    }
}

impl Written {
    /// See [`Version::key`].
    pub fn key(&self, slice_len: u64) -> Key {
        let mut hash = Fields::new("version");
        hash.add(&self.stable);
        let (kind, text) = self.validator.text();
        hash.add(kind);
        hash.add(text.as_bytes());
        hash.add(&self.total.to_be_bytes());
        hash.add(&slice_len.to_be_bytes());
        hash.end()
    }
}
