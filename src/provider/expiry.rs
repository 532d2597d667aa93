//! Until when a signed URL works, as far as its query says.

use std::time::Duration;

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use url::Url;

/// Parameters that open what is closed without them: signatures, tokens, keys.
const SIGNING: &[&str] = &[
    "sig",
    "sign",
    "signature",
    "x-amz-signature",
    "x-goog-signature",
    "x-oss-signature",
    "x-cos-security-token",
    "q-signature",
    "x-amz-security-token",
    "security-token",
    "awsaccesskeyid",
    "googleaccessid",
    "ossaccesskeyid",
    "key-pair-id",
    "policy",
    "token",
    "access_token",
    "auth",
    "auth_key",
    "authorization",
    "api_key",
    "apikey",
    "hmac",
    "hdnts",
    "hdnea",
    "password",
    "pwd",
    "secret",
    "upsig",
    "wssecret",
    "txsecret",
];
/// Plausible moments in seconds since 1970: 2001 to 3000. What lies outside is no expiry but a number of something else.
const PLAUSIBLE: std::ops::Range<i64> = 1_000_000_000..32_503_680_000;
/// `20260131T235959Z`, of signatures in the manner of AWS version 4.
const BASIC: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
/// `2026-01-31T23:59Z` and `2026-01-31`, which Azure takes besides RFC 3339.
const MINUTES: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]Z");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// The earliest end that a URL's query tells: AWS signatures 2 and 4, Google Cloud Storage, Alibaba OSS 1 and 4, Azure shared access
/// signatures, Alist, and `deadline` or `expires` (Bilibili, CloudFront) in seconds since 1970.
#[must_use]
pub fn expiry_of(url: &Url) -> Option<OffsetDateTime> {
    let query: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect();
    let values = |wanted: &'static str| query.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
    let dated = ["x-amz", "x-goog", "x-oss"].into_iter().flat_map(|family| {
        let dates = query.iter().filter(move |(name, _)| name.strip_prefix(family) == Some("-date"));
        let spans = query.iter().filter(move |(name, _)| name.strip_prefix(family) == Some("-expires"));
        dates.flat_map(move |(_, date)| spans.clone().filter_map(move |(_, span)| after(date, span)))
    });
    let plain = values("expires").chain(values("deadline")).filter_map(|value| seconds(value));
    let alist = values("sign").filter_map(|value| seconds(value.rsplit_once(':')?.1));
    let is_azure = values("sig").next().is_some();
    let azure = values("se").filter(|_| is_azure).filter_map(|value| moment(value));
    dated.chain(plain).chain(alist).chain(azure).min()
}

/// Whether a URL's query is one that not everybody may have.
#[must_use]
pub fn is_signed(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| SIGNING.iter().any(|signing| name.eq_ignore_ascii_case(signing)))
}

/// So many seconds after a moment.
fn after(date: &str, span: &str) -> Option<OffsetDateTime> {
    let date = PrimitiveDateTime::parse(date, BASIC).ok()?.assume_utc();
    date.checked_add(Duration::from_secs(span.parse().ok()?).try_into().ok()?)
}

fn seconds(text: &str) -> Option<OffsetDateTime> {
    let seconds = text.parse().ok().filter(|seconds| PLAUSIBLE.contains(seconds))?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    let minutes = || PrimitiveDateTime::parse(text, MINUTES).ok().map(PrimitiveDateTime::assume_utc);
    let day = || Date::parse(text, DAY).ok().map(|day| day.with_time(Time::MIDNIGHT).assume_utc());
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(minutes).or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T00:00:00Z.
    const DAY_UNIX: i64 = 1_769_817_600;

    fn told(query: &str) -> (Option<i64>, bool) {
        let url = Url::parse(&format!("https://h/film.mp4?{query}")).unwrap();
        (expiry_of(&url).map(OffsetDateTime::unix_timestamp), is_signed(&url))
    }

    #[test]
    fn signed_urls_tell_when_they_end() {
        for (query, after) in [
            ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260131T000000Z&X-Amz-Expires=900&X-Amz-Signature=ab", 900),
            ("AWSAccessKeyId=A&Expires=1769817610&Signature=x%3D", 10),
            ("X-Goog-Date=20260131T000000Z&X-Goog-Expires=60&X-Goog-Signature=ab", 60),
            ("GoogleAccessId=a&Expires=1769817611&Signature=x", 11),
            ("OSSAccessKeyId=a&Expires=1769817612&Signature=x", 12),
            ("x-oss-date=20260131T000000Z&x-oss-expires=61&x-oss-signature=ab", 61),
            ("sv=2024-01-01&se=2026-01-31T00%3A00%3A05Z&sr=b&sig=x%3D", 5),
            ("se=2026-01-31T00:01Z&sig=x", 60),
            ("se=2026-01-31&sig=x", 0),
            ("sign=abc_-%3D:1769817613", 13),
            ("sign=abc%3A1769817613", 13),
            ("deadline=1769817614&upsig=ab", 14),
            ("expires=1769817615&sign=x", 15),
            ("Expires=1769817616&Policy=x&Signature=y&Key-Pair-Id=z", 16),
            ("expires=1769817699&deadline=1769817614&sig=x", 14),
        ] {
            assert_eq!(told(query), (Some(DAY_UNIX + after), true), "{query}");
        }
    }

    #[test]
    fn what_is_no_expiry_is_passed_over() {
        for (query, signed) in [
            ("", false),
            ("x=1&id=1769817600", false),
            ("expires=3600", false),
            ("expires=99999999999999999999", false),
            ("expires=-1769817600", false),
            ("expires=never", false),
            ("se=2026-01-31", false),
            ("sign=abc:0", true),
            ("sign=abc", true),
            ("X-Amz-Date=20261331T000000Z&X-Amz-Expires=900", false),
            ("X-Amz-Date=20260131T000000Z&X-Amz-Expires=99999999999999999999", false),
            ("X-Amz-Date=20260131T000000Z&X-Amz-Expires=18446744073709551615", false),
            ("X-Amz-Date=20260131T000000Z&X-Goog-Expires=9", false),
            ("TOKEN=x", true),
        ] {
            assert_eq!(told(query), (None, signed), "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_query_is_too_odd(names in proptest::collection::vec("[a-zA-Z-]{0,12}|x-amz-date|x-amz-expires|se|sig|sign|expires", 0..6), value in "\\PC{0,40}") {
            let query: Vec<_> = names.iter().map(|name| format!("{name}={value}")).collect();
            let url = Url::parse(&format!("https://h/?{}", query.join("&"))).unwrap();
            let signed = is_signed(&url);
            if expiry_of(&url).is_some_and(|end| end.unix_timestamp() < 0) {
                // Only dates in words lie outside of what numbers may say, and those are of signatures.
                proptest::prop_assert!(signed || names.iter().any(|name| name.starts_with("x-amz")));
            }
        }
    }
}
