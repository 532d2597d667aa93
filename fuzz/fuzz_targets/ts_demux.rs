//! `cargo fuzz run ts_demux`: see `entry::ts_demux`.
#![no_main]

#[allow(dead_code, reason = "each target uses one entry")]
#[path = "../../ingest/tests/fuzz_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::ts_demux(input));
