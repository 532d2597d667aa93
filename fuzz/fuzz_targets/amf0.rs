//! `cargo fuzz run amf0`: see `entry::amf0`.
#![no_main]

#[allow(dead_code, reason = "each target uses one entry")]
#[path = "../../ingest/tests/fuzz_entry/mod.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::amf0(input));
