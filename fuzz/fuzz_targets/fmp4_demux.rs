//! `cargo fuzz run fmp4_demux`: see `entry::fmp4_demux`.
#![no_main]

#[allow(dead_code, reason = "each target uses one entry")]
#[path = "../../ingest/tests/fuzz_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::fmp4_demux(input));
