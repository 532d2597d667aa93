//! OpusHead (RFC 7845 5.1).

use super::AudioFormat;
use crate::error::Error;
use bytes::Bytes;

/// OpusHead (RFC 7845 5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What it describes.
    pub format: AudioFormat,
    /// Samples at 48 kHz to drop at the start.
    pub pre_skip: u16,
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let _ = record;
        Err(Error::malformed("opus", "parser not written"))
    }
}
