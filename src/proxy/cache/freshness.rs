//! How long an answer counts (RFC 9111 4.2, RFC 5861), in milliseconds of the wall clock: it holds beyond a restart.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName, LAST_MODIFIED, VARY};
use serde::{Deserialize, Serialize};

/// What an origin says nothing about is fresh for a tenth of its age (RFC 9111 4.2.2), within these bounds.
const HEURISTIC_MIN: Duration = Duration::from_secs(60);
const HEURISTIC_MAX: Duration = Duration::from_secs(24 * 3600);
/// The same for what does not say how old it is.
const HEURISTIC: Duration = Duration::from_secs(300);
/// Nothing is fresh for longer, whatever its origin says.
const FRESH_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// So long after it is fresh something is still served while its origin is asked, when the origin does not say how long.
pub(super) const STALE_FOR: Duration = Duration::from_secs(60);
/// Nothing is served stale for longer.
const STALE_MAX: Duration = Duration::from_secs(24 * 3600);

/// Until when something counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Freshness {
    /// Served without a question.
    pub fresh_until_ms: u64,
    /// Served while its origin is asked.
    pub stale_until_ms: u64,
    /// How long it is fresh after each word of its origin; `None`: until a moment that the origin named.
    pub lasts_ms: Option<u64>,
}

/// Where in its life something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    Stale,
    Expired,
}

impl Freshness {
    /// What the headers of an answer come to; `None`: it is not kept at all.
    pub fn of(headers: &HeaderMap, now_ms: u64, with_credentials: bool) -> Option<Self> {
        let says = Directives::of(headers);
        let varies = headers.get_all(VARY).iter().any(|value| value.as_bytes().contains(&b'*'));
        if says.no_store || says.private && with_credentials || varies {
            return None;
        }
        let lasts = match says.max_age {
            _ if says.no_cache => Some(Duration::ZERO),
            Some(max_age) => Some(max_age),
            None if headers.contains_key(EXPIRES) => None,
            None => Some(heuristic(headers, now_ms)),
        };
        let stale = match says.stale {
            _ if says.no_cache || says.must_revalidate => Duration::ZERO,
            stale => stale.unwrap_or(STALE_FOR).min(STALE_MAX),
        };
        let fresh = lasts.or_else(|| expires(headers, now_ms)).unwrap_or_default();
        let lasts_ms = lasts.map(|lasts| lasts.min(FRESH_MAX).as_millis() as u64);
        Some(Self::after(headers, now_ms, fresh, stale, lasts_ms))
    }

    /// What an answer that nothing has changed comes to: what it does not say again counts on (RFC 9111 3.2, 4.3.4).
    pub fn confirmed(self, headers: &HeaderMap, now_ms: u64, with_credentials: bool) -> Option<Self> {
        if headers.contains_key(CACHE_CONTROL) || headers.contains_key(EXPIRES) {
            return Self::of(headers, now_ms, with_credentials);
        }
        let Some(lasts_ms) = self.lasts_ms else { return Some(self) };
        let stale = Duration::from_millis(self.stale_until_ms.saturating_sub(self.fresh_until_ms));
        Some(Self::after(headers, now_ms, Duration::from_millis(lasts_ms), stale, Some(lasts_ms)))
    }

    /// `fresh` counts from when the origin itself has answered.
    fn after(headers: &HeaderMap, now_ms: u64, fresh: Duration, stale: Duration, lasts_ms: Option<u64>) -> Self {
        let age = number(headers, AGE).unwrap_or(Duration::ZERO);
        let fresh = fresh.saturating_sub(age).min(FRESH_MAX);
        let fresh_until_ms = now_ms.saturating_add(fresh.as_millis() as u64);
        let stale_until_ms = fresh_until_ms.saturating_add(stale.as_millis() as u64);
        Self { fresh_until_ms, stale_until_ms, lasts_ms }
    }

    pub fn age(&self, now_ms: u64) -> Age {
        match now_ms {
            now if now < self.fresh_until_ms => Age::Fresh,
            now if now < self.stale_until_ms => Age::Stale,
            _ => Age::Expired,
        }
    }
}

/// What of `Cache-Control` counts here. This cache is shared between people, so that `s-maxage` counts.
#[derive(Debug, Default)]
struct Directives {
    no_store: bool,
    no_cache: bool,
    private: bool,
    must_revalidate: bool,
    max_age: Option<Duration>,
    stale: Option<Duration>,
}

impl Directives {
    fn of(headers: &HeaderMap) -> Self {
        let mut says = Self::default();
        let mut shared = None;
        let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
        for directive in values.flat_map(|value| value.split(',')) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            // What cannot be read as a time is over (RFC 9111 4.2.1).
            let span = || Some(seconds(value.trim().trim_matches('"')).unwrap_or(Duration::ZERO));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => says.no_store = true,
                "no-cache" => says.no_cache = true,
                "private" => says.private = true,
                "must-revalidate" | "proxy-revalidate" => says.must_revalidate = true,
                "max-age" => says.max_age = span(),
                "s-maxage" => shared = span(),
                "stale-while-revalidate" => says.stale = span(),
                _ => {}
            }
        }
        says.max_age = shared.or(says.max_age);
        says
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)).min(u64::from(u32::MAX))))
}

fn number(headers: &HeaderMap, name: HeaderName) -> Option<Duration> {
    seconds(headers.get(name)?.to_str().ok()?.trim())
}

/// What an HTTP date says, in milliseconds since 1970.
pub(super) fn date_ms(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    u64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn expires(headers: &HeaderMap, now_ms: u64) -> Option<Duration> {
    headers.get(EXPIRES)?;
    let date = date_ms(headers, DATE).unwrap_or(now_ms);
    Some(Duration::from_millis(date_ms(headers, EXPIRES).unwrap_or(0).saturating_sub(date)))
}

fn heuristic(headers: &HeaderMap, now_ms: u64) -> Duration {
    let date = date_ms(headers, DATE).unwrap_or(now_ms);
    let Some(changed) = date_ms(headers, LAST_MODIFIED) else { return HEURISTIC };
    Duration::from_millis(date.saturating_sub(changed) / 10).clamp(HEURISTIC_MIN, HEURISTIC_MAX)
}

/// The wall clock, which tests set forward.
#[derive(Debug, Default)]
pub(super) struct Clock {
    #[cfg(test)]
    ahead_ms: std::sync::atomic::AtomicU64,
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        #[cfg(test)]
        let now = now + self.ahead_ms.load(std::sync::atomic::Ordering::Relaxed);
        now
    }

    #[cfg(test)]
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(by.as_millis() as u64, std::sync::atomic::Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    const NOW: u64 = 784_111_777_000;

    fn spans(lines: &[(&'static str, &'static str)], with_credentials: bool) -> Option<(u64, u64)> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let found = Freshness::of(&headers, NOW, with_credentials)?;
        Some(((found.fresh_until_ms - NOW) / 1000, (found.stale_until_ms - found.fresh_until_ms) / 1000))
    }

    #[test]
    fn an_origin_says_how_long_its_answer_counts() {
        for (says, fresh, stale) in [
            ("max-age=10", 10, 60),
            ("Max-Age=10, s-maxage=20", 20, 60),
            ("max-age=\"10\", stale-while-revalidate=5", 10, 5),
            ("max-age=10, must-revalidate", 10, 0),
            ("no-cache, max-age=10", 0, 0),
            ("max-age=soon", 0, 60),
            ("max-age=99999999999999999999", 30 * 24 * 3600, 60),
            ("max-age=1, stale-while-revalidate=99999999999", 1, 24 * 3600),
            ("private, max-age=10", 10, 60),
        ] {
            assert_eq!(spans(&[("cache-control", says)], false), Some((fresh, stale)), "{says}");
        }
        assert_eq!(spans(&[("cache-control", "max-age=10"), ("age", "4")], false), Some((6, 60)));
        let expires = [("expires", "Sun, 06 Nov 1994 08:49:47 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
        assert_eq!(spans(&expires, false), Some((10, 60)));
        assert_eq!(spans(&[("expires", "0")], false), Some((0, 60)));
    }

    #[test]
    fn what_must_not_be_kept_is_not() {
        assert_eq!(spans(&[("cache-control", "max-age=10"), ("cache-control", "no-store")], false), None);
        assert_eq!(spans(&[("cache-control", "private")], true), None);
        assert_eq!(spans(&[("vary", "*")], false), None);
    }

    #[test]
    fn without_a_word_the_age_of_the_file_decides() {
        assert_eq!(spans(&[], false), Some((300, 60)));
        let changed = [("last-modified", "Sun, 06 Nov 1994 06:49:37 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
        assert_eq!(spans(&changed, false), Some((720, 60)));
        let long_ago = [("last-modified", "Thu, 06 Nov 1980 06:49:37 GMT"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
        assert_eq!(spans(&long_ago, false), Some((24 * 3600, 60)));
    }
}
