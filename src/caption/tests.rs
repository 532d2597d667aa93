//! Files as they are.

use proptest::prelude::*;

use super::*;

const SRT: &[u8] = include_bytes!("../../fixtures/captions/mess.srt");
const ASS: &[u8] = include_bytes!("../../fixtures/captions/typeset.ass");
const SSA: &[u8] = include_bytes!("../../fixtures/captions/old.ssa");
const VTT: &[u8] = include_bytes!("../../fixtures/captions/plain.vtt");
const DANMAKU: &[u8] = include_bytes!("../../fixtures/captions/danmaku.xml");

#[test]
fn srt_becomes_vtt_in_order() {
    let expected = "WEBVTT\n\n\
        00:00:01.000 --> 00:00:02.500\n<i>First</i> &amp; foremost\nsecond line\n\n\
        00:00:03.000 --> 00:00:04.000\nLate in the file, 1 --&gt; 2\n42\n\n\
        00:01:05.250 --> 00:01:06.000\nNo hours, a point, a hole\nin the text\n\n\
        01:00:00.000 --> 01:00:01.000\nIn red\n";
    assert_eq!(to_vtt(SRT, None).unwrap(), expected);
    let crlf = String::from_utf8(SRT.to_vec()).unwrap().replace('\n', "\r\n");
    assert_eq!(
        to_vtt(crlf.as_bytes(), Some(Format::Vtt)).unwrap(),
        expected,
        "what it is counts, not what it is called"
    );
    let utf_16: Vec<u8> = "\u{feff}".encode_utf16().chain(crlf.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(to_vtt(&utf_16, None).unwrap(), expected);
}

#[test]
fn ass_and_ssa_become_vtt() {
    let expected = "WEBVTT\n\n\
        00:00:00.500 --> 00:00:01.000\nSorted, with a comma\n\n\
        00:00:01.000 --> 00:00:03.450\n<i>Hello</i>\nworld\n\n\
        01:00:00.000 --> 01:00:01.000\nat the top\n";
    assert_eq!(to_vtt(ASS, None).unwrap(), expected);
    let expected = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOld, but good\n";
    assert_eq!(to_vtt(SSA, None).unwrap(), expected);
}

#[test]
fn vtt_stays_as_it_is() {
    assert_eq!(to_vtt(VTT, None).unwrap().as_bytes(), VTT);
    assert_eq!(to_vtt(&[b"\xef\xbb\xbf", VTT].concat(), None).unwrap().as_bytes(), VTT, "but for its mark");
}

#[test]
fn what_is_no_subtitle_is_told_so() {
    for text in ["", "<html>", "WEBVTTX", "1\n2\n3", "--> --> -->"] {
        assert_eq!(to_vtt(text.as_bytes(), None), Err(Broken::Unknown), "{text}");
    }
    assert_eq!(to_vtt(b"<html>", Some(Format::Vtt)), Err(Broken::Unknown));
    assert_eq!(to_vtt(b"", Some(Format::Srt)).unwrap(), "WEBVTT\n", "nothing said is nothing to show");
}

#[test]
fn danmaku_becomes_json() {
    let json: serde_json::Value = serde_json::from_str(&to_json(DANMAKU).unwrap()).unwrap();
    let expected = serde_json::json!([
        {"time_ms": 23826, "mode": 1, "size": 25, "color": 16777215, "sent_at": 1422201084, "pool": 0, "user": "057075e9", "id": "757076900", "text": "我从未见过如此厚颜无耻之猴"},
        {"time_ms": 0, "mode": 5, "size": 18, "color": 0, "sent_at": 1422201085, "pool": 1, "user": "a", "id": "9223372036854775808", "text": "<b> & \"x\" &who; 5&6"},
        {"time_ms": 1500, "mode": 0, "size": 0, "color": 0, "sent_at": 0, "pool": 0, "user": "", "id": "", "text": "only a time"},
    ]);
    assert_eq!(json, expected);
    assert!(to_json(DANMAKU).unwrap().starts_with("[{\"time_ms\":23826,\"mode\":1,"), "in the order of the source");
    assert_eq!(to_json(b"<i></i>").unwrap(), "[]");
}

#[test]
fn what_is_no_danmaku_is_told_so() {
    for text in [
        "",
        "text",
        "<i>",
        "<i><d p=\"1\">",
        "<html><d p=\"1\">x</d></html>",
        "<i></d></i>",
        "<!DOCTYPE i [<!ENTITY a \"b\">]><i/>",
    ] {
        assert_eq!(to_json(text.as_bytes()), Err(Broken::Xml), "{text}");
    }
}

#[test]
fn files_and_entries_are_bounded() {
    let cues = |count: usize| "0 --> 1\nx\n".repeat(count);
    assert!(to_vtt(cues(CUES_MAX).as_bytes(), None).is_ok());
    assert_eq!(to_vtt(cues(CUES_MAX + 1).as_bytes(), None), Err(Broken::TooMany));
    let comments = |count: usize| format!("<i>{}</i>", "<d p=\"1\"></d>".repeat(count));
    assert!(to_json(comments(COMMENTS_MAX).as_bytes()).is_ok());
    assert_eq!(to_json(comments(COMMENTS_MAX + 1).as_bytes()), Err(Broken::TooMany));
    let long = vec![b' '; FILE_MAX + 1];
    assert_eq!(to_vtt(&long, None), Err(Broken::TooLong));
    assert_eq!(to_json(&long), Err(Broken::TooLong));
    let escaped = format!("<i><d p=\"1\">{}</d></i>", "\u{1}".repeat(OUTPUT_MAX / 6));
    assert_eq!(to_json(escaped.as_bytes()), Err(Broken::TooLong));
}

#[test]
fn no_mutation_of_a_file_panics() {
    for file in [SRT, ASS, SSA, VTT, DANMAKU] {
        for at in 0..file.len() {
            for byte in [0_u8, b'<', b'{', b'\\', b':', b'\n', b'>', 0x1b, 0xff] {
                let mut mutated = file.to_vec();
                mutated[at] = byte;
                let _ = (to_vtt(&mutated, None), to_json(&mutated));
            }
            let _ = (to_vtt(&file[..at], None), to_json(&file[..at]));
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_said_in_srt_is_one_cue(text in "[^\r\n]{0,60}") {
        prop_assume!(srt::times(&text).is_none());
        let vtt = to_vtt(format!("1\n00:00:01,000 --> 00:00:02,000\nfirst {text}\n").as_bytes(), None).unwrap();
        prop_assert_eq!(vtt.matches("-->").count(), 1, "{}", vtt);
        prop_assert!(vtt.starts_with("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nfirst"));
        prop_assert!(!vtt[10..].trim_end().contains("\n\n"), "{}", vtt);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (to_vtt(&bytes, None), to_vtt(&bytes, Some(Format::Srt)), to_vtt(&bytes, Some(Format::Ass)), to_json(&bytes));
    }
}
