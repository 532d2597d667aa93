//! Whatever a file says: no panic, no endless walk, no reading beyond the bounds.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::Found;
use super::memory_tests::{Memory, Sparse};
use super::tests::{FIXTURES, fixture};
use super::window::READS_MAX;

fn holds(name: &str, file: impl Into<Sparse>, endless: bool) {
    let origin = Memory { endless, ..Memory::with(name, file) };
    let begun = Instant::now();
    let found = origin.probe(name);
    assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
    let (reads, bytes) = origin.asked();
    assert!(reads <= READS_MAX.into() && bytes <= 32 << 20, "{name}: {reads} reads, {bytes} bytes");
    if let Ok(Found::Finite(duration)) = found {
        assert!(duration >= Duration::from_millis(1) && duration < Duration::from_secs(4_000_000_000), "{duration:?}");
    }
}

#[test]
fn every_cut_of_every_fixture_ends() {
    for (name, _) in FIXTURES {
        let bytes = fixture(name);
        for cut in (0..bytes.len()).step_by(1 + bytes.len() / 400) {
            holds(name, bytes[..cut].to_vec(), cut % 2 == 0);
        }
    }
}

#[test]
fn every_damaged_byte_of_every_header_ends() {
    for (name, _) in FIXTURES {
        let bytes = fixture(name);
        for at in 0..bytes.len().min(2000) {
            for value in [0, 0xff, bytes[at] ^ 0x80, bytes[at].wrapping_add(1)] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                holds(name, damaged, false);
            }
        }
    }
}

#[test]
fn a_sea_of_tiny_boxes_or_elements_ends() {
    let boxes = [&b"\0\0\0\x08ftyp"[..], &b"\0\0\0\x08free".repeat(2_000_000)].concat();
    holds("x.mp4", boxes.clone(), false);
    let moov = [&b"\0\0\0\x08ftyp"[..], &(boxes.len() as u32).to_be_bytes(), b"moov", &boxes[8..]].concat();
    holds("x.mp4", moov, false);
    let voids =
        [&b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"[..], &b"\xec\x80".repeat(8_000_000)]
            .concat();
    holds("x.mkv", voids, false);
    let tags =
        [&b"FLV\x01\x05\0\0\0\x09\0\0\0\0"[..], &b"\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b".repeat(1_000_000)].concat();
    holds("x.flv", tags, false);
    holds("x.mp3", b"\xff\xfb\x10\x00".repeat(1_000_000), false);
    holds("x.mp4", [&fixture("fragmented_bare.mp4")[..], &b"moof".repeat(4_000_000)].concat(), false);
    holds("x.webm", [&fixture("no_duration.webm")[..200], &b"\x1f\x43\xb6\x75\xff".repeat(3_000_000)].concat(), false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_fixtures_end(
        nth in 0..FIXTURES.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        cut_it in any::<bool>(),
        endless in any::<bool>(),
        size in prop_oneof![Just(0_u64), 0..u64::MAX / 2],
    ) {
        let (name, _) = FIXTURES[nth];
        let mut bytes = fixture(name);
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut_it {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut file = Sparse::from(bytes);
        file.size = file.size.max(size);
        holds(name, file, endless);
    }
}
