//! AudioSpecificConfig (ISO 14496-3 1.6.2.1).

use super::AudioFormat;
use crate::error::Error;
use bytes::Bytes;

/// AudioSpecificConfig (ISO 14496-3 1.6.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What it describes.
    pub format: AudioFormat,
    /// Audio object type (2 = AAC-LC, 5 = SBR, 29 = PS); what the ADTS and CODECS forms need.
    pub object_type: u8,
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let _ = record;
        Err(Error::malformed("aac", "parser not written"))
    }

    /// The CODECS parameter.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        String::new()
    }
}
