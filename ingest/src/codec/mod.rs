//! What sequence headers say: dimensions, rates, parameter sets, and the RFC 6381 name of a codec.

pub mod aac;
pub mod av1;
pub mod avc;
pub mod bits;
pub mod hevc;
pub mod mp3;
pub mod nal;
pub mod opus;
pub mod vp9;

use crate::{error::Error, frame::Track};
use bytes::Bytes;

/// The codecs a publisher may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    Hevc,
    /// AV1.
    Av1,
    /// VP9.
    Vp9,
    /// AAC, raw frames.
    Aac,
    /// MPEG-1/2 layer III.
    Mp3,
    /// Opus.
    Opus,
}

impl Codec {
    /// The lasting lower-case name used in JSON, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Av1 => "av1",
            Self::Vp9 => "vp9",
            Self::Aac => "aac",
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
        }
    }

    /// The track kind it belongs to.
    #[must_use]
    pub const fn track(self) -> Track {
        match self {
            Self::H264 | Self::Hevc | Self::Av1 | Self::Vp9 => Track::Video,
            Self::Aac | Self::Mp3 | Self::Opus => Track::Audio,
        }
    }
}

/// The picture a video configuration describes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoFormat {
    /// Luma samples a row, cropping applied. 0 when the configuration does not say (VP9 without a key frame).
    pub width: u32,
    /// Rows, cropping applied.
    pub height: u32,
    /// Frames a second, where the configuration carries timing.
    pub fps: Option<f64>,
}

/// The sound an audio configuration describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    /// Samples a second and channel.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u32,
    /// Samples a channel in one frame (AAC 1024, MP3 1152 or 576, Opus 960 at 48 kHz unless the packet says otherwise).
    pub samples_per_frame: u32,
}

/// A parsed decoder configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Config {
    /// AVCDecoderConfigurationRecord (ISO 14496-15 5.3.3.1).
    Avc(avc::Config),
    /// HEVCDecoderConfigurationRecord (ISO 14496-15 8.3.3.1).
    Hevc(hevc::Config),
    /// AV1CodecConfigurationRecord (AV1-ISOBMFF 2.3.3).
    Av1(av1::Config),
    /// VPCodecConfigurationRecord (VP-ISOBMFF 2.2).
    Vp9(vp9::Config),
    /// AudioSpecificConfig (ISO 14496-3 1.6.2.1).
    Aac(aac::Config),
    /// MP3 has no configuration record: made from the first frame header.
    Mp3(mp3::Config),
    /// OpusHead (RFC 7845 5.1).
    Opus(opus::Config),
}

impl Config {
    /// Parses the bytes that follow the codec header of an FLV sequence header.
    /// For MP3 `record` is any whole frame.
    ///
    /// # Errors
    /// When the record is malformed, cut short or describes something that cannot be carried.
    pub fn parse(codec: Codec, record: &Bytes) -> Result<Self, Error> {
        Ok(match codec {
            Codec::H264 => Self::Avc(avc::Config::parse(record)?),
            Codec::Hevc => Self::Hevc(hevc::Config::parse(record)?),
            Codec::Av1 => Self::Av1(av1::Config::parse(record)?),
            Codec::Vp9 => Self::Vp9(vp9::Config::parse(record)?),
            Codec::Aac => Self::Aac(aac::Config::parse(record)?),
            Codec::Mp3 => Self::Mp3(mp3::Config::parse(record)?),
            Codec::Opus => Self::Opus(opus::Config::parse(record)?),
        })
    }

    /// The codec it configures.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        match self {
            Self::Avc(_) => Codec::H264,
            Self::Hevc(_) => Codec::Hevc,
            Self::Av1(_) => Codec::Av1,
            Self::Vp9(_) => Codec::Vp9,
            Self::Aac(_) => Codec::Aac,
            Self::Mp3(_) => Codec::Mp3,
            Self::Opus(_) => Codec::Opus,
        }
    }

    /// The bytes it was parsed from; equal bytes mean an equal configuration.
    #[must_use]
    pub const fn record(&self) -> &Bytes {
        match self {
            Self::Avc(c) => &c.record,
            Self::Hevc(c) => &c.record,
            Self::Av1(c) => &c.record,
            Self::Vp9(c) => &c.record,
            Self::Aac(c) => &c.record,
            Self::Mp3(c) => &c.record,
            Self::Opus(c) => &c.record,
        }
    }

    /// The CODECS parameter of RFC 6381 as HLS and MSE want it ("avc1.64001f", "hvc1.1.6.L93.B0", "mp4a.40.2", "opus").
    #[must_use]
    pub fn rfc6381(&self) -> String {
        match self {
            Self::Avc(c) => c.rfc6381(),
            Self::Hevc(c) => c.rfc6381(),
            Self::Av1(c) => c.rfc6381(),
            Self::Vp9(c) => c.rfc6381(),
            Self::Aac(c) => c.rfc6381(),
            // Layer III as an MPEG-4 object type: the name Apple's players and hls.js know. Chromium's MSE refuses MP3 in
            // MP4 under every name, and hls.js falls back to audio/mpeg (from MPEG-TS) only for this one.
            Self::Mp3(_) => "mp4a.40.34".into(),
            Self::Opus(_) => "opus".into(),
        }
    }

    /// The picture, for video.
    #[must_use]
    pub const fn video(&self) -> Option<VideoFormat> {
        match self {
            Self::Avc(c) => Some(c.format),
            Self::Hevc(c) => Some(c.format),
            Self::Av1(c) => Some(c.format),
            Self::Vp9(c) => Some(c.format),
            Self::Aac(_) | Self::Mp3(_) | Self::Opus(_) => None,
        }
    }

    /// The sound, for audio.
    #[must_use]
    pub const fn audio(&self) -> Option<AudioFormat> {
        match self {
            Self::Aac(c) => Some(c.format),
            Self::Mp3(c) => Some(c.format),
            Self::Opus(c) => Some(c.format),
            Self::Avc(_) | Self::Hevc(_) | Self::Av1(_) | Self::Vp9(_) => None,
        }
    }

    /// Whether it says all that a decoder and an init segment need. One that does not is completed by the first key frame:
    /// [`Self::completed_by`].
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Avc(c) => c.has_parameter_sets(),
            Self::Hevc(c) => c.has_parameter_sets(),
            Self::Av1(c) => c.has_sequence_header(),
            Self::Vp9(c) => c.format.width > 0,
            Self::Aac(_) | Self::Mp3(_) | Self::Opus(_) => true,
        }
    }

    /// The configuration with what a key frame's payload carries in-band: parameter sets, sequence header, picture size.
    /// `None` when the key frame carries none of it.
    ///
    /// # Errors
    /// When what it carries is malformed.
    pub fn completed_by(&self, key_frame: &[u8]) -> Result<Option<Self>, Error> {
        Ok(match self {
            Self::Avc(c) => avc::Config::from_access_unit(key_frame, c.nal_length_size)?.map(Self::Avc),
            Self::Hevc(c) => hevc::Config::from_access_unit(key_frame, c.nal_length_size)?.map(Self::Hevc),
            Self::Av1(_) => av1::Config::from_temporal_unit(key_frame)?.map(Self::Av1),
            Self::Vp9(c) => vp9::key_frame_size(key_frame).map(|(w, h)| Self::Vp9(c.clone().with_size(w, h))),
            Self::Aac(_) | Self::Mp3(_) | Self::Opus(_) => None,
        })
    }
}

/// The largest picture side accepted, in luma samples: twice 8K, beyond every level of the codecs carried.
const MAX_SIDE: u64 = 16_384;

/// Width and height after cropping, refused when nothing or too much is left.
fn picture_size(what: &'static str, full: (u64, u64), cropped: (u64, u64)) -> Result<(u32, u32), Error> {
    let side = |full: u64, cropped: u64| {
        let left = full.checked_sub(cropped).filter(|&left| left > 0);
        let left = left.ok_or(Error::malformed(what, "cropping leaves no picture"))?;
        u32::try_from(left).ok().filter(|_| left <= MAX_SIDE).ok_or(Error::Limit { what, value: left, max: MAX_SIDE })
    };
    Ok((side(full.0, cropped.0)?, side(full.1, cropped.1)?))
}

/// `scale` over `ticks` in Hz, when that is a rate a camera or encoder could have; encoders write nonsense here.
fn frame_rate(scale: u64, ticks: u64) -> Option<f64> {
    // Rounding above 53 bits does not matter to a rate.
    let rate = scale as f64 / ticks as f64;
    (rate.is_finite() && (0.1..=1000.0).contains(&rate)).then_some(rate)
}
