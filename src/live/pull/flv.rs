//! A pull over HTTP: FLV as a body that does not end, or whatever the answer turns out to be.

use super::{PullError, PullFrom, Sink, intake::Intake};
use crate::fetch::{Ask, Client, Upstream};
use bytes::{Bytes, BytesMut};
use hyper::header::CONTENT_TYPE;
use synctv_ingest::flv::FileReader;

/// How a playlist begins (RFC 8216 4.3.1.1).
const PLAYLIST: &[u8] = b"#EXTM3U";
/// A byte order mark may stand before it.
const BOM: &[u8] = &[0xef, 0xbb, 0xbf];
const FLV: &[u8] = b"FLV";

/// What stands behind a URL.
pub enum Answer {
    /// FLV, and its first bytes.
    Flv(Box<Upstream>, Bytes),
    /// A playlist.
    Hls,
}

/// Asks, and looks at the answer.
///
/// # Errors
/// [`PullError`].
pub async fn open(client: &Client, from: &PullFrom) -> Result<Answer, PullError> {
    let mut ask = Ask::get(from.url.clone());
    ask.headers = from.headers.clone();
    let mut upstream = client.open(ask).await?;
    let status = upstream.status.as_u16();
    if status != 200 {
        return Err(crate::fetch::Error::Status(status).into());
    }
    if upstream.header(CONTENT_TYPE).is_some_and(is_playlist_type) {
        return Ok(Answer::Hls);
    }
    let mut first = BytesMut::new();
    while first.len() < BOM.len() + PLAYLIST.len() {
        let Some(piece) = upstream.next().await? else { break };
        first.extend_from_slice(&piece);
    }
    if first.starts_with(FLV) {
        return Ok(Answer::Flv(Box::new(upstream), first.freeze()));
    }
    let text = first.strip_prefix(BOM).unwrap_or(&first);
    if text.starts_with(PLAYLIST) { Ok(Answer::Hls) } else { Err(PullError::Kind) }
}

/// The types of playlists (RFC 8216 4; the others are older).
fn is_playlist_type(text: &str) -> bool {
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "application/vnd.apple.mpegurl" | "application/x-mpegurl" | "audio/mpegurl" | "audio/x-mpegurl"
    )
}

/// Reads until the body ends, or something is wrong. Dropping the future closes the connection.
///
/// # Errors
/// [`PullError`]; it never succeeds for good.
pub async fn play(mut upstream: Upstream, first: Bytes, sink: &Sink) -> Result<(), PullError> {
    let (mut reader, mut intake) = (FileReader::new(), Intake::new(sink));
    let mut piece = first;
    loop {
        let mut rest = &piece[..];
        let mut last = None;
        while let Some(tag) = reader.read(&mut rest)? {
            last = Some(tag.timestamp);
            intake.take(&tag)?;
        }
        intake.push()?;
        if let Some(last) = last {
            intake.keep_pace(last).await;
        }
        piece = upstream.next().await?.ok_or(PullError::Ended)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playlists_are_told_by_their_type() {
        for kind in ["application/vnd.apple.mpegurl", "Application/X-MPEGURL; charset=utf-8", "audio/mpegurl"] {
            assert!(is_playlist_type(kind), "{kind}");
        }
        assert!(!is_playlist_type("video/x-flv") && !is_playlist_type("text/plain"));
    }
}
