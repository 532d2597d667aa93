//! Where a window's numbers begin.

/// The numbers of a window's first segment. They must never fall, not even across restarts of the process, which keeps
/// nothing: so they come from the clock, which outruns them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// EXT-X-MEDIA-SEQUENCE of the first segment.
    pub media_sequence: u64,
    /// EXT-X-DISCONTINUITY-SEQUENCE of the first segment.
    pub discontinuity_sequence: u64,
}

impl Origin {
    /// Numbers for a window that begins at `unix_ms`. MEDIA-SEQUENCE counts fifths of a second, while segments last a
    /// second and more. DISCONTINUITY-SEQUENCE counts minutes since 2025: faster than that, discontinuities do not come for long.
    /// It must stay small: hls.js 1.7 counts up to it at every playlist and segment (a value of 180 million stops playback).
    #[must_use]
    pub const fn at(unix_ms: u64) -> Self {
        const BEGINNING_OF_2025_MS: u64 = 1_735_689_600_000;
        Self {
            media_sequence: unix_ms / 200,
            discontinuity_sequence: unix_ms.saturating_sub(BEGINNING_OF_2025_MS) / 60_000,
        }
    }

    /// The greater of each number: a window that follows another in the same process starts at
    /// `Origin::at(now).after(former.next_origin())`, whatever the clock did.
    #[must_use]
    pub fn after(self, former: Self) -> Self {
        Self {
            media_sequence: self.media_sequence.max(former.media_sequence),
            discontinuity_sequence: self.discontinuity_sequence.max(former.discontinuity_sequence),
        }
    }
}
