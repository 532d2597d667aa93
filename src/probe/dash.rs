//! DASH (ISO/IEC 23009-1): the presentation's duration of a static MPD, or the sum of its periods'; a dynamic one is live.

use quick_xml::Reader as Xml;
use quick_xml::events::{BytesStart, Event};

use super::numbers::without_bom;
use super::{Error, Found, Origin, finite};

const DASH: &str = "DASH";
/// The longest MPD, in bytes.
const TEXT_MAX: usize = 16 << 20;

pub(super) async fn duration<O: Origin>(origin: &O, url: &str) -> Result<Found, Error> {
    let (_, body) = origin.text(url, TEXT_MAX).await?;
    read(&body)
}

fn read(body: &[u8]) -> Result<Found, Error> {
    let text = std::str::from_utf8(without_bom(body)).map_err(|_| Error::Broken(DASH, "it is not UTF-8"))?;
    let mut xml = Xml::from_str(text);
    let (mut seen, mut depth, mut end) = (false, 0_usize, Some(0.0));
    loop {
        let event = xml.read_event().map_err(|_| Error::Broken(DASH, "it is no XML"))?;
        let (Event::Start(element) | Event::Empty(element)) = &event else {
            match event {
                Event::End(_) => depth = depth.saturating_sub(1),
                Event::Eof => break,
                _ => {}
            }
            continue;
        };
        match (depth, element.local_name().as_ref()) {
            (0, "MPD") => {
                seen = true;
                if attribute(element, "type").as_deref() == Some("dynamic") {
                    return Ok(Found::Live);
                }
                if let Some(text) = attribute(element, "mediaPresentationDuration") {
                    return finite(DASH, seconds(&text).ok_or(Error::Broken(DASH, "its duration cannot be read"))?);
                }
            }
            (0, _) => return Err(Error::Broken(DASH, "its root is no MPD")),
            (1, "Period") => end = end.and_then(|before: f64| period_end(element, before)),
            _ => {}
        }
        if matches!(event, Event::Start(_)) {
            depth += 1;
        }
    }
    match end {
        _ if !seen || depth > 0 => Err(Error::Broken(DASH, "it ends early")),
        Some(end) => finite(DASH, end),
        None => Err(Error::Untold(DASH)),
    }
}

/// Where a period ends when the one before it ended at `before`; `None` when it does not say.
fn period_end(period: &BytesStart<'_>, before: f64) -> Option<f64> {
    let start = attribute(period, "start").and_then(|text| seconds(&text)).unwrap_or(before);
    Some(start + seconds(&attribute(period, "duration")?)?)
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(found.value.trim().to_owned())
}

/// An ISO 8601 duration like `P1DT2H3M4.5S`. Years and months have no fixed length; they are taken as 365 and 30 days.
fn seconds(text: &str) -> Option<f64> {
    let rest = text.strip_prefix('P').filter(|rest| !rest.is_empty() && rest.is_ascii())?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    let days = parts(date, &[('Y', 365.0 * 86400.0), ('M', 30.0 * 86400.0), ('W', 7.0 * 86400.0), ('D', 86400.0)])?;
    Some(days + parts(time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)])?)
}

fn parts(mut rest: &str, units: &[(char, f64)]) -> Option<f64> {
    let mut sum = 0.0;
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = rest[at..].chars().next()?;
        let number: f64 = rest[..at].parse().ok()?;
        sum += number * units.iter().find(|(name, _)| *name == unit)?.1;
        rest = &rest[at + 1..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_durations_are_read() {
        for (text, want) in
            [("PT3.5S", 3.5), ("PT1H2M3S", 3723.0), ("P1DT1S", 86401.0), ("PT0S", 0.0), ("PT634.566S", 634.566)]
        {
            assert_eq!(seconds(text), Some(want), "{text}");
        }
        for text in ["", "P", "3S", "PT", "PTS", "PT1X", "PT1", "PT-1S", "PT1..2S", "Pé"] {
            assert!(seconds(text).is_none_or(|seconds| seconds == 0.0), "{text}");
        }
    }

    #[test]
    fn what_is_no_mpd_is_broken() {
        for text in [
            "",
            "<html></html>",
            "<MPD",
            "<MPD>",
            "<MPD mediaPresentationDuration='x'/>",
            "<MPD><Period duration='PT1S'>",
        ] {
            assert!(matches!(read(text.as_bytes()), Err(Error::Broken(..))), "{text}");
        }
    }
}
