//! `cargo fuzz run probe_mp4 fuzz/corpus/probe_mp4 fixtures/probe`: see `entry::probe`.
#![no_main]

#[path = "../probe_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::probe("x.mp4", input));
