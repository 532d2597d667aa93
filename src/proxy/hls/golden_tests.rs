//! Each form of URI, in playlists as they are.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::*;
use crate::proxy::recording::Recording;

const MULTIVARIANT: &str = include_str!("../../../fixtures/manifests/multivariant.m3u8");
const ENCRYPTED: &str = include_str!("../../../fixtures/manifests/encrypted.m3u8");
const LOW_LATENCY: &str = include_str!("../../../fixtures/manifests/low_latency.m3u8");

fn rewritten(text: &str, base: &str) -> String {
    let mut links = Recording::default();
    let rewritten = rewrite(text.as_bytes(), &base.parse().unwrap(), &mut links).unwrap();
    links.explain(&rewritten)
}

/// The lines that differ, as they became.
fn changed(text: &str, base: &str) -> Vec<String> {
    let rewritten = rewritten(text, base);
    let mut original = text.lines().filter(|line| !line.starts_with("#EXT-X-DEFINE:"));
    let pairs: Vec<_> = rewritten.lines().map(|line| (original.next().expect("no line is added"), line)).collect();
    assert_eq!(original.next(), None, "no line is lost");
    pairs.iter().filter(|(before, after)| before != after).map(|(_, after)| (*after).to_owned()).collect()
}

#[test]
fn every_uri_of_a_multivariant_playlist_is_replaced_and_nothing_else() {
    let handed = "ext-x-define?cdn=https%3A%2F%2Fcdn.example%2Fv&token=s";
    let expected = [
        r#"#EXT-X-CONTENT-STEERING:SERVER-URI="<Json http://o/steer?x=1>",PATHWAY-ID="a,b""#.to_owned(),
        r#"#EXT-X-SESSION-KEY:METHOD=AES-128,URI="<Key http://o/a/keys/1.key>""#.to_owned(),
        r#"#EXT-X-SESSION-DATA:DATA-ID="com.example.lyrics",URI="<Other http://o/a/lyrics.json>""#.to_owned(),
        format!(
            r#"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud",NAME="Deutsch, laut",DEFAULT=YES,URI="<Hls http://o/a/audio/de.m3u8?t=s#{handed}>""#
        ),
        format!(
            r#"#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="sub",NAME="de",URI = "<Hls http://o/a/sub/de.m3u8#{handed}>" ,X-NEW=1"#
        ),
        format!(r#"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100,URI="<Hls https://cdn.example/v/iframe.m3u8#{handed}>""#),
        format!(r#"#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=10,URI="<Hls http://o/images.m3u8#{handed}>""#),
        format!("<Hls https://cdn.example/v/low.m3u8#{handed}>"),
        format!("<Hls http://o/a/high/index.m3u8#{handed}>"),
    ];
    assert_eq!(changed(MULTIVARIANT, "http://o/a/master.m3u8?token=s"), expected);
    let text = rewritten(MULTIVARIANT, "http://o/a/master.m3u8?token=s");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "line ends stay");
    assert!(text.ends_with('>'), "no line end is added");
}

#[test]
fn keys_maps_ranges_and_interstitials_of_a_media_playlist() {
    let expected = [
        r#"#EXT-X-KEY:METHOD=AES-128,URI="<Key https://keys.example/k?id=1&s=a%2Cb>",IV=0x00000000000000000000000000000001"#,
        r#"#EXT-X-MAP:URI="<Segment https://o/v/init.mp4>",BYTERANGE="720@0""#,
        r#"#EXT-X-DATERANGE:ID="ad",CLASS="com.apple.hls.interstitial",START-DATE="2026-01-01T00:00:00Z",X-ASSET-URI="<Hls https://ads.example/ad.m3u8>",X-RESUME-OFFSET=0"#,
        r#"#EXT-X-DATERANGE:ID="ads",CLASS="com.apple.hls.interstitial",START-DATE="2026-01-01T00:00:10Z",X-ASSET-LIST="<Json https://o/v/assets.json>",X-URI="kept""#,
        "<Segment https://o/v/all.mp4>",
        "<Segment https://o/v/all.mp4>",
        "  <Segment https://o/root/seg.ts?a=b>  ",
        "<Segment https://other.example:8443/x.m4s>",
    ];
    assert_eq!(changed(ENCRYPTED, "https://o/v/media.m3u8"), expected);
}

#[test]
fn parts_hints_and_reports_of_a_low_latency_playlist() {
    let base = "http://o/2M/waitForMSN.php?_HLS_msn=273&_HLS_part=2";
    let expected = [
        r#"#EXT-X-MAP:URI="<Segment http://o/2M/init.mp4>""#,
        r#"#EXT-X-PART:DURATION=0.33334,URI="<Segment http://o/2M/filePart271.0.mp4>",INDEPENDENT=YES"#,
        r#"#EXT-X-PART:DURATION=0.33334,URI="<Segment http://o/2M/filePart271.1.mp4>",BYTERANGE="2000@100""#,
        "<Segment http://o/2M/fileSequence271.mp4>",
        r#"#EXT-X-PRELOAD-HINT:TYPE=PART,URI="<Segment http://o/2M/filePart272.0.mp4>",BYTERANGE-START=0"#,
        "#EXT-X-PREFETCH:<Segment https://edge.example/next.ts>",
        r#"#EXT-X-RENDITION-REPORT:URI="<Hls http://o/1M/waitForMSN.php>",LAST-MSN=273,LAST-PART=2"#,
        r#"#EXT-X-RENDITION-REPORT:URI="<Hls http://o/4M/waitForMSN.php>",LAST-MSN=273,LAST-PART=1"#,
    ];
    assert_eq!(changed(LOW_LATENCY, base), expected);
}

#[test]
fn a_report_leads_to_the_very_url_that_the_multivariant_playlist_gave() {
    let master = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"1\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n1M/live.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\n2M/live.m3u8\n";
    let mut links = Recording::default();
    rewrite(master.as_bytes(), &"http://o/master.m3u8".parse().unwrap(), &mut links).unwrap();
    let (first, second) = (links.given[0].clone(), &links.given[1].1);
    let media =
        "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"v\"\n#EXTINF:1,\n{$v}.ts\n#EXT-X-RENDITION-REPORT:URI=\"../1M/live.m3u8\"\n";
    let mut links = Recording::default();
    rewrite(media.as_bytes(), &second.parse().unwrap(), &mut links).unwrap();
    assert_eq!(links.given, [(Kind::Segment, "http://o/2M/1.ts".to_owned()), first]);
}

#[test]
fn secrets_in_definitions_do_not_reach_the_player() {
    let text = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"auth\",VALUE=\"s3cret\"\n#EXT-X-DEFINE:QUERYPARAM=\"t\"\n#EXTINF:1,\na.ts?{$auth}{$t}\n";
    let mut links = Recording::default();
    let out = rewrite(text.as_bytes(), &"http://o/a.m3u8?t=hidden".parse().unwrap(), &mut links).unwrap();
    assert!(!out.contains("s3cret") && !out.contains("hidden") && !out.contains("DEFINE"), "{out}");
    assert_eq!(links.given, [(Kind::Segment, "http://o/a.ts?s3crethidden".to_owned())]);
}

#[test]
fn what_a_variable_stands_for_is_not_expanded_again() {
    let text = concat!(
        "#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"a\"\n#EXT-X-DEFINE:NAME=\"b\",VALUE=\"s3cret\"\n",
        "#EXT-X-MAP:X=\"{$a}\",URI=\"{$a}.mp4\"\n#EXT-X-UNHEARD:{$a}\n{$a}.ts"
    );
    let expected = concat!(
        "#EXTM3U\n#EXT-X-MAP:X=\"{$b}\",URI=\"<Segment http://o/%7B$b%7D.mp4>\"\n",
        "#EXT-X-UNHEARD:{$b}\n<Segment http://o/%7B$b%7D.ts>"
    );
    assert_eq!(rewritten(text, "http://o/?a={$b}"), expected);
}

#[test]
fn a_byte_order_mark_goes() {
    assert_eq!(
        rewritten("\u{feff}#EXTM3U\n#EXTINF:1,\na.ts", "http://o/"),
        "#EXTM3U\n#EXTINF:1,\n<Segment http://o/a.ts>"
    );
}

#[test]
fn a_hundred_thousand_segments_come_out_whole_and_soon() {
    const SEGMENTS: usize = 100_000;
    let mut text = String::from("#EXTM3U\n#EXT-X-TARGETDURATION:4\n");
    for number in 0..SEGMENTS {
        writeln!(text, "#EXTINF:4.000,\nhttps://cdn.example/path/to/segments/{number:06}.ts?token=0123456789abcdef")
            .unwrap();
    }
    text.push_str("#EXT-X-ENDLIST\n");
    let mut links = Recording::default();
    let started = Instant::now();
    let out = rewrite(text.as_bytes(), &"https://o/a.m3u8".parse().unwrap(), &mut links).unwrap();
    let took = started.elapsed();
    assert_eq!(out.lines().filter(|line| line.starts_with("p/@")).count(), SEGMENTS);
    assert!(out.ends_with("p/@99999@\n#EXT-X-ENDLIST\n"));
    assert!(out.capacity() <= 2 * text.len(), "memory grows with what is there");
    // Unoptimized, beside other tests.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_playlist_goes_on_until_it_says_that_it_does_not() {
    for (text, live) in [
        (ENCRYPTED, false),
        (LOW_LATENCY, true),
        (MULTIVARIANT, false),
        ("#EXTM3U\n#EXTINF:1,\na.ts\n", true),
        ("#EXTM3U\n#EXTINF:1,\n#EXT-X-ENDLIST.ts\r\n", false),
        ("#EXTM3U\n#EXTINF:1,\nx#EXT-X-ENDLIST\n", true),
        ("#EXTM3U\r\n#EXT-X-PLAYLIST-TYPE:VOD\r\n", false),
        ("#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n", true),
    ] {
        assert_eq!(is_live(text.as_bytes()), live, "{text}");
    }
}
