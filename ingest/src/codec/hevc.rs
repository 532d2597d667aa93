//! HEVCDecoderConfigurationRecord (ISO 14496-15 8.3.3.1).

use super::VideoFormat;
use crate::error::Error;
use bytes::Bytes;

/// HEVCDecoderConfigurationRecord (ISO 14496-15 8.3.3.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What it describes.
    pub format: VideoFormat,
    /// Bytes of a NAL unit length field: 1, 2 or 4.
    pub nal_length_size: u8,
    /// Sequence parameter sets, NAL header included.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, NAL header included.
    pub pps: Vec<Bytes>,
    /// Video parameter sets, NAL header included.
    pub vps: Vec<Bytes>,
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let _ = record;
        Err(Error::malformed("hevc", "parser not written"))
    }

    /// The CODECS parameter.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        String::new()
    }
}
