//! One version of a resource: bytes that were all told by the same validator.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, DATE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED};
use hyper::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::freshness::{Age, Freshness, date_ms};
use super::identity::{Fields, Key, Want, place};
use super::overtaken::Leftover;
use super::{Failure, Head};
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
    /// A date of the last change, and the weak entity tag that came with it: a date has but seconds, and what it does not tell apart the
    /// tag may.
    Date(String, Option<String>),
}

impl Validator {
    /// Of an answer; `None` when nothing in it tells versions apart for certain.
    pub fn of(upstream: &Upstream, now_ms: u64) -> Option<Self> {
        let tag = match upstream.headers.get_all(ETAG).iter().count() {
            0 => None,
            // Of several tags nobody knows which one counts, nor what one says that is no text.
            _ => Some(upstream.header(ETAG).filter(|tag| tag.len() <= HEADER_MAX)?),
        };
        if let Some(tag) = tag.filter(|tag| is_strong(tag)) {
            return Some(Self::Tag(tag.to_owned()));
        }
        let text = upstream.header(LAST_MODIFIED)?;
        let (changed, date) = (date_ms(&upstream.headers, LAST_MODIFIED)?, date_ms(&upstream.headers, DATE));
        let strong = date.unwrap_or(now_ms).saturating_sub(changed) >= STRONG_AFTER_MS;
        (strong && text.len() <= HEADER_MAX).then(|| Self::Date(text.to_owned(), tag.map(str::to_owned)))
    }

    /// Whether an answer is of the same version. A tag that comes or goes is another one.
    pub fn is_of(&self, upstream: &Upstream) -> bool {
        match self {
            Self::Tag(tag) => upstream.header(ETAG) == Some(tag),
            Self::Date(date, tag) => {
                let known = upstream.headers.contains_key(ETAG) == tag.is_some();
                known && upstream.header(ETAG) == tag.as_deref() && upstream.header(LAST_MODIFIED) == Some(date)
            }
        }
    }

    /// Whether an answer that nothing has changed says that of another version (RFC 9111 4.3.4). It need not repeat all, and compares
    /// weakly (RFC 9110 13.1.2).
    pub fn is_denied_by(&self, unchanged: &Upstream) -> bool {
        let (tag, date) = match self {
            Self::Tag(tag) => (Some(tag), None),
            Self::Date(date, tag) => (tag.as_ref(), Some(date)),
        };
        let says = |name| unchanged.headers.contains_key(name);
        let plain = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        says(ETAG) && unchanged.header(ETAG).map(plain) != tag.map(|tag| plain(tag))
            || date.is_some_and(|date| says(LAST_MODIFIED) && unchanged.header(LAST_MODIFIED) != Some(date))
    }

    /// The headers that ask for anything but this version.
    pub fn unless(&self) -> Vec<(HeaderName, HeaderValue)> {
        let (tag, date) = match self {
            Self::Tag(tag) => (Some(tag), None),
            Self::Date(date, tag) => (tag.as_ref(), Some(date)),
        };
        let lines = [(IF_NONE_MATCH, tag), (IF_MODIFIED_SINCE, date)].into_iter();
        lines.filter_map(|(name, text)| Some((name, HeaderValue::from_str(text?).ok()?))).collect()
    }

    /// What tells one from all others.
    fn fields(&self) -> [&str; 3] {
        match self {
            Self::Tag(tag) => ["tag", tag, ""],
            // No entity tag is empty: the quotes are a part of it.
            Self::Date(date, tag) => ["date", date, tag.as_deref().unwrap_or("")],
        }
    }
}

/// Whether an entity tag tells every byte apart (RFC 9110 8.8.3).
pub(super) fn is_strong(tag: &str) -> bool {
    tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"')
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
    leftover: OnceLock<Leftover>,
}

#[derive(Debug)]
struct Standing {
    freshness: Freshness,
    proven: VecDeque<Key>,
    answers: u64,
    /// Questions that failed, and what the last one met with, for which URL.
    failures: u64,
    failed: Option<(Key, Failure)>,
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
        let standing = Standing {
            freshness,
            proven: proven.into(),
            answers: 0,
            failures: 0,
            failed: None,
            asking: false,
            ask_not_before_ms: 0,
        };
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
            leftover: OnceLock::new(),
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
        self.freshness().age(now_ms)
    }

    pub fn freshness(&self) -> Freshness {
        self.standing.lock().freshness
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

    /// How many questions failed.
    pub fn failures(&self) -> u64 {
        self.standing.lock().failures
    }

    /// A question on behalf of this request has failed.
    pub fn note_failure(&self, want: &Want, failure: &Failure) {
        let mut standing = self.standing.lock();
        standing.failures += 1;
        standing.failed = Some((want.exact, failure.clone()));
    }

    /// What the last question met with, when it was for the same URL and is later than the first `before`.
    pub fn failure_since(&self, want: &Want, before: u64) -> Option<Failure> {
        let standing = self.standing.lock();
        let (exact, failure) = standing.failed.as_ref().filter(|_| standing.failures > before)?;
        (*exact == want.exact).then(|| failure.clone())
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

    /// A question that was answered leaves the next one to freshness; one that was not is not repeated for a while.
    pub fn end_asking(&self, now_ms: u64, answered: bool) {
        let mut standing = self.standing.lock();
        standing.asking = false;
        standing.ask_not_before_ms = if answered { 0 } else { now_ms + ASK_AGAIN_MS };
    }

    /// It is right, but nothing of it is kept any more; whoever reads it goes on.
    pub fn retire(&self) {
        self.life.fetch_max(RETIRED, Ordering::SeqCst);
    }

    /// Nobody may go on reading it.
    pub fn kill(&self) {
        self.life.store(DEAD, Ordering::SeqCst);
    }

    /// There is another version; what is left of this one goes with its last reader.
    pub fn leave(&self, leftover: impl FnOnce() -> Leftover) {
        self.leftover.get_or_init(leftover);
    }

    pub fn is_overtaken(&self) -> bool {
        self.leftover.get().is_some()
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
        self.validator.fields().iter().for_each(|field| hash.add(field.as_bytes()));
        hash.add(&self.total.to_be_bytes());
        hash.add(&slice_len.to_be_bytes());
        hash.end()
    }
}
