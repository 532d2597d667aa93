//! Each form of URL, in manifests as they are.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::*;
use crate::proxy::recording::Recording;
use crate::proxy::resource::Kind;

const DYNAMIC: &str = include_str!("../../../fixtures/manifests/dynamic.mpd");
const ON_DEMAND: &str = include_str!("../../../fixtures/manifests/on_demand.mpd");

fn rewritten(text: &str, base: &str) -> String {
    let mut links = Recording::default();
    let rewritten = rewrite(text.as_bytes(), &base.parse().unwrap(), &mut links).unwrap();
    links.explain(&rewritten)
}

/// The lines that differ, without what they are indented by.
fn changed(text: &str, base: &str) -> Vec<(String, String)> {
    let rewritten = rewritten(text, base);
    assert_eq!(rewritten.lines().count(), text.lines().count(), "{rewritten}");
    let pairs = text.lines().zip(rewritten.lines()).filter(|(before, after)| before != after);
    pairs.map(|(before, after)| (before.trim().to_owned(), after.trim().to_owned())).collect()
}

/// What became of the lines that differ, each in the order of the file.
fn became(text: &str, base: &str) -> Vec<String> {
    changed(text, base).into_iter().map(|(_, after)| after).collect()
}

#[test]
fn a_dynamic_manifest_leads_to_us_everywhere() {
    let expected = [
        r#"<BaseURL serviceLocation="a" availabilityTimeOffset="7">./</BaseURL>"#,
        r#"<BaseURL serviceLocation="b">./</BaseURL>"#,
        "<Location><Dash http://o/d/live.mpd?session=1&t=2></Location>",
        "",
        r#"<ContentSteering defaultServiceLocation="a"><Json https://steer.example/s></ContentSteering>"#,
        concat!(
            r#"<SegmentTemplate timescale="90000""#,
            r#" index="<Segment https://cdn-a.example/live/i$Number$>i$Number$" bitstreamSwitching="<Segment https://cdn-a.example/live/switch.mp4>""#,
            r#" startNumber="1"><SegmentTimeline><S t="0" d="180000" r="2"/></SegmentTimeline></SegmentTemplate>"#
        ),
        concat!(
            r#"<Representation id="v1" bandwidth="1000"><SegmentTemplate"#,
            r#" media="<Segment https://cdn-a.example/live/v1/$Time$.m4s?s=1&n=$Number%05d$>$Time$.m4s?s=1&amp;n=$Number%05d$""#,
            r#" initialization="<Segment https://cdn-a.example/live/v1/init.mp4>"/></Representation>"#
        ),
        concat!(
            r#"<Representation id="v2" bandwidth="2000"><BaseURL>./</BaseURL><SegmentTemplate"#,
            r#" media="<Segment https://cdn-a.example/live/hd/v2/$Time$.m4s?s=1&n=$Number%05d$>$Time$.m4s?s=1&amp;n=$Number%05d$""#,
            r#" initialization="<Segment https://cdn-a.example/live/hd/v2/init.mp4>""#,
            r#" index="<Segment https://cdn-a.example/live/hd/i$Number$>i$Number$" bitstreamSwitching="<Segment https://cdn-a.example/live/hd/switch.mp4>"/></Representation>"#
        ),
        "<BaseURL>./</BaseURL>",
        r#"<SegmentTemplate duration="2" media="<Segment https://cdn-a.example/live/audio/$Number$.m4s>$Number$.m4s" initialization="<Segment https://cdn-a.example/live/audio/init.mp4>"/>"#,
        concat!(
            r#"<Representation id="a1" bandwidth="3"><BaseURL>./</BaseURL><SegmentTemplate media="<Segment https://cdn-a.example/$Number$.m4s>$Number$.m4s""#,
            r#" initialization="<Segment https://cdn-a.example/live/audio/one/init.mp4>"/></Representation>"#
        ),
        r#"<Period id="2" xlink:href="<Remote https://cdn-a.example/live/next.xml#embedded-at=https://cdn-a.example/live/>" xlink:actuate="onLoad"/>"#,
        r#"<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="../../../../time"/>"#,
    ];
    assert_eq!(became(DYNAMIC, "http://o/d/live.mpd?session=1"), expected);
}

#[test]
fn files_and_lists_of_an_on_demand_manifest_lead_to_us() {
    let changed = changed(ON_DEMAND, "http://o/d/a.mpd");
    let became: Vec<_> = changed.iter().map(|(_, after)| after.as_str()).collect();
    let expected = [
        "<d:BaseURL>./</d:BaseURL>",
        "<d:BaseURL><Segment http://o/d/media/video.mp4?a=1&b=2></d:BaseURL>",
        "<d:BaseURL><Segment https://spare.example/video.mp4></d:BaseURL>",
        r#"<d:SegmentBase indexRange="800-900"><d:Initialization range="0-799"/><d:RepresentationIndex sourceURL="<Segment http://o/d/media/video.idx>"/></d:SegmentBase>"#,
        concat!(
            r#"<d:SegmentList duration="10"><d:Initialization sourceURL="<Segment http://o/d/media/init.mp4>"/>"#,
            r#"<d:SegmentURL media="<Segment http://o/d/media/1.m4s>" index="<Segment http://o/d/media/1.idx>"/>"#,
            r#"<d:SegmentURL mediaRange="0-9" media="<Segment http://o/d/media/>"/></d:SegmentList>"#
        ),
        "<d:BaseURL>./</d:BaseURL>",
        r#"<d:Representation id="inherits" bandwidth="3"><d:BaseURL><Segment http://o/d/media/whole.mp4></d:BaseURL><d:SegmentBase indexRange="1-2"/></d:Representation>"#,
        r#"<d:Representation id="empty" bandwidth="4"><d:BaseURL><Segment http://o/d/media/whole.mp4></d:BaseURL></d:Representation>"#,
    ];
    assert_eq!(became, expected);
}

#[test]
fn a_list_of_parts_of_one_file_names_the_file_everywhere() {
    let list = r#"<SegmentList><Initialization range="0-9"/><SegmentURL mediaRange="10-19"/></SegmentList>"#;
    let text = format!(
        "<MPD><Period><AdaptationSet><Representation><BaseURL>a.mp4</BaseURL>{list}</Representation></AdaptationSet></Period></MPD>"
    );
    let out = rewritten(&text, "http://o/");
    let expected = r#"<Initialization range="0-9" sourceURL="<Segment http://o/a.mp4>"/><SegmentURL mediaRange="10-19" media="<Segment http://o/a.mp4>"/>"#;
    assert!(out.contains("<BaseURL>./</BaseURL>") && out.contains(expected), "{out}");
}

/// ISO 23009-1 5.5.3: what is relative in a remote element refers to the manifest that it is embedded in.
#[test]
fn remote_elements_lead_to_us_from_where_they_are_embedded() {
    let remote = |text: &str, asked: &str| {
        let mut links = Recording::default();
        let rewritten = rewrite_remote(text.as_bytes(), &asked.parse().unwrap(), &mut links)?;
        Ok::<_, Refused>(links.explain(&rewritten))
    };
    let asked = "http://ads.example/x/next.xml#embedded-at=https://o/live/";
    let set = r#"<AdaptationSet><SegmentTemplate media="$Number$.m4s"/><Representation id="1"/></AdaptationSet>"#;
    let text = format!(r#"<Period id="a">{set}</Period><Period id="b"><BaseURL>https://cdn/</BaseURL>{set}</Period>"#);
    let out = remote(&text, asked).unwrap();
    assert!(out.contains(r#"media="<Segment https://o/live/$Number$.m4s>"#), "{out}");
    assert!(out.contains(r#"media="<Segment https://cdn/$Number$.m4s>"#), "{out}");
    assert!(out.contains("<BaseURL>./</BaseURL>") && !out.contains("ads.example"), "{out}");
    let within = r#"<Period xmlns:x="http://www.w3.org/1999/xlink" x:href="two.xml"/>"#;
    assert!(remote(within, asked).unwrap().contains("<Remote https://o/live/two.xml#embedded-at=https://o/live/>"));
    for (text, asked) in [("<MPD/>", asked), ("<SegmentList/>", asked), ("", asked), (&text, "http://o/next.xml")] {
        assert!(remote(text, asked).is_err(), "{text}");
    }
    // One that is not rewritten where it stands is left out.
    let list =
        r#"<MPD><Period><SegmentList x:href="http://o/list.xml" x:actuate="onLoad" duration="2"/></Period></MPD>"#;
    assert!(rewritten(list, "http://o/").contains(r#"<SegmentList duration="2"/>"#));
}

#[test]
fn a_base_behind_what_it_is_in_force_for_counts() {
    let text = r#"<MPD><Period><AdaptationSet><SegmentTemplate media="$Number$"/><Representation id="1"/><BaseURL>late/</BaseURL></AdaptationSet></Period></MPD>"#;
    let expected = r#"<MPD><Period><AdaptationSet><SegmentTemplate media="<Segment http://o/late/$Number$>$Number$"/><Representation id="1"/><BaseURL>./</BaseURL></AdaptationSet></Period></MPD>"#;
    assert_eq!(rewritten(text, "http://o/"), expected);
}

#[test]
fn a_template_of_the_period_is_written_again_where_a_base_comes_between() {
    let text = r#"<MPD><Period><SegmentTemplate media="$Time$" duration="2"/><AdaptationSet><BaseURL>a/</BaseURL><Representation id="1"/></AdaptationSet></Period></MPD>"#;
    let expected = concat!(
        r#"<MPD><Period><SegmentTemplate media="<Segment http://o/$Time$>$Time$" duration="2"/><AdaptationSet><BaseURL>./</BaseURL>"#,
        r#"<Representation id="1"><SegmentTemplate media="<Segment http://o/a/$Time$>$Time$"/></Representation></AdaptationSet></Period></MPD>"#
    );
    assert_eq!(rewritten(text, "http://o/"), expected);
}

#[test]
fn a_dynamic_manifest_without_a_clock_gets_ours_and_a_direct_one_stays() {
    let clock = r#"<m:UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="../../../../time"/>"#;
    assert_eq!(
        rewritten(r#"<m:MPD type="dynamic"></m:MPD>"#, "http://o/"),
        format!(r#"<m:MPD type="dynamic">{clock}</m:MPD>"#)
    );
    let direct = r#"<MPD type="dynamic"><UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-01-01T00:00:00Z"/></MPD>"#;
    assert_eq!(rewritten(direct, "http://o/"), direct);
    assert_eq!(rewritten("<MPD></MPD>", "http://o/"), "<MPD></MPD>");
}

#[test]
fn presentations_that_are_dynamic_or_unreadable_change() {
    for (text, live) in [
        (DYNAMIC, true),
        (ON_DEMAND, false),
        ("<MPD/>", false),
        ("\u{feff}<?xml version='1.0'?><MPD type='dynamic'/>", true),
        ("<MPD><!-- \"dynamic\" --></MPD>", false),
        ("<html/>", true),
        ("", true),
    ] {
        assert_eq!(is_live(text.as_bytes()), live, "{text}");
    }
}

#[test]
fn a_hundred_thousand_segments_come_out_whole_and_soon() {
    const SEGMENTS: usize = 100_000;
    let mut text = String::from("<MPD><Period><AdaptationSet><Representation><SegmentList>\n");
    for number in 0..SEGMENTS {
        writeln!(text, "<SegmentURL media=\"https://cdn.example/path/{number:06}.m4s?t=1&amp;u=2\"/>").unwrap();
    }
    text.push_str("</SegmentList></Representation></AdaptationSet></Period></MPD>");
    let mut links = Recording::default();
    let started = Instant::now();
    let out = rewrite(text.as_bytes(), &"https://o/a.mpd".parse().unwrap(), &mut links).unwrap();
    let took = started.elapsed();
    assert_eq!(links.given.len(), SEGMENTS);
    assert_eq!(links.given[SEGMENTS - 1], (Kind::Segment, "https://cdn.example/path/099999.m4s?t=1&u=2".to_owned()));
    assert!(!out.contains("cdn.example") && out.matches("<SegmentURL ").count() == SEGMENTS);
    // Unoptimized, beside other tests.
    assert!(took < Duration::from_secs(8), "{took:?}");
}
