//! `cargo fuzz run m3u8 fuzz/corpus/m3u8 fixtures/manifests`: see `entry::m3u8`.
#![no_main]

#[allow(dead_code, reason = "each target uses one entry")]
#[path = "../text_entry/mod.rs"]
mod entry;

#[allow(unused_imports, reason = "the sources name each other from the crate's root")]
use entry::{caption, proxy};

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::m3u8(input));
