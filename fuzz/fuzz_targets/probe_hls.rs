//! `cargo fuzz run probe_hls fuzz/corpus/probe_hls fixtures/probe`: see `entry::probe`.
#![no_main]

#[path = "../probe_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::probe("http://x/x.m3u8", input));
