//! MP4 and QuickTime (ISO/IEC 14496-12): the movie header, wherever `moov` stands; for fragmented files `mehd`, a segment index over
//! the whole file, or the last fragment.

mod fragments;

use super::numbers::{be32, be64};
use super::window::Window;
use super::{Error, Found, Reader, finite};

const MP4: &str = "MP4";
/// What is read ahead of a box header, in bytes: the movie header and the start of a track.
const AHEAD: usize = 4 << 10;
/// No header that is looked into is longer, in bytes.
const FIELDS: usize = 64;

/// A box's place in the file.
#[derive(Debug, Clone, Copy)]
struct Span {
    kind: [u8; 4],
    body: u64,
    end: u64,
}

/// What `moov` tells.
#[derive(Debug, Default)]
struct Movie {
    timescale: u32,
    /// In the movie's timescale; 0 when it is untold.
    duration: u64,
    /// Has `mvex`: there are fragments.
    fragmented: bool,
    /// `mehd`: the duration with all fragments.
    with_fragments: Option<u64>,
    tracks: Vec<Track>,
}

/// One track, in its own timescale.
#[derive(Debug, Clone, Copy, Default)]
struct Track {
    id: u32,
    timescale: u32,
    duration: u64,
    /// `trex`: how long a sample lasts when its fragment does not say.
    default_sample: u32,
}

pub(super) async fn duration<R: Reader>(window: &mut Window<R>) -> Result<Found, Error> {
    let (mut at, mut movie, mut indexed) = (0, None, fragments::Indexed::default());
    while let Some(span) = span_at(window, at, None).await? {
        match &span.kind {
            b"moov" => {
                let found = read_movie(window, span).await?;
                if let Some(answer) = told(&found) {
                    return finite(MP4, answer);
                }
                movie = Some(found);
            }
            b"sidx" => {
                at = indexed.add(window, span).await?;
                continue;
            }
            b"moof" if movie.is_some() => break,
            _ => {}
        }
        at = span.end;
    }
    if let Some(seconds) = indexed.whole(window.size()) {
        return finite(MP4, seconds);
    }
    let movie = movie.ok_or(Error::Broken(MP4, "there is no movie header"))?;
    finite(MP4, fragments::last_end(window, &movie, at).await?)
}

/// The duration that the header alone tells, in seconds.
fn told(movie: &Movie) -> Option<f64> {
    let scaled = |ticks: u64, timescale: u32| (ticks > 0 && timescale > 0).then(|| ticks as f64 / f64::from(timescale));
    if movie.fragmented {
        // `mvhd` then counts only the samples in `moov`.
        return movie.with_fragments.and_then(|ticks| scaled(ticks, movie.timescale));
    }
    let longest = || movie.tracks.iter().filter_map(|track| scaled(track.duration, track.timescale)).reduce(f64::max);
    scaled(movie.duration, movie.timescale).or_else(longest)
}

/// The box that starts at `at`; `None` at the end of the file or of the parent.
async fn span_at<R: Reader>(window: &mut Window<R>, at: u64, parent_end: Option<u64>) -> Result<Option<Span>, Error> {
    let file_end = window.size();
    if parent_end.is_some_and(|end| at.saturating_add(8) > end) {
        return Ok(None);
    }
    let head = window.read(at, 16, AHEAD).await?;
    let (Some(short), Some(kind)) = (be32(&head, 0), head.get(4..8)) else { return Ok(None) };
    let (header, size) = match short {
        0 => (8, parent_end.or(file_end).unwrap_or(u64::MAX).saturating_sub(at)),
        1 => (16, be64(&head, 8).ok_or(Error::Broken(MP4, "it ends early"))?),
        short => (8, u64::from(short)),
    };
    let end =
        at.checked_add(size).filter(|_| size >= header).ok_or(Error::Broken(MP4, "a box has an impossible size"))?;
    if parent_end.is_some_and(|parent| end > parent) {
        return Err(Error::Broken(MP4, "a box is larger than the one around it"));
    }
    let kind = kind.try_into().map_err(|_| Error::Broken(MP4, "it ends early"))?;
    Ok(Some(Span { kind, body: at + header, end }))
}

async fn children<R: Reader>(window: &mut Window<R>, parent: Span) -> Result<Vec<Span>, Error> {
    let (mut at, mut spans) = (parent.body, Vec::new());
    while let Some(span) = span_at(window, at, Some(parent.end)).await? {
        if spans.len() == 1000 {
            return Err(Error::TooMuch);
        }
        spans.push(span);
        at = span.end;
    }
    Ok(spans)
}

async fn read_movie<R: Reader>(window: &mut Window<R>, moov: Span) -> Result<Movie, Error> {
    let spans = children(window, moov).await?;
    let mut movie = Movie::default();
    let (mut tracks, mut defaults) = (Vec::new(), Vec::new());
    for span in spans {
        match &span.kind {
            b"mvhd" => (movie.timescale, movie.duration) = timed(&fields(window, span).await?)?,
            b"cmov" => return Err(Error::Broken(MP4, "its header is compressed")),
            b"trak" => tracks.push(span),
            b"mvex" => {
                movie.fragmented = true;
                for span in children(window, span).await? {
                    let fields = fields(window, span).await?;
                    match &span.kind {
                        b"mehd" if fields.first() == Some(&1) => movie.with_fragments = be64(&fields, 4),
                        b"mehd" => movie.with_fragments = be32(&fields, 4).map(u64::from),
                        b"trex" => defaults.extend(be32(&fields, 4).zip(be32(&fields, 12))),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if told(&movie).is_none() {
        for trak in tracks {
            let mut track = read_track(window, trak).await?;
            track.default_sample = defaults.iter().find(|(id, _)| *id == track.id).map_or(0, |(_, ticks)| *ticks);
            movie.tracks.push(track);
        }
    }
    Ok(movie)
}

async fn read_track<R: Reader>(window: &mut Window<R>, trak: Span) -> Result<Track, Error> {
    let mut track = Track::default();
    for span in children(window, trak).await? {
        match &span.kind {
            b"tkhd" => {
                let fields = fields(window, span).await?;
                track.id = be32(&fields, if fields.first() == Some(&1) { 20 } else { 12 }).unwrap_or(0);
            }
            b"mdia" => {
                // `mdhd` comes first; the sample tables behind it are of no use here.
                let mut at = span.body;
                while let Some(child) = span_at(window, at, Some(span.end)).await? {
                    if &child.kind == b"mdhd" {
                        (track.timescale, track.duration) = timed(&fields(window, child).await?)?;
                        break;
                    }
                    at = child.end;
                }
            }
            _ => {}
        }
    }
    Ok(track)
}

/// The first bytes of a box's body.
async fn fields<R: Reader>(window: &mut Window<R>, span: Span) -> Result<bytes::Bytes, Error> {
    let len = usize::try_from(span.end - span.body).unwrap_or(usize::MAX).min(FIELDS);
    window.exact(span.body, len, AHEAD, MP4).await
}

/// Timescale and duration of `mvhd` and `mdhd` (8.2.2, 8.4.2); all ones mean that the duration is untold.
fn timed(fields: &[u8]) -> Result<(u32, u64), Error> {
    let read = match fields.first() {
        Some(1) => be32(fields, 20).zip(be64(fields, 24)),
        _ => {
            be32(fields, 12).zip(be32(fields, 16).map(|ticks| if ticks == u32::MAX { u64::MAX } else { ticks.into() }))
        }
    };
    let (timescale, ticks) = read.ok_or(Error::Broken(MP4, "a header is too short"))?;
    Ok((timescale, if ticks == u64::MAX { 0 } else { ticks }))
}
