//! `/metrics` in the Prometheus text format, read off the hub when asked: nothing is counted twice.

use crate::live::{Hub, Stream};
use std::{fmt::Write, sync::atomic::Ordering::Relaxed, time::Instant};

/// The text format's content type.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Name, type and help of a family, and how a stream's value is read.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: fn(&Stream) -> f64,
}

const FAMILIES: [Family; 15] = [
    family("synctv_stream_live", "gauge", "1 while a publisher sends", |s| {
        f64::from(u8::from(s.read(|c| c.is_live())))
    }),
    family("synctv_stream_publisher_epoch", "gauge", "Epoch of the current or last publication", |s| {
        s.read(|c| c.epoch) as f64
    }),
    family("synctv_stream_in_bits_per_second", "gauge", "Bit rate received", |s| {
        s.read(|c| c.feed.meter.bitrate_bps(Instant::now())) as f64
    }),
    family("synctv_stream_in_bytes_total", "counter", "Media bytes received", |s| {
        s.read(|c| c.feed.meter.bytes) as f64
    }),
    family("synctv_stream_out_bits_per_second", "gauge", "Bit rate sent on all outputs since the last scrape", |s| {
        s.counters.out_bits_per_second(Instant::now()) as f64
    }),
    family("synctv_stream_out_bytes_total", "counter", "FLV bytes sent to viewers", |s| {
        s.counters.bytes_out.load(Relaxed) as f64
    }),
    family("synctv_stream_hls_out_bytes_total", "counter", "HLS segment bytes sent to viewers", |s| {
        s.counters.hls_bytes_out.load(Relaxed) as f64
    }),
    family("synctv_stream_video_frames_total", "counter", "Video access units received", |s| {
        s.read(|c| c.feed.meter.video_frames) as f64
    }),
    family("synctv_stream_audio_frames_total", "counter", "Audio frames received", |s| {
        s.read(|c| c.feed.meter.audio_frames) as f64
    }),
    family("synctv_stream_keyframe_interval_seconds", "gauge", "Last distance between key frames", |s| {
        s.read(|c| c.feed.meter.gop_ms).unwrap_or(0) as f64 / 1000.0
    }),
    family("synctv_stream_ingest_jitter_seconds", "gauge", "Smoothed arrival jitter of video", |s| {
        s.read(|c| c.feed.meter.jitter_ms) / 1000.0
    }),
    family("synctv_stream_viewers", "gauge", "FLV and WebSocket-FLV viewers", |s| {
        s.counters.viewers.load(Relaxed) as f64
    }),
    family("synctv_stream_hls_viewers", "gauge", "HLS viewers that asked within the last seconds", |s| {
        s.hls().lock().as_ref().map_or(0, |h| h.viewers()) as f64
    }),
    family("synctv_stream_dropped_to_keyframe_total", "counter", "Times a slow viewer skipped to a key frame", |s| {
        s.counters.skips.load(Relaxed) as f64
    }),
    family("synctv_stream_slow_viewers_closed_total", "counter", "Viewers closed for reading too slowly", |s| {
        s.counters.slow_closed.load(Relaxed) as f64
    }),
];

const fn family(name: &'static str, kind: &'static str, help: &'static str, value: fn(&Stream) -> f64) -> Family {
    Family { name, kind, help, value }
}

/// All families over all streams.
pub fn render(hub: &Hub) -> String {
    let streams = hub.all();
    let mut out = String::with_capacity(1024 + streams.len() * 1024);
    let _ = writeln!(out, "# HELP synctv_info The running version\n# TYPE synctv_info gauge");
    let _ = writeln!(out, "synctv_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(out, "# HELP synctv_streams_live Streams with a publisher\n# TYPE synctv_streams_live gauge");
    let _ = writeln!(out, "synctv_streams_live {}", hub.live_count());
    for f in &FAMILIES {
        let _ = writeln!(out, "# HELP {0} {2}\n# TYPE {0} {1}", f.name, f.kind, f.help);
        for stream in &streams {
            // Stream names are [A-Za-z0-9._-]: nothing to escape.
            let _ = writeln!(out, "{}{{stream=\"{}\"}} {}", f.name, stream.name, (f.value)(stream));
        }
    }
    out
}
