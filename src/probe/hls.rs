//! HLS (RFC 8216): the sum of the segments of a media playlist that has ended; of a multivariant playlist, its first variant's.

use bytes::Bytes;
use url::Url;

use super::numbers::without_bom;
use super::{Error, Found, Origin, finite};

const HLS: &str = "HLS";
/// The longest playlist, in bytes: more than 100 000 segments with long names.
const TEXT_MAX: usize = 16 << 20;

/// What a playlist says of its length.
#[derive(Debug, PartialEq)]
enum Playlist {
    /// Of so many seconds.
    Ended(f64),
    /// Segments may still come.
    Open,
    /// The first variant's URI.
    Master(String),
}

pub(super) async fn duration<O: Origin>(origin: &O, url: &str) -> Result<Found, Error> {
    let (base, body) = origin.text(url, TEXT_MAX).await?;
    let Playlist::Master(uri) = read(&body)? else { return judge(read(&body)?) };
    let variant = Url::parse(&base).and_then(|base| base.join(&uri));
    let variant = variant.map_err(|_| Error::Broken(HLS, "its first variant has no URL"))?;
    let (_, body): (_, Bytes) = origin.text(variant.as_str(), TEXT_MAX).await?;
    judge(read(&body)?)
}

fn judge(playlist: Playlist) -> Result<Found, Error> {
    match playlist {
        Playlist::Ended(seconds) => finite(HLS, seconds),
        Playlist::Open => Ok(Found::Live),
        Playlist::Master(_) => Err(Error::Broken(HLS, "a variant is a list of variants")),
    }
}

/// Only the lines that matter here are read; all others, known or not, are passed over.
fn read(body: &[u8]) -> Result<Playlist, Error> {
    let text = std::str::from_utf8(without_bom(body)).map_err(|_| Error::Broken(HLS, "it is not UTF-8"))?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines.next().is_none_or(|line| !line.starts_with("#EXTM3U")) {
        return Err(Error::Broken(HLS, "it does not begin with #EXTM3U"));
    }
    let (mut seconds, mut ended, mut variant_follows) = (0.0, false, false);
    for line in lines {
        if let Some(rest) = line.strip_prefix("#EXTINF:") {
            let length: f64 = rest.split(',').next().unwrap_or_default().trim().parse().unwrap_or(f64::NAN);
            if !length.is_finite() || length < 0.0 {
                return Err(Error::Broken(HLS, "a segment has no duration"));
            }
            seconds += length;
        } else if line.starts_with("#EXT-X-ENDLIST") {
            ended = true;
        } else if line.starts_with("#EXT-X-STREAM-INF:") {
            variant_follows = true;
        } else if variant_follows && !line.starts_with('#') {
            return Ok(Playlist::Master(line.to_owned()));
        }
    }
    Ok(if ended { Playlist::Ended(seconds) } else { Playlist::Open })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playlist_without_an_end_is_open_also_when_it_is_a_vod_that_grows() {
        assert_eq!(read(b"#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXTINF:4,\na.ts\n"), Ok(Playlist::Open));
        assert_eq!(read(b"#EXTM3U\n"), Ok(Playlist::Open));
    }

    #[test]
    fn durations_add_up_with_bom_carriage_returns_and_unknown_tags() {
        let text = b"\xef\xbb\xbf#EXTM3U\r\n#EXT-X-WHATEVER:1\r\n#EXTINF:4.5,title, with comma\r\na.ts\r\n#EXTINF:3\r\nb.ts\r\n#EXT-X-ENDLIST";
        assert_eq!(read(text), Ok(Playlist::Ended(7.5)));
    }

    #[test]
    fn what_is_no_playlist_or_has_no_durations_is_broken() {
        for text in [
            "",
            "<html>",
            "#EXTM3U\n#EXTINF:x,\na\n#EXT-X-ENDLIST",
            "#EXTM3U\n#EXTINF:-1,\na",
            "#EXTM3U\n#EXTINF:inf,\na",
        ] {
            assert!(matches!(read(text.as_bytes()), Err(Error::Broken(..))), "{text:?}");
        }
    }
}
