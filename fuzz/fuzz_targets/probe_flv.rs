//! `cargo fuzz run probe_flv fuzz/corpus/probe_flv fixtures/probe`: see `entry::probe`.
#![no_main]

#[path = "../probe_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::probe("x.flv", input));
