//! Rates and jitter of a publication, measured as its frames arrive.

use std::time::{Duration, Instant};
use synctv_ingest::{Frame, FrameKind, Track};

/// How long one rate window lasts.
const WINDOW: Duration = Duration::from_secs(2);

/// Counts of one stream since it was first published.
#[derive(Debug, Clone)]
pub struct Meter {
    /// Bytes received in tag bodies.
    pub bytes: u64,
    /// Video access units.
    pub video_frames: u64,
    /// Audio frames.
    pub audio_frames: u64,
    /// The last distance between two key frames in ms.
    pub gop_ms: Option<u64>,
    /// Smoothed difference between arrival spacing and DTS spacing in ms (as RFC 3550 6.4.1 does it).
    pub jitter_ms: f64,
    window_from: Instant,
    window_bytes: u64,
    window_video: u64,
    bitrate_bps: u64,
    fps: Option<f64>,
    last_key_dts: Option<i64>,
    last_arrival: Option<(Instant, i64)>,
}

impl Meter {
    /// A meter that starts at `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            bytes: 0,
            video_frames: 0,
            audio_frames: 0,
            gop_ms: None,
            jitter_ms: 0.0,
            window_from: now,
            window_bytes: 0,
            window_video: 0,
            bitrate_bps: 0,
            fps: None,
            last_key_dts: None,
            last_arrival: None,
        }
    }

    /// Counts a frame that arrived at `now`.
    pub fn count(&mut self, frame: &Frame, now: Instant) {
        let size = frame.tag.len() as u64;
        self.bytes += size;
        self.window_bytes += size;
        if frame.kind == FrameKind::SequenceHeader {
            return;
        }
        match frame.track {
            Track::Audio => self.audio_frames += 1,
            Track::Video => {
                self.video_frames += 1;
                self.window_video += 1;
                self.time_video(frame, now);
            }
        }
        let elapsed = now.saturating_duration_since(self.window_from);
        if elapsed >= WINDOW {
            let seconds = elapsed.as_secs_f64();
            self.bitrate_bps = (self.window_bytes as f64 * 8.0 / seconds) as u64;
            self.fps = (self.window_video > 0).then(|| self.window_video as f64 / seconds);
            (self.window_from, self.window_bytes, self.window_video) = (now, 0, 0);
        }
    }

    fn time_video(&mut self, frame: &Frame, now: Instant) {
        if frame.keyframe {
            if let Some(last) = self.last_key_dts {
                self.gop_ms = u64::try_from(frame.dts - last).ok().filter(|&ms| ms > 0);
            }
            self.last_key_dts = Some(frame.dts);
        }
        if let Some((at, dts)) = self.last_arrival {
            let spacing = now.saturating_duration_since(at).as_secs_f64() * 1000.0;
            let off = (spacing - (frame.dts - dts) as f64).abs();
            self.jitter_ms += (off.min(10_000.0) - self.jitter_ms) / 16.0;
        }
        self.last_arrival = Some((now, frame.dts));
    }

    /// A publisher came back: spacing across the break says nothing.
    pub fn restart(&mut self, now: Instant) {
        (self.last_key_dts, self.last_arrival, self.gop_ms, self.fps) = (None, None, None, None);
        (self.window_from, self.window_bytes, self.window_video, self.bitrate_bps) = (now, 0, 0, 0);
    }

    /// Bits a second over the last whole window, or over the one that runs when there is none yet. 0 after silence.
    pub fn bitrate_bps(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.window_from);
        if elapsed > 2 * WINDOW {
            return 0;
        }
        if self.bitrate_bps == 0 && elapsed > Duration::from_millis(200) {
            return (self.window_bytes as f64 * 8.0 / elapsed.as_secs_f64()) as u64;
        }
        self.bitrate_bps
    }

    /// Measured video frames a second.
    pub fn fps(&self) -> Option<f64> {
        self.fps.map(|fps| (fps * 10.0).round() / 10.0)
    }
}

/// The rate at which a counter grows, sampled when it is looked at.
#[derive(Debug, Default)]
pub struct OutRate {
    sampled: Option<(Instant, u64)>,
    bits_per_second: u64,
}

impl OutRate {
    /// The rate since the last sample that is a whole [`WINDOW`] old; 0 at the first look.
    pub fn sample(&mut self, total_bytes: u64, now: Instant) -> u64 {
        let (since, bytes) = *self.sampled.get_or_insert((now, total_bytes));
        let elapsed = now.saturating_duration_since(since);
        if elapsed >= WINDOW {
            self.bits_per_second = (total_bytes.saturating_sub(bytes) as f64 * 8.0 / elapsed.as_secs_f64()) as u64;
            self.sampled = Some((now, total_bytes));
        }
        self.bits_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_what_came_since_the_last_look() {
        let start = Instant::now();
        let mut rate = OutRate::default();
        assert_eq!(rate.sample(1000, start), 0);
        assert_eq!(rate.sample(5000, start + Duration::from_secs(1)), 0);
        assert_eq!(rate.sample(5000, start + Duration::from_secs(4)), 8000);
        assert_eq!(rate.sample(5000, start + Duration::from_secs(8)), 0);
    }
}
