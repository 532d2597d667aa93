//! AV1CodecConfigurationRecord (AV1-ISOBMFF 2.3.3).

use super::VideoFormat;
use crate::error::Error;
use bytes::Bytes;

/// AV1CodecConfigurationRecord (AV1-ISOBMFF 2.3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What it describes.
    pub format: VideoFormat,
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let _ = record;
        Err(Error::malformed("av1", "parser not written"))
    }

    /// The CODECS parameter.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        String::new()
    }
}
