//! What playlists say, and which variant is taken.

use super::fetcher::Place;
use super::media::{SEGMENTS_MAX, URL_BYTES_MAX};
use super::multivariant::VARIANTS_MAX;
use super::playlist::{Media, Playlist, TEXT_MAX, read};
use super::variant::choose;
use crate::{
    fetch::URL_MAX,
    live::pull::{PullError, error::SHOWN_CHARS},
};
use std::time::Duration;
use url::Url;

fn base() -> Place {
    Place { url: Url::parse("http://h/live/index.m3u8?token=secret").unwrap(), stripped: false }
}

fn media(text: &str) -> Result<Media, PullError> {
    read_at(text, &base())
}

fn read_at(text: &str, place: &Place) -> Result<Media, PullError> {
    match read(text.as_bytes(), place)? {
        Playlist::Media(media) => Ok(media),
        Playlist::Multivariant(_) => panic!("a media playlist"),
    }
}

fn chosen(text: &str) -> Result<(String, Option<String>), PullError> {
    match read(text.as_bytes(), &base())? {
        Playlist::Multivariant(multivariant) => {
            let choice = choose(&multivariant, &base().url)?;
            Ok((choice.main.path().into(), choice.audio.map(|audio| audio.path().into())))
        }
        Playlist::Media(_) => panic!("a multivariant playlist"),
    }
}

const LIVE: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n\
    #EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"100@20\"\n\
    #EXTINF:4,\na.m4s?x=1\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x10\n#EXTINF:3.5,\n../b.m4s\n\
    #EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init2.mp4\"\n#EXT-X-BYTERANGE:10@5\n#EXTINF:4,\nc.m4s\n\
    #EXT-X-BYTERANGE:20\n#EXTINF:4,\nc.m4s\n#EXT-X-KEY:METHOD=NONE\n#EXT-X-GAP\n#EXTINF:4,\nhttp://other/d.m4s";

#[test]
fn segments_carry_number_key_map_range_and_gap() {
    let media = media(LIVE).unwrap();
    assert_eq!((media.target, media.ended), (Duration::from_secs(4), false));
    let urls: Vec<_> = media.segments.iter().map(|segment| segment.part.url.as_str()).collect();
    let expected = [
        "http://h/live/a.m4s?x=1",
        "http://h/b.m4s",
        "http://h/live/c.m4s",
        "http://h/live/c.m4s",
        "http://other/d.m4s",
    ];
    assert_eq!(urls, expected);
    let numbers: Vec<_> = media.segments.iter().map(|segment| (segment.sequence, segment.discontinuity)).collect();
    assert_eq!(numbers, [(7, 3), (8, 3), (9, 4), (10, 4), (11, 4)]);
    let ranges: Vec<_> = media.segments.iter().map(|segment| segment.part.range.clone()).collect();
    assert_eq!(ranges, [None, None, Some(5..15), Some(15..35), None], "a range without offset follows the last one");
    let keys: Vec<_> = media.segments.iter().map(|segment| segment.key.is_some()).collect();
    assert_eq!(keys, [false, true, true, true, false], "a key stays in force");
    assert_eq!(media.segments[1].key.as_ref().unwrap().iv.unwrap()[15], 16);
    let maps: Vec<_> = media.segments.iter().map(|segment| segment.map.as_ref().unwrap().url.path()).collect();
    assert_eq!(maps[1..3], ["/live/init.mp4", "/live/init2.mp4"], "and so does an init section");
    assert_eq!(media.segments[0].map.as_ref().unwrap().range, Some(20..120));
    assert!(media.segments[4].gap && !media.segments[3].gap);
}

#[test]
fn a_player_joins_three_target_durations_from_the_end_and_at_the_beginning_of_a_file() {
    let segments = |count: usize| "#EXTINF:2,\na.ts\n".repeat(count);
    let list = |target: u32, count| format!("#EXTM3U\n#EXT-X-TARGETDURATION:{target}\n{}", segments(count));
    assert_eq!(media(&list(2, 8)).unwrap().start(), Some(5));
    assert_eq!(media(&list(3, 8)).unwrap().start(), Some(3), "9 s before 16 s");
    assert_eq!(media(&list(6, 8)).unwrap().start(), Some(0), "shorter than that");
    assert_eq!(media(&(list(2, 8) + "#EXT-X-ENDLIST")).unwrap().start(), Some(0));
    assert_eq!(media(&list(2, 0)).unwrap().start(), None);
}

#[test]
fn a_byte_order_mark_odd_durations_and_a_missing_target_are_lived_with() {
    let odd =
        media("\u{feff}#EXTM3U\r\n#EXTINF:-3,x\r\na.ts\r\n#EXTINF:nan,\r\nb.ts\r\n#EXTINF:1e30,\r\nc.ts").unwrap();
    let durations: Vec<_> = odd.segments.iter().map(|segment| segment.duration.as_secs()).collect();
    assert_eq!(durations.len(), 3);
    assert!(durations.iter().all(|duration| *duration <= 600) && odd.target <= Duration::from_secs(600));
    assert_eq!(media("#EXTM3U\n#EXTINF:2,\na.ts").unwrap().target, Duration::from_secs(2));
}

#[test]
fn what_cannot_be_played_is_named_without_the_url() {
    let key = |attributes: &str| format!("#EXTM3U\n#EXT-X-KEY:{attributes}\n#EXTINF:2,\na.ts");
    for (attributes, named) in [
        ("METHOD=SAMPLE-AES,URI=\"secret\"", "SAMPLE-AES"),
        ("METHOD=AES-128,URI=\"secret\",KEYFORMAT=\"com.widevine\"", "com.widevine"),
        ("METHOD=AES-128", "without URI"),
        ("METHOD=AES-128,URI=\"secret\",IV=0xnone", "IV"),
    ] {
        let refused = media(&key(attributes)).unwrap_err().to_string();
        assert!(refused.contains(named) && !refused.contains("secret"), "{refused}");
    }
    assert_eq!(media("<html>").unwrap_err(), PullError::Kind);
    let range = "#EXTM3U\n#EXT-X-BYTERANGE:18446744073709551615@18446744073709551615\n#EXTINF:2,\na.ts";
    assert!(media(range).is_err());
    let last = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts";
    assert!(media(last).is_err());
}

#[test]
fn a_title_may_hold_commas_and_a_target_a_fraction() {
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:6.006\n#EXTINF:4.5,Title, part 2, = \"\u{fc}\n0.ts\n#EXTINF:4\n1.ts\n";
    let named = media(list).unwrap();
    let segments: Vec<_> = named.segments.iter().map(|segment| (segment.part.url.path(), segment.duration)).collect();
    let expected = [("/live/0.ts", Duration::from_millis(4500)), ("/live/1.ts", Duration::from_secs(4))];
    assert_eq!((segments.as_slice(), named.target), (&expected[..], Duration::from_secs(7)));
    let latin = b"#EXTM3U\n#EXTINF:4,\xfc\n0.ts\n#EXTINF:4,\n1.ts";
    let Playlist::Media(latin) = read(latin, &base()).unwrap() else { panic!("a media playlist") };
    assert_eq!(latin.segments.len(), 2, "nor does a title in another encoding end the list");
}

#[test]
fn what_a_tag_says_ends_with_its_line() {
    let list = "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",FOO\n#EXTINF:4,\n0.ts?a=b\n#EXTINF:4,\n1.ts\n";
    let read = media(list).unwrap();
    assert_eq!(read.segments.len(), 2);
    assert_eq!(read.segments[1].key.as_ref().unwrap().url.path(), "/live/k");
    for broken in ["#EXT-X-KEY:a", "#EXT-X-KEY:METHOD=AES-128,URI=\"k", "#EXT-X-MAP:x", "#EXT-X-MAP:URI=\"k"] {
        let list = format!("#EXTM3U\n#EXTINF:4,\n0.ts\n{broken}\n#EXTINF:4,\n1.ts?x=1\n\"");
        assert!(matches!(media(&list), Err(PullError::Media(_))), "{broken}");
    }
}

#[test]
fn the_largest_text_is_read_at_once_whatever_it_holds() {
    let head = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
    for (line, multivariant) in [
        ("#EXT-X-KEY:a", false),
        ("#EXT-X-DATERANGE:a", false),
        ("#EXT-X-START:a", false),
        ("#EXT-X-MAP:URI=\"a\",b", false),
        ("a", false),
        ("#", false),
        ("", false),
        (",,", false),
        ("#EXT-X-STREAM-INF:a", true),
        ("#EXT-X-STREAM-INF:=", true),
        ("#EXT-X-MEDIA:a", true),
    ] {
        let head = if multivariant { "#EXTM3U\n" } else { head };
        let line = format!("{line}\n");
        let text = head.to_owned() + &line.repeat((TEXT_MAX - head.len() - 4) / line.len()) + "x=1\n";
        let begun = std::time::Instant::now();
        let _ = read(text.as_bytes(), &base());
        assert!(begun.elapsed() < Duration::from_secs(5), "{line}: {:?}", begun.elapsed());
    }
    let one_line = format!("{head}#EXT-X-KEY:{}", "A=1,".repeat(TEXT_MAX / 4 - 20));
    assert!(media(&one_line).is_err());
}

#[test]
fn what_a_playlist_may_cost_is_bounded() {
    let is_limit =
        |read: Result<Media, PullError>| matches!(read, Err(PullError::Media(synctv_ingest::Error::Limit { .. })));
    let many = |count: usize| media(&("#EXTM3U\n".to_owned() + &"#EXTINF:2,\na\n".repeat(count)));
    assert_eq!(many(SEGMENTS_MAX).unwrap().segments.len(), SEGMENTS_MAX);
    assert!(is_limit(many(SEGMENTS_MAX + 1)));

    // One long key or init section for all segments is kept once, and no URL is longer than what is fetched.
    let long = |uri: usize| format!("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n", "k".repeat(uri));
    assert!(media(&(long(URL_MAX) + "#EXTINF:2,\na\n")).is_err());
    let read = media(&(long(URL_MAX - 100) + &"#EXTINF:2,\na\n".repeat(3))).unwrap();
    let keys: Vec<_> = read.segments.iter().map(|segment| segment.key.as_ref().unwrap()).collect();
    assert!(std::sync::Arc::ptr_eq(keys[0], keys[2]));

    let deep = Place { url: Url::parse(&format!("http://h/{}/i.m3u8", "d".repeat(4000))).unwrap(), stripped: false };
    let below = |count: usize| read_at(&("#EXTM3U\n".to_owned() + &"a\n".repeat(count)), &deep);
    let fit = URL_BYTES_MAX / "http://h//a".len().saturating_add(4000);
    assert_eq!(below(fit).unwrap().segments.len(), fit);
    assert!(is_limit(below(fit + 1)));

    let variants = |count: usize| chosen(&("#EXTM3U\n".to_owned() + &variant("BANDWIDTH=1", "a").repeat(count)));
    assert!(variants(VARIANTS_MAX).is_ok() && variants(VARIANTS_MAX + 1).is_err());
}

#[test]
fn an_upstreams_words_are_shown_in_part_and_escaped() {
    let words = "\u{7}".to_owned() + &"w".repeat(100_000);
    let list = |attributes: &str| format!("#EXTM3U\n#EXT-X-KEY:{attributes}\n#EXTINF:2,\na.ts");
    let method = media(&list(&format!("METHOD={words},URI=\"k\""))).unwrap_err();
    let format = media(&list(&format!("METHOD=AES-128,URI=\"k\",KEYFORMAT=\"{words}\""))).unwrap_err();
    let codecs = chosen(&format!("#EXTM3U\n{}", variant(&format!("BANDWIDTH=1,CODECS=\"{words}\""), "a"))).unwrap_err();
    for error in [method, format, codecs] {
        let said = error.to_string();
        assert!(said.contains("\\u{7}www") && !said.contains('\u{7}'), "{said}");
        assert!(said.chars().count() < SHOWN_CHARS + 80, "{said}");
    }
}

fn variant(attributes: &str, uri: &str) -> String {
    format!("#EXT-X-STREAM-INF:{attributes}\n{uri}\n")
}

#[test]
fn the_best_variant_up_to_1080_rows_that_is_carried_is_taken() {
    let list = [
        "#EXTM3U\n".into(),
        variant("BANDWIDTH=9000000,RESOLUTION=3840x2160,CODECS=\"avc1.640033,mp4a.40.2\"", "2160.m3u8"),
        variant("BANDWIDTH=3000000,RESOLUTION=1920x1080,CODECS=\"avc1.640028,mp4a.40.2\"", "1080.m3u8"),
        variant("BANDWIDTH=5000000,RESOLUTION=1920x1080,CODECS=\"hvc1.1.6.L120.B0,mp4a.40.2\"", "1080-hevc.m3u8"),
        variant("BANDWIDTH=4000000,RESOLUTION=1920x1080,CODECS=\"avc1.640028,ec-3\"", "1080-dolby.m3u8"),
        variant("BANDWIDTH=900000,RESOLUTION=1280x720,CODECS=\"avc1.64001f,mp4a.40.2\"", "720.m3u8"),
    ];
    assert_eq!(chosen(&list.concat()).unwrap().0, "/live/1080.m3u8");
    let large = [list[0].clone(), list[1].clone()].concat();
    assert_eq!(chosen(&large).unwrap().0, "/live/2160.m3u8", "better than none");
    let plain = "#EXTM3U\n".to_owned() + &variant("BANDWIDTH=1", "a.m3u8") + &variant("BANDWIDTH=2", "b.m3u8");
    assert_eq!(chosen(&plain).unwrap().0, "/live/b.m3u8");
    let dolby = "#EXTM3U\n".to_owned() + &variant("BANDWIDTH=1,CODECS=\"dvh1.05.06,ec-3\"", "a.m3u8");
    assert!(chosen(&dolby).unwrap_err().to_string().contains("dvh1.05.06"));
}

#[test]
fn sound_with_a_playlist_of_its_own_comes_along() {
    let group = "#EXTM3U\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"one\",URI=\"one.m3u8\"\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"two\",DEFAULT=YES,AUTOSELECT=YES,URI=\"two.m3u8\"\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"b\",NAME=\"inside\",DEFAULT=YES\n";
    let with = |group_id: &str| group.to_owned() + &variant(&format!("BANDWIDTH=1,AUDIO=\"{group_id}\""), "v.m3u8");
    assert_eq!(chosen(&with("a")).unwrap().1.as_deref(), Some("/live/two.m3u8"));
    assert_eq!(chosen(&with("b")).unwrap().1, None, "it is in the variant itself");
    assert_eq!(chosen(&with("c")).unwrap().1, None);
}
