//! `cargo fuzz run content_range`: what is read of a `Content-Range` does not contradict itself, and is what was written.
#![no_main]

#[path = "../../src/fetch/content_range.rs"]
mod content_range;

use content_range::ContentRange;

libfuzzer_sys::fuzz_target!(|header: &str| {
    let Some(read) = ContentRange::parse(header) else { return };
    assert!(read.first <= read.last && read.size.is_none_or(|size| read.last < size));
    let size = read.size.map_or_else(|| "*".to_owned(), |size| size.to_string());
    assert_eq!(ContentRange::parse(&format!("bytes {}-{}/{size}", read.first, read.last)), Some(read));
});
