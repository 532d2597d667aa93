//! Playlists that mean harm or nothing.

use proptest::prelude::*;

use super::*;
use crate::proxy::recording::Recording;

const FIXTURES: [&str; 3] = [
    include_str!("../../../fixtures/manifests/multivariant.m3u8"),
    include_str!("../../../fixtures/manifests/encrypted.m3u8"),
    include_str!("../../../fixtures/manifests/low_latency.m3u8"),
];

fn base() -> Url {
    "http://upstream.example/a/b.m3u8?token=s".parse().unwrap()
}

fn refused(text: &[u8]) -> Refused {
    rewrite(text, &base(), &mut Recording::default()).unwrap_err()
}

fn line(line: &str) -> Result<String, Refused> {
    rewrite(format!("#EXTM3U\n{line}\n").as_bytes(), &base(), &mut Recording::default())
}

#[test]
fn what_is_no_playlist_is_refused() {
    assert_eq!(refused(b""), Why::Beginning.at(1));
    assert_eq!(refused(b"<html>"), Why::Beginning.at(1));
    assert_eq!(refused(b"\xff\xfe#\0E\0"), Why::Charset.at(1));
    assert_eq!(refused(b"#EXTM3U\n\xffa.ts"), Why::Charset.at(1));
}

#[test]
fn one_uri_that_cannot_be_served_refuses_the_whole_and_says_where_but_not_what() {
    for (text, why) in [
        ("file:///etc/passwd", Why::Scheme),
        ("#EXT-X-KEY:METHOD=AES-128,URI=\"javascript:alert(1)\"", Why::Scheme),
        ("#EXT-X-KEY:METHOD=AES-128,URI=file:/x", Why::Scheme),
        ("#EXT-X-MAP:URI=\"a.mp4", Why::Quote),
        ("http://[::1", Why::Uri),
        ("{$secret}.ts", Why::Undefined),
        ("#EXT-X-PART:URI=\"{$x}\"", Why::Undefined),
        ("#EXT-X-DEFINE:IMPORT=\"x\"", Why::Undefined),
        ("#EXT-X-DEFINE:", Why::Variable),
    ] {
        let refused = line(text).unwrap_err();
        assert_eq!(refused, why.at(2), "{text}");
        assert!(!refused.to_string().contains(text), "{refused}");
    }
}

#[test]
fn a_uri_without_quotes_is_a_uri() {
    assert_eq!(line("#EXT-X-MAP:URI=a.mp4,X=1").unwrap(), "#EXTM3U\n#EXT-X-MAP:URI=\"p/@0@\",X=1\n");
}

#[test]
fn lines_are_bounded() {
    let long = |len: usize| format!("#EXT-X-UNHEARD:{}", "x".repeat(len - "#EXT-X-UNHEARD:".len() - 1));
    assert!(line(&long(LINE_MAX)).is_ok());
    assert_eq!(line(&long(LINE_MAX + 1)).unwrap_err(), Why::LineTooLong.at(2));
}

#[test]
fn the_outcome_is_bounded() {
    struct Long;
    impl Links for Long {
        fn link(&mut self, _: Kind, _: &Url) -> String {
            "x".repeat(1 << 20)
        }
        fn template(&mut self, _: Kind, template: &str) -> String {
            template.to_owned()
        }
    }
    let text = |lines: usize| format!("#EXTM3U\n{}", "a.ts\n".repeat(lines));
    let lines = OUTPUT_MAX >> 20;
    assert!(rewrite(text(lines - 1).as_bytes(), &base(), &mut Long).is_ok());
    assert_eq!(rewrite(text(lines).as_bytes(), &base(), &mut Long).unwrap_err(), Why::TooLong.at(lines + 1));
}

#[test]
fn no_mutation_of_a_playlist_panics_or_lets_the_upstream_through() {
    for text in FIXTURES {
        for at in 0..text.len() {
            for byte in [0_u8, b'"', b'\n', b',', b'=', b'#', b'{', 0xff] {
                let mut mutated = text.as_bytes().to_vec();
                mutated[at] = byte;
                let _ = rewrite(&mutated, &base(), &mut Recording::default());
            }
            let _ = rewrite(&text.as_bytes()[..at], &base(), &mut Recording::default());
        }
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let tag = proptest::sample::select(URIS.map(|(tag, ..)| tag).to_vec());
    let name = proptest::sample::select(URIS.map(|(_, name, _)| name).to_vec());
    prop_oneof![
        (tag, name, ".{0,12}").prop_map(|(tag, name, rest)| format!("{tag}:{name}=\"http://upstream.example/{rest}\"")),
        "[a-z/.?&=]{0,12}".prop_map(|rest| format!("http://upstream.example/{rest}")),
        "#EXT[-A-Z:=,\"{$}a]{0,30}",
        "#.{0,30}",
        ".{0,30}",
    ]
}

proptest! {
    #[test]
    fn no_text_panics(lines in prop::collection::vec(any_line(), 0..20)) {
        let _ = rewrite(format!("#EXTM3U\n{}", lines.join("\n")).as_bytes(), &base(), &mut Recording::default());
    }

    #[test]
    fn unknown_lines_survive(lines in prop::collection::vec("#(EXT-X-UNHEARD-OF:)?[^\r\n]{0,40}", 0..20)) {
        let known = |line: &String| line.starts_with("#EXT-X-") && !line.starts_with("#EXT-X-UNHEARD-OF:");
        prop_assume!(!lines.iter().any(known));
        let text = format!("#EXTM3U\n{}\n", lines.join("\n"));
        prop_assert_eq!(rewrite(text.as_bytes(), &base(), &mut Recording::default()).unwrap(), text);
    }

    #[test]
    fn no_upstream_is_left_where_a_link_is_due(paths in prop::collection::vec("[a-zA-Z0-9/.?&=%-]{0,30}", 1..20), which in prop::collection::vec(0..URIS.len(), 20)) {
        let mut text = String::from("#EXTM3U\n");
        for (path, which) in paths.iter().zip(which) {
            let (tag, name, _) = URIS[which];
            let url = format!("http://upstream.example/{path}");
            let attribute = if name.is_empty() { url.clone() } else { format!("X=\"y,z\",{name}=\"{url}\",Z=1") };
            text.push_str(&format!("{tag}:{attribute}\n{url}\n"));
        }
        let out = rewrite(text.as_bytes(), &base(), &mut Recording::default()).unwrap();
        prop_assert!(!out.contains("upstream"), "{}", out);
        prop_assert_eq!(out.lines().count(), text.lines().count());
    }
}
