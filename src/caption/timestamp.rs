//! Times of cues, in milliseconds.

/// Reads `1:02:03,4`, `02:03.456`, `03.4`; a comma or a point, hours and minutes as far as there are any. More than 9999 hours are no time.
pub(super) fn read(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, ""));
    let mut seconds = 0_u64;
    let mut parts = 0;
    for part in whole.split(':') {
        parts += 1;
        seconds = seconds.checked_mul(60)?.checked_add(number(part.trim())?)?;
    }
    let plain = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if parts > 3 || seconds >= 10_000 * 3600 || !plain {
        return None;
    }
    let thousandths = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    Some(thousandths.fold(seconds, |ms, digit| ms * 10 + u64::from(digit - b'0')))
}

fn number(digits: &str) -> Option<u64> {
    let plain = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// As WebVTT has it: `HH:MM:SS.mmm`, with more digits for more hours.
pub(super) fn write(out: &mut String, ms: u64) {
    use std::fmt::Write;
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let _ = write!(out, "{:02}:{:02}:{seconds:02}.{ms:03}", minutes / 60, minutes % 60);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_however_they_are_written() {
        for (text, ms) in [
            ("00:00:01,000", 1000),
            ("1:02:03.4", 3_723_400),
            ("02:03,45", 123_450),
            ("7", 7000),
            ("0:00:00.123456", 123),
            ("00: 00: 05,5", 5500),
            ("100:00:00.00", 360_000_000),
        ] {
            assert_eq!(read(text), Some(ms), "{text}");
        }
        for text in ["", ":", "a", "-1", "1:2:3:4", "00:00:01,a", "1.-5", "9999999:00", "10000:00:00", "1..5"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_with_all_their_digits() {
        let written = |ms| {
            let mut out = String::new();
            write(&mut out, ms);
            out
        };
        assert_eq!((written(0), written(3_723_004)), ("00:00:00.000".to_owned(), "01:02:03.004".to_owned()));
        assert_eq!(written(360_000_000), "100:00:00.000");
    }
}
