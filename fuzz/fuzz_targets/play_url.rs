//! `cargo fuzz run play_url`: see `entry::play_url`.
#![no_main]

#[allow(dead_code, reason = "each target uses one entry")]
#[path = "../../ingest/tests/fuzz_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::play_url(input));
