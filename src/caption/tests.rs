use encoding_rs::{BIG5, Encoding, GBK, SHIFT_JIS, WINDOWS_1251};

use super::*;

fn vtt(text: impl AsRef<[u8]>) -> String {
    to_vtt(text.as_ref()).unwrap()
}

#[test]
fn subrip_becomes_webvtt() {
    let srt = "1\r\n00:00:01,000 --> 00:00:02,500\r\nHello <i>you</i>\r\n<font color=\"red\">there</font>\r\n\r\n2\r\n00:01:00,5 --> 1:00:00,000 X1:40\r\n1 < 2 & 3 --> 4\r\n";
    assert_eq!(
        vtt(srt),
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello <i>you</i>\nthere\n\n00:01:00.500 --> 01:00:00.000\n1 &lt; 2 &amp; 3 --&gt; 4\n"
    );
}

#[test]
fn loose_subrip_is_read() {
    let loose = "00:05.000 --> 00:06.000\nb {\\an8}top\n2\n00:00:01.000 --> 00:00:01.000\na &amp; b\n\n\nmore\n3\n00:00:09,0 --> 00:00:10,0\n\n";
    assert_eq!(
        vtt(loose),
        "WEBVTT\n\n00:00:01.000 --> 00:00:01.001\na &amp; b\nmore\n\n00:00:05.000 --> 00:00:06.000\nb top\n",
        "sorted, without an end before its beginning, without what shows nothing"
    );
}

#[test]
fn substation_becomes_webvtt() {
    let ass = "[Script Info]\nTitle: x\n[V4+ Styles]\nFormat: Name\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
               Comment: 0,0:00:00.00,0:00:09.00,D,,0,0,0,,not shown\n\
               Dialogue: 0,0:00:02.50,0:00:04.00,D,,0,0,0,,{\\i1\\b1}Two{\\i0}, lines\\Nhere{\\r} end\n\
               Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}\n\
               Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,a\\hb <c>\n";
    assert_eq!(
        vtt(ass),
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na\u{a0}b &lt;c&gt;\n\n\
         00:00:02.500 --> 00:00:04.000\n<i><b>Two</b></i><b>, lines\nhere</b> end\n"
    );
    let ssa = "[Events]\nFormat: Marked, Start, End, Text\nDialogue: Marked=0,0:00:01.00,0:00:02.00,old, but good\n";
    assert_eq!(vtt(ssa), "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nold, but good\n");
}

#[test]
fn webvtt_stays_as_it_is() {
    let text = "WEBVTT - title\n\nSTYLE\n::cue {}\n\n1\n00:01.000 --> 00:02.000 line:0\n<v Bob>hi\n";
    assert_eq!(vtt(text), text);
    assert_eq!(vtt(format!("\u{feff}{text}")), text);
    assert!(to_vtt(b"WEBVTTX\n").is_err());
}

#[test]
fn charsets_are_found_out() {
    let cue = |words: &str| format!("1\n00:00:01,000 --> 00:00:02,000\n{words}\n\n");
    let many = |words: &str| (0..20).map(|_| cue(words)).collect::<String>();
    let encoded = |text: &str, encoding: &'static Encoding| encoding.encode(text).0.into_owned();
    for (words, encoding) in [
        ("Это субтитры на русском языке", WINDOWS_1251),
        ("这是中文字幕，我们在看电影", GBK),
        ("這是中文字幕，我們在看電影", BIG5),
        ("これは日本語の字幕です。映画を見ています", SHIFT_JIS),
    ] {
        assert!(vtt(encoded(&many(words), encoding)).contains(words), "{}", encoding.name());
    }
    let utf_16 = |text: &str, little: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for little in [true, false] {
        assert!(vtt(utf_16(&many("Grüße"), little)).contains("Grüße"));
        assert!(vtt(utf_16(&format!("\u{feff}{}", cue("Grüße")), little)).contains("Grüße"));
    }
    assert!(vtt(b"1\n00:00:01,000 --> 00:00:02,000\nH\xe9llo\n").contains("Héllo"));
}

#[test]
fn what_has_no_cues_is_refused() {
    for odd in [
        "",
        "hello",
        "1\n00:00:xx --> 00:00:02,000\nx\n",
        "[Events]\nDialogue: 1,2\n",
        "99999999999:00:00,000 --> 1:00,0\nx\n",
    ] {
        assert_eq!(to_vtt(odd.as_bytes()), Err(Unreadable::NoSubtitles), "{odd}");
    }
    let many = "00:00:01,000 --> 00:00:02,000\nx\n".repeat(CUES_MAX + 1);
    assert_eq!(to_vtt(many.as_bytes()), Err(Unreadable::TooMany));
}

#[test]
fn danmaku_becomes_json() {
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?><i><chatid>1</chatid>
        <d p="2.5,5,18,255,1600000000,0,abc,77">later &amp; &#x4f60;</d>
        <d p="1.25,1,25,16777215">first</d><d p="x,1,25,1">no time</d><d>none</d><d p="3,1,25,0,0,0,u,1"> </d>
        <d p="4,1,25,0"><![CDATA[<b>]]></d></i>"#;
    let json: serde_json::Value = serde_json::from_slice(&danmaku_json(xml.as_bytes()).unwrap()).unwrap();
    let texts: Vec<_> = json.as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["first", "later & 你", "<b>"]);
    assert_eq!(
        json[1],
        serde_json::json!({ "time_ms": 2500, "mode": 5, "size": 18, "color": 255, "sent_at": 1_600_000_000, "pool": 0,
            "user": "abc", "id": "77", "text": "later & 你" })
    );
}

#[test]
fn what_is_no_danmaku_is_refused() {
    for odd in ["", "text", "<!DOCTYPE i [<!ENTITY a \"b\">]><i/>", "<i><d p='1,1,1,1'>x</"] {
        assert_eq!(danmaku_json(odd.as_bytes()), Err(Unreadable::NoDanmaku), "{odd}");
    }
    assert_eq!(danmaku_json(b"<i></i>"), Ok(b"[]".to_vec()));
    let many = format!("<i>{}</i>", "<d p='1,1,1,1'>x</d>".repeat(CUES_MAX + 1));
    assert_eq!(danmaku_json(many.as_bytes()), Err(Unreadable::TooMany));
}

/// Every byte changed, every end cut off: an answer or a refusal, and WebVTT that has no cue where none was.
#[test]
fn damaged_files_harm_nobody() {
    let files = [
        "1\n00:00:01,000 --> 00:00:02,500\nHé<i>y</i> {\\an8}\n\n",
        "[Script Info]\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,{\\b1}x{\\p1}y\\N\n",
        "<i><d p=\"1,1,25,1,1,1,a,1\">x&amp;&#65;<![CDATA[y]]></d></i>",
    ];
    for file in files {
        for at in 0..file.len() {
            for byte in [0, b'<', b'{', b'\\', b'-', b':', 0xff, b'&', b'\n'] {
                let mut bytes = file.as_bytes().to_vec();
                bytes[at] = byte;
                let _ = (to_vtt(&bytes), danmaku_json(&bytes));
            }
            let _ = (to_vtt(&file.as_bytes()[..at]), danmaku_json(&file.as_bytes()[at..]));
        }
    }
}

#[test]
fn markup_without_end_is_text_and_takes_no_time() {
    let begun = std::time::Instant::now();
    for begin in ["<", "{\\", "<b"] {
        let many = begin.repeat(1 << 20);
        assert!(to_vtt(format!("1\n00:00:01,000 --> 00:00:02,000\n{many}\n").as_bytes()).unwrap().len() > many.len());
        let dialogue = format!("[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,{many}\n");
        assert!(to_vtt(dialogue.as_bytes()).unwrap().len() > many.len());
    }
    // Looked for at every beginning up to the end of the file it would be minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(40), "{:?}", begun.elapsed());
    let bold = |len: usize| format!("1\n00:00:01,000 --> 00:00:02,000\n<b {}>x\n", "y".repeat(len - 4));
    assert!(to_vtt(bold(cue::MARKUP_MAX).as_bytes()).unwrap().ends_with("<b>x\n"));
    assert!(to_vtt(bold(cue::MARKUP_MAX + 1).as_bytes()).unwrap().contains("&lt;b y"));
}
