//! onMetaData: what a publisher announces. Tracks may come late, differ, or never come.

use crate::flv::amf0::{self, Bounds, Value};

/// Characters kept of announced text.
const TEXT_MAX: usize = 64;

/// What onMetaData announced; every field may be missing or wrong.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// Luma samples a row.
    pub width: Option<u32>,
    /// Rows.
    pub height: Option<u32>,
    /// Frames a second.
    pub fps: Option<f64>,
    /// `videocodecid` as written: a number ("7") or a FourCC ("avc1").
    pub video_codec: Option<String>,
    /// `audiocodecid` as written ("10", "mp4a").
    pub audio_codec: Option<String>,
    /// Video was announced.
    pub has_video: bool,
    /// Audio was announced.
    pub has_audio: bool,
    /// The encoder's name, printable characters only.
    pub encoder: Option<String>,
}

impl Metadata {
    /// Reads a data message (types 18 and 15): onMetaData, alone or behind @setDataFrame. `None` for any other data message
    /// and for one that cannot be read: metadata is a hint and never a reason to lose a publisher.
    #[must_use]
    pub fn read(body: &[u8], bounds: &Bounds) -> Option<Self> {
        let values = amf0::read_all(body.strip_prefix(&[0]).unwrap_or(body), bounds).ok()?;
        let mut values = values.iter();
        let mut name = values.next()?.as_str()?;
        if name == "@setDataFrame" {
            name = values.next()?.as_str()?;
        }
        if name != "onMetaData" {
            return None;
        }
        values.find(|value| matches!(value, Value::Object(_))).map(Self::from_value)
    }

    fn from_value(object: &Value) -> Self {
        let number = |name: &str| object.get(name).and_then(Value::as_number).filter(|n| n.is_finite() && *n > 0.0);
        let size = |name: &str| {
            let size = number(name)?;
            // The cast saturates, and the filter above keeps it positive.
            (size <= 65_536.0).then_some(size as u32)
        };
        let video_codec = object.get("videocodecid").and_then(codec);
        let audio_codec = object.get("audiocodecid").and_then(codec);
        let promised = |name: &str| object.get(name) == Some(&Value::Boolean(true));
        let width = size("width");
        Self {
            width,
            height: size("height"),
            fps: number("framerate").or_else(|| number("fps")).filter(|fps| *fps <= 1000.0),
            has_video: video_codec.is_some() || width.is_some() || promised("hasVideo"),
            has_audio: audio_codec.is_some() || number("audiosamplerate").is_some() || promised("hasAudio"),
            video_codec,
            audio_codec,
            encoder: object.get("encoder").and_then(Value::as_str).map(printable).filter(|text| !text.is_empty()),
        }
    }
}

/// A codec id: a number below 256 as itself, a larger one as the FourCC it spells (Enhanced RTMP), text as it is.
fn codec(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(printable(text)).filter(|text| !text.is_empty()),
        Value::Number(id) if (0.0..256.0).contains(id) => Some((*id as u32).to_string()),
        Value::Number(id) if (256.0..=4_294_967_295.0).contains(id) => {
            let four_cc = (*id as u32).to_be_bytes();
            Some(printable(&String::from_utf8_lossy(&four_cc))).filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

/// Text from a stranger, fit for a log line and a table.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect()
}
