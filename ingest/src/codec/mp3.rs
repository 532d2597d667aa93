//! MPEG audio frame header (ISO 11172-3 2.4.1.3).

use super::AudioFormat;
use crate::error::Error;
use bytes::Bytes;

/// MPEG audio frame header (ISO 11172-3 2.4.1.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What it describes.
    pub format: AudioFormat,
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let _ = record;
        Err(Error::malformed("mp3", "parser not written"))
    }
}
