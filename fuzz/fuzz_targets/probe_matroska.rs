//! `cargo fuzz run probe_matroska fuzz/corpus/probe_matroska fixtures/probe`: see `entry::probe`.
#![no_main]

#[path = "../probe_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::probe("x.mkv", input));
