//! Durations of the fixtures, against what ffprobe says.

use std::time::Duration;

use super::memory_tests::{Memory, Sparse};
use super::{Error, Found};

/// Fixture and `ffprobe -show_entries format=duration` (5.1), in ms.
pub const FIXTURES: &[(&str, u64)] = &[
    ("moov_last.mp4", 3000),
    ("moov_first.mp4", 3000),
    ("fragmented_sidx.mp4", 3023),
    ("fragmented_sidx_each.mp4", 3023),
    ("fragmented_bare.mp4", 3023),
    ("fragmented_first_in_moov.mp4", 3023),
    ("info_first.mkv", 3023),
    ("vp8_opus.webm", 3008),
    // ffprobe finds none; the last packet begins at 2.994 s.
    ("no_duration.webm", 2994),
    ("with_duration.flv", 3023),
    ("no_duration.flv", 2923),
    ("plain_cbr.mp3", 3056),
    ("vbr_id3.mp3", 3056),
    ("xing_cbr.mp3", 3056),
    ("vod.m3u8", 3000),
    ("static.mpd", 3000),
];

pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/probe/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[track_caller]
fn finite(found: Result<Found, Error>) -> Duration {
    match found {
        Ok(Found::Finite(duration)) => duration,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_fixture_lasts_as_long_as_ffprobe_says() {
    for (name, ms) in FIXTURES {
        let origin = Memory::with(name, fixture(name));
        let found = finite(origin.probe(name));
        assert!(found.abs_diff(Duration::from_millis(*ms)) <= Duration::from_millis(50), "{name}: {found:?}");
        let (reads, _) = origin.asked();
        assert!(reads <= 5, "{name}: {reads} reads");
    }
}

#[test]
fn content_counts_and_not_the_name() {
    for (name, _) in FIXTURES {
        finite(Memory::with("x.bin?sign=1", fixture(name)).probe("x.bin?sign=1"));
        finite(Memory::with("x.avi", fixture(name)).probe("x.avi"));
    }
}

/// A file whose `mdat` has 64-bit size and 6 GB, with `moov` behind or before it.
fn large(moov_first: bool) -> Sparse {
    let bytes = fixture(if moov_first { "moov_first.mp4" } else { "moov_last.mp4" });
    let moov = bytes.windows(4).position(|w| w == b"moov").unwrap() - 4;
    let size = u32::from_be_bytes(bytes[moov..moov + 4].try_into().unwrap()) as usize;
    let (ftyp, moov) = (&bytes[..32], &bytes[moov..moov + size]);
    let mdat_size = 6_u64 << 30;
    let mdat = [&[0, 0, 0, 1], &b"mdat"[..], &mdat_size.to_be_bytes()].concat();
    let head = if moov_first { [ftyp, moov, &mdat].concat() } else { [ftyp, &mdat].concat() };
    let mut file = Sparse { size: mdat_size + 32 + size as u64, pieces: vec![(0, head.into())] };
    if !moov_first {
        file.pieces.push((mdat_size + 32, moov.to_vec().into()));
    }
    file
}

#[test]
fn a_large_mp4_takes_few_small_reads() {
    for moov_first in [true, false] {
        let origin = Memory::with("big", large(moov_first));
        assert_eq!(finite(origin.probe("big")).as_millis(), 3000);
        let (reads, bytes) = origin.asked();
        assert!(reads <= 5 && bytes <= 50_000, "moov first {moov_first}: {reads} reads, {bytes} bytes");
    }
}

#[test]
fn a_long_fragmented_file_is_measured_from_its_last_fragment() {
    let bytes = fixture("fragmented_bare.mp4");
    let moofs: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, w)| *w == b"moof").map(|(at, _)| at - 4).collect();
    let last = *moofs.last().unwrap();
    // An hour of other fragments in between.
    let gap = 3_u64 << 30;
    let filler = [&[0, 0, 0, 1], &b"free"[..], &gap.to_be_bytes()].concat();
    let mut file = Sparse { pieces: vec![(0, bytes[..last].to_vec().into())], size: bytes.len() as u64 + gap };
    file.pieces.push((last as u64, filler.into()));
    file.pieces.push((last as u64 + gap, bytes[last..].to_vec().into()));
    let origin = Memory::with("x", file);
    assert_eq!(finite(origin.probe("x")).as_millis() / 50, 3023 / 50);
    assert!(origin.asked().0 <= 6);
}

#[test]
fn what_comes_without_end_is_live() {
    for name in ["no_duration.flv", "no_duration.webm", "plain_cbr.mp3"] {
        let origin = Memory { endless: true, ..Memory::with(name, fixture(name)) };
        assert_eq!(origin.probe(name), Ok(Found::Live), "{name}");
    }
    let packets: Vec<u8> = [&[0x47_u8][..], &[0; 187]].concat().repeat(20);
    assert_eq!(Memory { endless: true, ..Memory::with("x", packets.clone()) }.probe("x"), Ok(Found::Live));
    assert_eq!(Memory::with("x", packets).probe("x"), Err(Error::Unsupported));
}

#[test]
fn a_finite_file_needs_no_size_when_its_header_tells() {
    for name in ["moov_first.mp4", "vp8_opus.webm", "with_duration.flv", "xing_cbr.mp3"] {
        finite(Memory { endless: true, ..Memory::with(name, fixture(name)) }.probe(name));
    }
}

#[test]
fn an_id3v1_tag_and_leading_id3v2_tags_do_not_count() {
    let frames = fixture("plain_cbr.mp3");
    let tag = [&b"ID3\x04\0\0\0\0\x7f\x76"[..], &[0; 0x3ff6]].concat();
    let file = [&tag, &tag, &frames[..], b"TAG", &[0; 125]].concat();
    let (plain, tagged) = (Memory::with("a", frames).probe("a"), Memory::with("a", file).probe("a"));
    assert!(finite(plain).abs_diff(finite(tagged)) < Duration::from_millis(1));
}

#[test]
fn what_is_no_media_is_unsupported_and_an_empty_file_too() {
    for bytes in [&b""[..], b"x", b"<html><body>Sign in</body></html>", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"{}"] {
        assert_eq!(Memory::with("x", bytes.to_vec()).probe("x"), Err(Error::Unsupported), "{bytes:?}");
    }
}

#[test]
fn errors_say_what_is_wrong_without_the_url() {
    let origin = Memory::default();
    let err = origin.probe("https://x/?token=hush").unwrap_err();
    assert!(!err.to_string().contains("hush") && err.is_lasting(), "{err}");
    let cut = fixture("moov_last.mp4")[..6000].to_vec();
    assert_eq!(Memory::with("x", cut).probe("x"), Err(Error::Broken("MP4", "there is no movie header")));
}
