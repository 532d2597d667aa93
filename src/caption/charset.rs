//! From whatever charset to text.

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// So many bytes decide about the charset.
const SAMPLE: usize = 256 << 10;

/// The text, without a byte order mark. What is no character of its charset becomes U+FFFD.
pub(super) fn decode(bytes: &[u8]) -> String {
    let encoding = Encoding::for_bom(bytes).map(|(encoding, _)| encoding).unwrap_or_else(|| guess(bytes));
    // Removes the mark too.
    let (text, _, _) = encoding.decode(bytes);
    text.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if let Some(wide) = utf_16(sample) {
        return wide;
    }
    let mut detector = EncodingDetector::new();
    detector.feed(sample, sample.len() == bytes.len());
    detector.guess(None, true)
}

/// UTF-16 without a mark: subtitles have line ends and digits, so every other byte of many is nought.
fn utf_16(sample: &[u8]) -> Option<&'static Encoding> {
    let pairs = sample.len() / 2;
    let noughts = |at: usize| sample.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let (high, low) = (noughts(0), noughts(1));
    match () {
        () if pairs == 0 => None,
        () if low * 10 > pairs * 3 && high * 20 < pairs => Some(UTF_16LE),
        () if high * 10 > pairs * 3 && low * 20 < pairs => Some(UTF_16BE),
        () => None,
    }
}
