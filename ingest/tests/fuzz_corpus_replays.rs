//! The fuzz corpus and whatever once broke something, replayed through the functions the fuzzer calls.
#![allow(clippy::unwrap_used, reason = "a broken corpus ends the test")]

mod fuzz_entry;

fn replay(target: &str, entry: fn(&[u8])) {
    let directory = format!("{}/../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        entry(&bytes);
        // Shortened and damaged, each seed reaches further.
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
            entry(&bytes[..at]);
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xa5;
            entry(&damaged);
        }
        count += 1;
    }
    assert!(count > 0, "{target} has seeds");
}

#[test]
fn chunk_corpus_replays() {
    replay("chunk", fuzz_entry::chunk);
}

#[test]
fn amf0_corpus_replays() {
    replay("amf0", fuzz_entry::amf0);
}

#[test]
fn flv_corpus_replays() {
    replay("flv", fuzz_entry::flv);
}

#[test]
fn codec_config_corpus_replays() {
    replay("codec_config", fuzz_entry::codec_config);
}

#[test]
fn play_corpus_replays() {
    replay("play", fuzz_entry::play);
}

#[test]
fn play_url_corpus_replays() {
    replay("play_url", fuzz_entry::play_url);
}

#[test]
fn session_corpus_replays() {
    replay("session", fuzz_entry::session);
}

#[test]
fn ts_demux_corpus_replays() {
    replay("ts_demux", fuzz_entry::ts_demux);
}

#[test]
fn fmp4_demux_corpus_replays() {
    replay("fmp4_demux", fuzz_entry::fmp4_demux);
}
