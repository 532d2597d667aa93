use hyper::header::HeaderName;

use super::*;

const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
const STRONG: Validators<'static> = Validators { etag: Some("\"v1\""), last_modified: Some(DATE) };
const WEAK: Validators<'static> = Validators { etag: Some("W/\"v1\""), last_modified: Some(DATE) };
const NONE: Validators<'static> = Validators { etag: None, last_modified: None };

fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(name, value.parse().unwrap());
    }
    map
}

fn judged(validators: Validators<'_>, lines: &[(HeaderName, &str)]) -> Verdict {
    validators.judge(&headers(lines))
}

#[test]
fn if_none_match_compares_weakly() {
    for validators in [STRONG, WEAK] {
        for list in
            ["\"v1\"", "W/\"v1\"", "\"x\", \"v1\"", "\"x\",W/\"v1\" ,\"y\"", "*", ",, \"v1\"", "\"a,b\", \"v1\""]
        {
            assert_eq!(judged(validators, &[(IF_NONE_MATCH, list)]), Verdict::NotModified, "{list}");
        }
        for list in ["\"v2\"", "v1", "\"v1", "\"V1\"", "w/\"v1\"", "", "x \"v1\"", "\"x,\"v1\""] {
            assert_eq!(judged(validators, &[(IF_NONE_MATCH, list)]), Verdict::Send, "{list}");
        }
    }
    assert_eq!(judged(NONE, &[(IF_NONE_MATCH, "\"v1\"")]), Verdict::Send);
    assert_eq!(
        judged(STRONG, &[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, "\"v1\"")]),
        Verdict::NotModified,
        "two lines"
    );
}

#[test]
fn if_match_compares_strongly() {
    for list in ["\"v1\"", "\"x\", \"v1\"", "*"] {
        assert_eq!(judged(STRONG, &[(IF_MATCH, list)]), Verdict::Send, "{list}");
    }
    for list in ["W/\"v1\"", "\"v2\"", "v1", ""] {
        assert_eq!(judged(STRONG, &[(IF_MATCH, list)]), Verdict::Failed, "{list}");
    }
    assert_eq!(judged(WEAK, &[(IF_MATCH, "W/\"v1\"")]), Verdict::Failed, "a weak tag never matches strongly");
    assert_eq!(judged(NONE, &[(IF_MATCH, "\"v1\"")]), Verdict::Failed);
}

#[test]
fn dates_are_conditions_where_there_are_no_tags() {
    assert_eq!(judged(STRONG, &[(IF_MODIFIED_SINCE, DATE)]), Verdict::NotModified);
    assert_eq!(judged(STRONG, &[(IF_MODIFIED_SINCE, AFTER)]), Verdict::NotModified);
    assert_eq!(judged(STRONG, &[(IF_MODIFIED_SINCE, BEFORE)]), Verdict::Send);
    assert_eq!(judged(STRONG, &[(IF_MODIFIED_SINCE, "yesterday")]), Verdict::Send);
    assert_eq!(judged(NONE, &[(IF_MODIFIED_SINCE, DATE)]), Verdict::Send);
    assert_eq!(judged(STRONG, &[(IF_UNMODIFIED_SINCE, DATE)]), Verdict::Send);
    assert_eq!(judged(STRONG, &[(IF_UNMODIFIED_SINCE, BEFORE)]), Verdict::Failed);
    assert_eq!(judged(STRONG, &[(IF_UNMODIFIED_SINCE, "yesterday")]), Verdict::Send);
    let obsolete = ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
    for form in obsolete {
        assert_eq!(judged(STRONG, &[(IF_MODIFIED_SINCE, form)]), Verdict::NotModified, "{form}");
    }
}

#[test]
fn tags_come_before_dates_and_failures_before_not_modified() {
    assert_eq!(judged(STRONG, &[(IF_NONE_MATCH, "\"v2\""), (IF_MODIFIED_SINCE, DATE)]), Verdict::Send);
    assert_eq!(judged(STRONG, &[(IF_NONE_MATCH, "\"v1\""), (IF_MODIFIED_SINCE, BEFORE)]), Verdict::NotModified);
    assert_eq!(judged(STRONG, &[(IF_MATCH, "\"v1\""), (IF_UNMODIFIED_SINCE, BEFORE)]), Verdict::Send);
    assert_eq!(judged(STRONG, &[(IF_MATCH, "\"v2\""), (IF_NONE_MATCH, "\"v1\"")]), Verdict::Failed);
    assert_eq!(judged(STRONG, &[(IF_MATCH, "\"v1\""), (IF_NONE_MATCH, "\"v1\"")]), Verdict::NotModified);
}

#[test]
fn a_range_counts_only_for_exactly_this_version() {
    let now = httpdate::parse_http_date(AFTER).unwrap();
    let counts = |validators: Validators<'_>, value: &str| validators.range_counts(&headers(&[(IF_RANGE, value)]), now);
    assert!(STRONG.range_counts(&HeaderMap::new(), now));
    assert!(counts(STRONG, "\"v1\"") && counts(STRONG, DATE) && counts(WEAK, DATE));
    for value in ["\"v2\"", "W/\"v1\"", BEFORE, AFTER, "yesterday", "v1", "*", "\"x\", \"v1\""] {
        assert!(!counts(STRONG, value), "{value}");
    }
    assert!(!counts(WEAK, "W/\"v1\"") && !counts(WEAK, "\"v1\""), "a weak tag says nothing of bytes");
    assert!(!counts(NONE, "\"v1\"") && !counts(NONE, DATE));
    let same_second = httpdate::parse_http_date(DATE).unwrap();
    assert!(
        !STRONG.range_counts(&headers(&[(IF_RANGE, DATE)]), same_second),
        "it may change once more within its second"
    );
    assert!(!STRONG.range_counts(&headers(&[(IF_RANGE, "\"v1\""), (IF_RANGE, "\"v1\"")]), now), "twice is not once");
}

#[test]
fn a_list_without_end_is_not_read() {
    let list = format!("{}\"v1\"", "\"x\",".repeat(LIST_MAX / 4));
    assert_eq!(judged(STRONG, &[(IF_NONE_MATCH, &list)]), Verdict::Send);
}
