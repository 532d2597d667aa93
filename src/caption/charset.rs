//! Text in whatever charset, as UTF-8.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// As much of a file is looked at to tell its charset, in bytes.
pub(super) const LOOKED_AT: usize = 256 << 10;

/// By its byte order mark, else UTF-8 where it is that, else by how often which bytes stand in it. What is no character becomes U+FFFD.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Some(encoding) = utf_16(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    // ISO-2022-JP is ASCII with escapes.
    if !bytes.contains(&0x1b)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    detector.feed(looked_at, looked_at.len() == bytes.len());
    detector.guess(None, Utf8Detection::Allow).decode_without_bom_handling(bytes).0
}

/// Numbers and arrows are half zeros in UTF-16, and nowhere else.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let looked_at = &bytes[..bytes.len().min(4096) & !1];
    let zeros = |odd: usize| looked_at.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match looked_at.len() / 2 {
        0 => None,
        units if odd * 4 > units && even * 8 < odd => Some(UTF_16LE),
        units if even * 4 > units && odd * 8 < even => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        let (bytes, _, had_errors) = Encoding::for_label(label.as_bytes()).unwrap().encode(text);
        assert!(!had_errors);
        bytes.into_owned()
    }

    #[test]
    fn charsets_are_told_apart() {
        for (label, text) in [
            ("utf-8", "Grüße, 你好, привет"),
            ("windows-1252", "1\n00:00:01,000 --> 00:00:02,000\nSchöne Grüße aus Köln, Übermut und Äpfel\n"),
            ("windows-1251", "1\n00:00:01,000 --> 00:00:02,000\nПривет, как дела сегодня? Хорошо, спасибо.\n"),
            ("gbk", "1\n00:00:01,000 --> 00:00:02,000\n你好,今天的天气很好,我们去公园吧。\n"),
            ("big5", "1\n00:00:01,000 --> 00:00:02,000\n你好,今天的天氣很好,我們去公園吧。這是我們的電影。\n"),
            ("shift_jis", "1\n00:00:01,000 --> 00:00:02,000\nこんにちは、今日はいい天気ですね。\n"),
            ("iso-2022-jp", "こんにちは、今日はいい天気ですね。"),
            ("euc-kr", "1\n00:00:01,000 --> 00:00:02,000\n안녕하세요, 오늘 날씨가 좋네요.\n"),
        ] {
            assert_eq!(decoded(&encoded(label, text)), text, "{label}");
        }
    }

    #[test]
    fn utf_16_is_read_with_and_without_a_mark() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,000\r\n你好\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, bytes) in [(&b"\xff\xfe"[..], &little), (b"\xfe\xff", &big), (b"", &little), (b"", &big)] {
            assert_eq!(decoded(&[mark, bytes].concat()), text, "{mark:?}");
        }
        assert_eq!(decoded("\u{feff}ü".as_bytes()), "ü", "the mark goes");
    }

    #[test]
    fn what_is_broken_still_becomes_text() {
        for bytes in [&b""[..], b"\xff", b"\xff\xfe\xff", b"a\0b\0c", b"\x1b$", b"\xc3"] {
            let _ = decoded(bytes);
        }
        let long = [b"a".repeat(LOOKED_AT - 1), "ü".repeat(9).into_bytes(), vec![0xff]].concat();
        assert!(decoded(&long).starts_with("aaa"));
    }
}
