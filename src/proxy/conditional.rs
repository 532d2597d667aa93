//! Conditional requests (RFC 9110 13): whether a client's copy is still the one.

use std::time::{Duration, SystemTime};

use hyper::HeaderMap;
use hyper::header::{AsHeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};

/// A `Last-Modified` says which version it is when it lies at least so long in the past: within one second a file can change unseen
/// (RFC 9110 8.8.2.2).
pub const STRONG_AFTER: Duration = Duration::from_secs(1);
/// A longer list of entity tags is not read: nothing in it matches.
pub const LIST_MAX: usize = 4096;

/// What tells one version of a resource from another.
#[derive(Debug, Clone, Copy, Default)]
pub struct Validators<'a> {
    /// `ETag` as it came, with its quotes.
    pub etag: Option<&'a str>,
    /// `Last-Modified` as it came.
    pub last_modified: Option<&'a str>,
}

/// What the conditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They hold, or there are none.
    Send,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl Validators<'_> {
    /// Judges the conditions of a GET or HEAD in the order of RFC 9110 13.2.2, `If-Range` aside.
    #[must_use]
    pub fn judge(&self, asked: &HeaderMap) -> Verdict {
        if asked.contains_key(IF_MATCH) {
            if !self.is_listed(asked, IF_MATCH, strongly) {
                return Verdict::Failed;
            }
        } else if let (Some(since), Some(changed)) = (date(asked, IF_UNMODIFIED_SINCE), self.changed())
            && changed > since
        {
            return Verdict::Failed;
        }
        if asked.contains_key(IF_NONE_MATCH) {
            if self.is_listed(asked, IF_NONE_MATCH, weakly) {
                return Verdict::NotModified;
            }
        } else if let (Some(since), Some(changed)) = (date(asked, IF_MODIFIED_SINCE), self.changed())
            && changed <= since
        {
            return Verdict::NotModified;
        }
        Verdict::Send
    }

    /// Whether a `Range` counts (RFC 9110 13.1.5): there is no `If-Range`, or it names this version and no other could have the same
    /// validator. `now` is the origin's time, as near as it is known.
    #[must_use]
    pub fn range_counts(&self, asked: &HeaderMap, now: SystemTime) -> bool {
        let mut values = asked.get_all(IF_RANGE).iter();
        let Some(value) = values.next() else { return true };
        let (Ok(value), None) = (value.to_str(), values.next()) else { return false };
        if value.starts_with('"') || value.starts_with("W/") {
            return self.etag.is_some_and(|etag| strongly(etag, value));
        }
        // The date must be the very same: an earlier or later one is another version's.
        let (Some(named), Some(changed)) = (httpdate::parse_http_date(value).ok(), self.changed()) else {
            return false;
        };
        named == changed && now.duration_since(changed).is_ok_and(|age| age >= STRONG_AFTER)
    }

    fn changed(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.last_modified?).ok()
    }

    fn is_listed(&self, asked: &HeaderMap, name: impl AsHeaderName, same: fn(&str, &str) -> bool) -> bool {
        let lists = asked.get_all(name).iter().filter_map(|value| value.to_str().ok());
        lists.filter(|list| list.len() <= LIST_MAX).any(|list| match list.trim() {
            // What is asked for exists, or this would not be judged.
            "*" => true,
            list => self.etag.is_some_and(|etag| tags(list).any(|listed| same(etag, listed))),
        })
    }
}

/// RFC 9110 8.8.3.2.
fn strongly(one: &str, other: &str) -> bool {
    is_tag(one) && !one.starts_with("W/") && one == other
}

fn weakly(one: &str, other: &str) -> bool {
    let opaque = |tag| str::strip_prefix(tag, "W/").unwrap_or(tag).to_owned();
    is_tag(one) && opaque(one) == opaque(other)
}

fn is_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"')
}

/// The entity tags of a list. A comma may stand inside the quotes; what comes after something that is no tag is not read.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let quotes = if rest.starts_with("W/") { 2 } else { 0 };
        let opaque = rest.get(quotes..)?.strip_prefix('"')?;
        let end = quotes + 1 + opaque.find('"')? + 1;
        let tag = &rest[..end];
        rest = &rest[end..];
        Some(tag)
    })
}

/// A date that cannot be read is no condition (RFC 9110 13.1.3).
fn date(asked: &HeaderMap, name: impl AsHeaderName) -> Option<SystemTime> {
    let mut values = asked.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { httpdate::parse_http_date(value).ok() }
}

#[cfg(test)]
#[path = "conditional_tests.rs"]
mod tests;
