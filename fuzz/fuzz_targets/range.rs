//! `cargo fuzz run range`: a `Range` header, whatever stands in it, leads to nothing outside of the resource.
#![no_main]

#[allow(dead_code, reason = "the gateway uses more of it")]
#[path = "../../src/proxy/range.rs"]
mod range;

use range::{Part, Specs};

libfuzzer_sys::fuzz_target!(|input: (u64, &str)| {
    let (total, header) = input;
    let Some(specs) = Specs::parse(header) else { return };
    let inside = |range: &std::ops::Range<u64>| range.start < range.end && range.end <= total;
    match specs.within(total) {
        Part::One(range) => assert!(inside(&range)),
        Part::Many(ranges) => {
            assert!(ranges.len() > 1 && ranges.len() <= range::RANGES_MAX && ranges.iter().all(inside));
            let sum: u128 = ranges.iter().map(|range| u128::from(range.end - range.start)).sum();
            assert!(sum <= u128::from(total));
        }
        Part::Whole | Part::Unsatisfiable => {}
    }
});
