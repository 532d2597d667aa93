//! Playlists as text (RFC 8216bis 4).

use super::{Container, date::iso8601, snapshot::Listing};
use std::fmt::Write;

/// What the multivariant playlist says about the one rendition there is.
#[derive(Debug, Clone, Default)]
pub(super) struct Variant {
    /// Peak segment bit rate.
    pub(super) bandwidth: u64,
    /// Bits a second over its life.
    pub(super) average_bandwidth: u64,
    /// RFC 6381 names.
    pub(super) codecs: String,
    /// Width and height.
    pub(super) resolution: Option<(u32, u32)>,
    /// Frames a second.
    pub(super) frame_rate: Option<f64>,
}

/// The media playlist; `None` without segments. VERSION 6 is for EXT-X-MAP, 3 for fractional EXTINF.
pub(super) fn media(listing: &Listing, container: Container, query: Option<&str>) -> Option<String> {
    let segments = listing.of(container);
    let first = segments.first()?;
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let version = if container == Container::Fmp4 { 6 } else { 3 };
    let mut out = String::with_capacity(256 + segments.len() * (160 + 2 * query.len()));
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = out.write_fmt(arguments);
        out.push('\n');
    };
    line(format_args!("#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{}", listing.target_duration));
    // The first segment's own tag is still in the playlist, so it is not counted yet (4.4.3.3).
    let discontinuities = first.discontinuity_sequence - u64::from(first.discontinuity);
    line(format_args!("#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}", first.sequence));
    if segments.iter().all(|segment| segment.independent) {
        line(format_args!("#EXT-X-INDEPENDENT-SEGMENTS"));
    }
    let mut map = None;
    for segment in segments {
        if segment.discontinuity {
            line(format_args!("#EXT-X-DISCONTINUITY"));
        }
        if container == Container::Fmp4 && map != Some(&segment.init_name) {
            line(format_args!("#EXT-X-MAP:URI=\"{}{query}\"", segment.init_name));
            map = Some(&segment.init_name);
        }
        line(format_args!("#EXT-X-PROGRAM-DATE-TIME:{}", iso8601(segment.wall_clock)));
        line(format_args!("#EXTINF:{}.{:03},", segment.duration / 1000, segment.duration % 1000));
        line(format_args!("seg-{}.{}{query}", segment.sequence, container.extension()));
    }
    if listing.ended {
        line(format_args!("#EXT-X-ENDLIST"));
    }
    Some(out)
}

/// The multivariant playlist with its one variant; `None` without segments. What is not known is left out.
pub(super) fn multivariant(listing: &Listing, container: Container, query: Option<&str>) -> Option<String> {
    listing.of(container).first()?;
    let variant = &listing.variants[container as usize];
    let mut attributes = format!("BANDWIDTH={},AVERAGE-BANDWIDTH={}", variant.bandwidth, variant.average_bandwidth);
    let _ = write!(attributes, ",CODECS=\"{}\"", variant.codecs);
    if let Some((width, height)) = variant.resolution {
        let _ = write!(attributes, ",RESOLUTION={width}x{height}");
    }
    if let Some(fps) = variant.frame_rate {
        let _ = write!(attributes, ",FRAME-RATE={fps:.3}");
    }
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let uri = container.media_playlist();
    Some(format!("#EXTM3U\n#EXT-X-STREAM-INF:{attributes}\n{uri}{query}\n"))
}
