//! Manifests that mean harm or nothing.

use proptest::prelude::*;

use super::*;
use crate::proxy::recording::Recording;
use crate::proxy::refused::Why;

const FIXTURES: [&str; 2] = [
    include_str!("../../../fixtures/manifests/dynamic.mpd"),
    include_str!("../../../fixtures/manifests/on_demand.mpd"),
];

fn made(text: &[u8]) -> Result<String, Refused> {
    rewrite(text, &"http://upstream.example/a/b.mpd?token=s".parse().unwrap(), &mut Recording::default())
}

fn refused(text: &str) -> Why {
    made(text.as_bytes()).unwrap_err().why
}

#[test]
fn what_is_no_manifest_is_refused() {
    assert_eq!(refused(""), Why::Xml);
    assert_eq!(refused("#EXTM3U"), Why::Xml);
    assert_eq!(refused("<html></html>"), Why::Beginning);
    assert_eq!(refused("<MPD></MPD><MPD></MPD>"), Why::Beginning);
    assert_eq!(made(b"<MPD>\xff</MPD>").unwrap_err().why, Why::Charset);
    for broken in [
        "<MPD>",
        "<MPD></Period></MPD>",
        "<MPD",
        "<MPD a=1/>",
        "<MPD><BaseURL>&unheard;</BaseURL></MPD>",
        "<MPD><BaseURL><b/></BaseURL></MPD>",
    ] {
        assert_eq!(refused(broken), Why::Xml, "{broken}");
    }
}

#[test]
fn entities_are_not_declared() {
    let laughs = r#"<!DOCTYPE MPD [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><MPD><BaseURL>&b;</BaseURL></MPD>"#;
    assert_eq!(refused(laughs), Why::Doctype);
    assert_eq!(refused(r#"<!DOCTYPE MPD SYSTEM "file:///etc/passwd"><MPD/>"#), Why::Doctype);
}

#[test]
fn one_url_that_cannot_be_served_refuses_the_whole_and_says_where() {
    for (inside, why) in [
        ("<BaseURL>file:///etc/</BaseURL>", Why::Scheme),
        ("<BaseURL>data:,x</BaseURL>", Why::Scheme),
        ("<Location>javascript:x</Location>", Why::Scheme),
        ("<BaseURL>http://[::1</BaseURL>", Why::Uri),
        ("<SegmentTemplate media=\"$Number\"/>", Why::Template),
        ("<SegmentTemplate media=\"file:/$Number$\"/>", Why::Scheme),
        (
            "<Period><SegmentList/><AdaptationSet><BaseURL>x/</BaseURL><Representation/></AdaptationSet></Period>",
            Why::List,
        ),
    ] {
        assert_eq!(refused(&format!("<MPD>{inside}</MPD>")), why, "{inside}");
    }
    let error = made(b"<MPD>\n\n<Location>file:///s3cret</Location></MPD>").unwrap_err();
    assert_eq!(error.line, 3);
    assert!(!error.to_string().contains("s3cret"));
}

#[test]
fn depth_levels_and_texts_are_bounded() {
    let nested = |depth: usize| format!("<MPD>{}{}</MPD>", "<x>".repeat(depth - 1), "</x>".repeat(depth - 1));
    assert!(made(nested(DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(refused(&nested(DEPTH_MAX + 1)), Why::Depth);
    let periods = |count: usize| format!("<MPD>{}</MPD>", "<Period/>".repeat(count));
    assert!(made(periods(LEVELS_MAX - 1).as_bytes()).is_ok());
    assert_eq!(refused(&periods(LEVELS_MAX)), Why::Depth);
    let long = "x".repeat(crate::proxy::refused::URL_MAX + 1);
    assert_eq!(refused(&format!("<MPD><BaseURL>{long}</BaseURL></MPD>")), Why::Uri);
    assert_eq!(refused(&format!("<MPD><SegmentTemplate media=\"{long}\"/></MPD>")), Why::Uri);
    assert_eq!(refused(&format!("<MPD><SegmentTemplate media=\"{long}\"/></MPD>")), Why::Uri);
}

#[test]
fn no_mutation_of_a_manifest_panics() {
    for text in FIXTURES {
        for at in 0..text.len() {
            for byte in [0_u8, b'"', b'<', b'>', b'&', b'$', b'/', 0xff] {
                let mut mutated = text.as_bytes().to_vec();
                mutated[at] = byte;
                let _ = made(&mutated);
            }
            let _ = made(&text.as_bytes()[..at]);
        }
    }
}

proptest! {
    #[test]
    fn unknown_elements_survive(name in "[a-z]{1,8}", attribute in "[a-zA-Z0-9 :/.]{0,20}", text in "[a-zA-Z0-9 ./:;]{0,30}") {
        let text = format!("<MPD type=\"static\"><u-{name} x:y=\"{attribute}\" >\n{text}&amp;<![CDATA[<&>]]><!-- c --><?pi x?></u-{name}></MPD>");
        prop_assert_eq!(made(text.as_bytes()).unwrap(), text);
    }

    #[test]
    fn no_upstream_is_left_where_a_link_is_due(
        paths in prop::collection::vec("[a-zA-Z0-9/.?=-]{0,20}", 12),
        bases in prop::collection::vec(prop::option::of("[a-z/.]{0,10}"), 4),
        number in prop::bool::ANY,
    ) {
        let base = |level: usize| bases[level].as_ref().map_or(String::new(), |path| format!("<BaseURL>http://upstream.example/{path}</BaseURL>"));
        let url = |at: usize| format!("http://upstream.example/{}{}", paths[at], if number { "$Number$" } else { "" });
        let text = format!(
            "<MPD>{}<Location>http://upstream.example/{}</Location><Period>{}<SegmentTemplate media=\"{}\"/><AdaptationSet>{}\
             <SegmentTemplate initialization=\"{}\" index=\"{}\"/><Representation id=\"1\">{}</Representation><Representation id=\"2\">{}\
             <SegmentTemplate media=\"{}\"/></Representation></AdaptationSet></Period><Period>{}<AdaptationSet>{}<Representation>{}\
             <SegmentBase><Initialization sourceURL=\"http://upstream.example/{}\"/></SegmentBase></Representation></AdaptationSet></Period></MPD>",
            base(0), paths[0], base(1), url(1), base(2), url(2), url(3), base(3), base(2), url(4), base(0), base(1), base(3), paths[5],
        );
        let out = made(text.as_bytes()).unwrap();
        prop_assert!(!out.contains("upstream"), "{}", out);
        prop_assert!(made(out.as_bytes()).is_ok(), "it is still a manifest: {}", out);
    }

    #[test]
    fn no_text_panics(text in "(<[/a-zA-Z:]{1,10}( [a-z:]{1,6}=\"[^\"]{0,10}\")?/?>|[^<]{0,10}){0,20}") {
        let _ = made(format!("<MPD>{text}</MPD>").as_bytes());
    }
}
