//! HLS (RFC 8216bis) of one stream: frames in; segments, init sections and playlists out.
//!
//! The [`Segmenter`] decides where segments begin, `render` turns each finished one into fMP4 and, once somebody asked for
//! it, MPEG-TS, and the [`Window`] keeps what players may still fetch. After each change the window hands out an
//! immutable [`Snapshot`], so that any number of readers answer requests without meeting the writer.

mod bandwidth;
mod date;
mod origin;
mod playlist;
mod render;
mod segmenter;
mod snapshot;
mod tracks;
mod window;

pub use origin::Origin;
pub use segmenter::{Cut, Sample, Segmenter};
pub use snapshot::{Resource, Segment, Snapshot};
pub use tracks::Tracks;
pub use window::Window;

/// The two forms a segment is offered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// Fragmented MP4: all codecs, `index.m3u8` and `media.m3u8`.
    Fmp4,
    /// MPEG-TS, for old players: H.264, HEVC, AAC and MP3, `ts.m3u8` and `media-ts.m3u8`.
    Ts,
}

impl Container {
    /// The file name of its media playlist.
    #[must_use]
    pub const fn media_playlist(self) -> &'static str {
        match self {
            Self::Fmp4 => "media.m3u8",
            Self::Ts => "media-ts.m3u8",
        }
    }

    /// The file name of its multivariant playlist.
    #[must_use]
    pub const fn multivariant_playlist(self) -> &'static str {
        match self {
            Self::Fmp4 => "index.m3u8",
            Self::Ts => "ts.m3u8",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Fmp4 => "m4s",
            Self::Ts => "ts",
        }
    }
}
