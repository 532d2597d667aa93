//! `cargo fuzz run probe_dash fuzz/corpus/probe_dash fixtures/probe`: see `entry::probe`.
#![no_main]

#[path = "../probe_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::probe("x.mpd", input));
