//! HLS and DASH across their texts.

use std::time::Duration;

use super::memory_tests::Memory;
use super::tests::fixture;
use super::{Error, Found};

#[test]
fn a_multivariant_playlist_lasts_as_long_as_its_first_variant() {
    let master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",URI=\"audio.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=1\n\n# a comment\n../hd/vod.m3u8?t=1\n#EXT-X-STREAM-INF:BANDWIDTH=2\nother.m3u8\n";
    let origin = Memory::with("https://h/a/b/master.m3u8?x=y", master.as_bytes().to_vec())
        .and("https://h/a/hd/vod.m3u8?t=1", fixture("vod.m3u8"));
    assert_eq!(origin.probe("https://h/a/b/master.m3u8?x=y"), Ok(Found::Finite(Duration::from_secs(3))));
}

#[test]
fn a_variant_that_lists_variants_ends_there() {
    let master = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.m3u8\n".to_vec();
    let origin = Memory::with("https://h/master.m3u8", master);
    assert!(matches!(origin.probe("https://h/master.m3u8"), Err(Error::Broken("HLS", _))));
}

#[test]
fn a_playlist_without_endlist_is_live() {
    let text = String::from_utf8(fixture("vod.m3u8")).unwrap().replace("#EXT-X-ENDLIST", "");
    assert_eq!(Memory::with("x", text.into_bytes()).probe("x"), Ok(Found::Live));
}

#[test]
fn a_hundred_thousand_segments_add_up() {
    let mut text = "\u{feff}#EXTM3U\n#EXT-X-TARGETDURATION:7\n".to_owned();
    for nth in 0..100_000 {
        text += &format!(
            "#EXTINF:6.006,\nsegment-with-a-rather-long-name-{nth:08}.ts?token=0123456789abcdef0123456789abcdef\n"
        );
    }
    text += "#EXT-X-ENDLIST\n";
    assert!(text.len() > 9_000_000);
    let Ok(Found::Finite(duration)) = Memory::with("x", text.into_bytes()).probe("x") else { panic!("finite") };
    assert_eq!(duration.as_millis(), 600_600_000);
}

#[test]
fn an_mpd_lasts_as_its_periods_when_it_has_no_duration_itself() {
    let mpd = |inner: &str| {
        Memory::with("x", format!("<?xml version='1.0'?><!-- c --><a:MPD xmlns:a='urn'>{inner}</a:MPD>").into_bytes())
            .probe("x")
    };
    let seconds = |seconds| Ok(Found::Finite(Duration::from_secs(seconds)));
    assert_eq!(
        mpd("<a:Period duration='PT10S'/><a:Period duration='PT1M'><b><Period duration='PT9S'/></b></a:Period>"),
        seconds(70)
    );
    assert_eq!(mpd("<a:Period duration='PT10S'/><a:Period start='PT20S' duration='PT5S'/>"), seconds(25));
    assert_eq!(mpd("<a:Period duration='PT10S'/><a:Period/>"), Err(Error::Untold("DASH")));
}

#[test]
fn a_dynamic_mpd_is_live_also_with_a_duration() {
    let text = String::from_utf8(fixture("static.mpd")).unwrap().replace("\"static\"", "\"dynamic\"");
    assert_eq!(Memory::with("x", text.into_bytes()).probe("x"), Ok(Found::Live));
}
