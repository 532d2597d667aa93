//! onMetaData for viewers (FLV 10.1, E.5).

use super::amf0::{Value, Writer};
use crate::codec::{AudioFormat, Codec, VideoFormat};
use bytes::Bytes;

/// The body of the script tag that opens a viewer's stream. What is unknown is left out: a wrong number is worse than none.
#[must_use]
pub fn on_metadata(video: Option<(Codec, Option<VideoFormat>)>, audio: Option<(Codec, Option<AudioFormat>)>) -> Bytes {
    let mut members = Vec::new();
    let mut member = |name: &str, value: Value| members.push((name.to_owned(), value));
    member("duration", 0.0.into());
    if let Some((codec, format)) = video {
        if let Some(format) = format.filter(|format| format.width > 0 && format.height > 0) {
            member("width", f64::from(format.width).into());
            member("height", f64::from(format.height).into());
        }
        if let Some(fps) = format.and_then(|format| format.fps).filter(|fps| fps.is_finite() && *fps > 0.0) {
            member("framerate", fps.into());
        }
        member("videocodecid", codec_id(codec).into());
    }
    if let Some((codec, format)) = audio {
        if let Some(format) = format {
            member("audiosamplerate", f64::from(format.sample_rate).into());
            member("audiosamplesize", 16.0.into());
            member("stereo", Value::Boolean(format.channels > 1));
        }
        member("audiocodecid", codec_id(codec).into());
    }
    member("encoder", "synctv".into());
    let mut body = Writer::default();
    body.string("onMetaData").ecma_array(&members);
    Bytes::from(body.into_bytes())
}

/// The codec id of E.4.2.1 and E.4.3.1, or the FourCC as a number where Enhanced RTMP gives the codec only that.
fn codec_id(codec: Codec) -> f64 {
    let four_cc = |text: &[u8; 4]| f64::from(u32::from_be_bytes(*text));
    match codec {
        Codec::H264 => 7.0,
        Codec::Aac => 10.0,
        Codec::Mp3 => 2.0,
        Codec::Hevc => four_cc(b"hvc1"),
        Codec::Av1 => four_cc(b"av01"),
        Codec::Vp9 => four_cc(b"vp09"),
        Codec::Opus => four_cc(b"Opus"),
    }
}
