use proptest::prelude::*;

use super::*;

fn within(header: &str, total: u64) -> Option<Part> {
    Specs::parse(header).map(|specs| specs.within(total))
}

#[test]
fn the_three_forms_are_read_and_clamped() {
    for (header, range) in [
        ("bytes=0-0", 0..1),
        ("bytes=0-99", 0..100),
        ("bytes=10-19", 10..20),
        ("bytes=99-99", 99..100),
        ("bytes=90-1000", 90..100),
        ("bytes=90-18446744073709551615", 90..100),
        ("bytes=90-18446744073709551616", 90..100),
        ("bytes=90-99999999999999999999999999999999", 90..100),
        ("bytes=5-", 5..100),
        ("bytes=-1", 99..100),
        ("bytes=-100", 0..100),
        ("bytes=-5000", 0..100),
        ("bytes=-99999999999999999999999", 0..100),
        ("bytes=007-008", 7..9),
        ("Bytes=1-2", 1..3),
        ("BYTES=1-2", 1..3),
        ("bytes= 1-2 ", 1..3),
        ("bytes=1-2,", 1..3),
        ("bytes=,1-2", 1..3),
        ("bytes=\t1-2", 1..3),
    ] {
        assert_eq!(within(header, 100), Some(Part::One(range)), "{header}");
    }
}

#[test]
fn what_is_not_a_range_is_ignored() {
    for header in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=a-b",
        "bytes=1",
        "bytes=1-2-3",
        "bytes=2-1",
        "bytes=--1",
        "bytes=-1-",
        "bytes=+1-2",
        "bytes=1-+2",
        "bytes=0x1-2",
        "bytes=1 -2",
        "bytes=1- 2",
        "bytes=1-2;3-4",
        "bytes=1-2 3-4",
        "bytes:1-2",
        "items=1-2",
        "byte=1-2",
        "bytes=1-2,x",
        "bytes=1-2,9-8",
        "=1-2",
        "bytes=१-२",
        "bytes=99999999999999999999999-99999999999999999999998",
    ] {
        assert_eq!(Specs::parse(header), None, "{header}");
    }
}

#[test]
fn a_first_byte_beyond_the_end_or_nothing_at_the_end_cannot_be_had() {
    for header in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=18446744073709551616-", "bytes=100-,200-300,-0"] {
        assert_eq!(within(header, 100), Some(Part::Unsatisfiable), "{header}");
    }
    for header in ["bytes=0-", "bytes=0-0", "bytes=-0"] {
        assert_eq!(within(header, 0), Some(Part::Unsatisfiable), "{header}");
    }
    assert_eq!(within("bytes=-5", 0), Some(Part::Whole), "nothing is less than five bytes, and can be had");
}

#[test]
fn several_ranges_are_sent_as_they_were_asked_for() {
    assert_eq!(within("bytes=0-0, 50-59 ,-1", 100), Some(Part::Many(vec![0..1, 50..60, 99..100])));
    assert_eq!(within("bytes=50-59,,0-0", 100), Some(Part::Many(vec![50..60, 0..1])));
    assert_eq!(within("bytes=0-0,100-,200-", 100), Some(Part::One(0..1)), "what cannot be had is left out");
    assert_eq!(within("bytes=0-49,50-99", 100), Some(Part::Many(vec![0..50, 50..100])));
}

#[test]
fn ranges_that_are_more_than_the_whole_are_the_whole() {
    assert_eq!(within("bytes=0-,0-", 100), Some(Part::Whole));
    assert_eq!(within("bytes=0-59,40-99", 100), Some(Part::Whole));
    let total = u64::MAX;
    assert_eq!(within("bytes=0-,0-", total), Some(Part::Whole), "the sum does not overflow");
}

#[test]
fn headers_and_ranges_are_bounded() {
    let many = |n: usize| format!("bytes={}", vec!["0-0"; n].join(","));
    assert!(matches!(within(&many(RANGES_MAX), 1000), Some(Part::Many(ranges)) if ranges.len() == RANGES_MAX));
    assert_eq!(Specs::parse(&many(RANGES_MAX + 1)), None);
    let long = |len: usize| format!("bytes={}1-", "0".repeat(len - 8));
    assert!(Specs::parse(&long(HEADER_MAX)).is_some());
    assert_eq!(Specs::parse(&long(HEADER_MAX + 1)), None);
}

proptest! {
    #[test]
    fn whatever_stands_in_the_header_nothing_outside_is_sent(header in "(bytes=)?[0-9a-z,= \t-]{0,60}", total in 0..200_u64) {
        let Some(specs) = Specs::parse(&header) else { return Ok(()) };
        let inside = |range: &Range<u64>| range.start < range.end && range.end <= total;
        match specs.within(total) {
            Part::One(range) => prop_assert!(inside(&range)),
            Part::Many(ranges) => {
                prop_assert!(ranges.len() > 1 && ranges.iter().all(inside));
                prop_assert!(ranges.iter().map(|range| range.end - range.start).sum::<u64>() <= total);
            }
            Part::Whole | Part::Unsatisfiable => {}
        }
    }

    #[test]
    fn a_plain_range_is_what_it_says(first in 0..200_u64, more in 0..200_u64, total in 1..200_u64) {
        let last = first + more;
        let expected = if first < total { Part::One(first..total.min(last + 1)) } else { Part::Unsatisfiable };
        prop_assert_eq!(within(&format!("bytes={first}-{last}"), total), Some(expected));
    }
}
