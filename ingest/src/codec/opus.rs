//! OpusHead (RFC 7845 5.1) and the TOC byte of a packet (RFC 6716 3.1).

use super::AudioFormat;
use crate::error::Error;
use bytes::Bytes;

const WHAT: &str = "OpusHead";
/// Opus always decodes at 48 kHz (RFC 7845 5.1).
const SAMPLE_RATE: u32 = 48_000;

/// OpusHead (RFC 7845 5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes; empty when the publisher sent none.
    pub record: Bytes,
    /// What it describes.
    pub format: AudioFormat,
    /// Samples at 48 kHz to drop at the start.
    pub pre_skip: u16,
    /// Rate of the original input in Hz, 0 when unknown; says nothing about decoding.
    pub input_sample_rate: u32,
    /// Q7.8 dB applied to the output.
    pub output_gain: i16,
    /// Channel mapping family; 0 is mono or stereo without a table.
    pub mapping_family: u8,
    /// Stream count, coupled count and the mapping, for a family other than 0.
    pub mapping: Bytes,
}

impl Config {
    /// Parses the record. An empty one stands for stereo: publishers that skip the header send that.
    ///
    /// # Errors
    /// When it is malformed or cut short.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let Some(head) = record.first_chunk::<19>() else {
            if record.is_empty() {
                return Ok(Self::new(record.clone(), 2));
            }
            return Err(Error::Truncated { what: WHAT, needed: 19, got: record.len() });
        };
        let [magic @ .., version, channels, skip0, skip1, rate0, rate1, rate2, rate3, gain0, gain1, family] = *head;
        if magic != *b"OpusHead" {
            return Err(Error::malformed(WHAT, "no magic"));
        }
        if version & 0xf0 != 0 {
            return Err(Error::Unsupported { what: "OpusHead version", value: version.to_string() });
        }
        if channels == 0 || (family == 0 && channels > 2) {
            return Err(Error::malformed(WHAT, "channel count does not fit the mapping family"));
        }
        let mut config = Self::new(record.clone(), channels);
        config.pre_skip = u16::from_le_bytes([skip0, skip1]);
        config.input_sample_rate = u32::from_le_bytes([rate0, rate1, rate2, rate3]);
        config.output_gain = i16::from_le_bytes([gain0, gain1]);
        config.mapping_family = family;
        if family != 0 {
            let needed = 21 + usize::from(channels);
            if record.len() < needed {
                return Err(Error::Truncated { what: WHAT, needed, got: record.len() });
            }
            config.mapping = record.slice(19..needed);
        }
        Ok(config)
    }

    fn new(record: Bytes, channels: u8) -> Self {
        Self {
            record,
            format: AudioFormat { sample_rate: SAMPLE_RATE, channels: channels.into(), samples_per_frame: 960 },
            pre_skip: 0,
            input_sample_rate: SAMPLE_RATE,
            output_gain: 0,
            mapping_family: 0,
            mapping: Bytes::new(),
        }
    }
}

/// Samples a channel at 48 kHz in one packet, from its TOC byte (RFC 6716 3.1, 3.2.5). `None` when it is empty or
/// longer than the 120 ms a packet may last.
#[must_use]
pub fn packet_samples(payload: &[u8]) -> Option<u32> {
    let toc = *payload.first()?;
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        config @ 12..=15 => [480, 960][usize::from(config & 1)],
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(payload.get(1)? & 0x3f),
    };
    Some(frame * frames).filter(|&samples| (1..=5760).contains(&samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_libopus_reads_and_an_empty_one_is_stereo() {
        let head = Bytes::from_static(b"OpusHead\x01\x01\x38\x01\x44\xac\x00\x00\x00\x00\x00");
        let config = Config::parse(&head).unwrap();
        assert_eq!((config.pre_skip, config.input_sample_rate, config.format.channels), (312, 44_100, 1));
        assert_eq!(Config::parse(&Bytes::new()).unwrap().format.channels, 2);
    }

    #[test]
    fn surround_needs_its_mapping_table() {
        let mut head = b"OpusHead\x01\x06\x38\x01\x80\xbb\x00\x00\x00\x00\x01".to_vec();
        assert!(Config::parse(&Bytes::from(head.clone())).is_err());
        head.extend([4, 2, 0, 4, 1, 2, 3, 5]);
        assert_eq!(Config::parse(&Bytes::from(head)).unwrap().mapping.len(), 8);
    }

    #[test]
    fn toc_gives_the_packet_duration() {
        assert_eq!(packet_samples(&[0xfc]), Some(960), "CELT 20 ms, one frame");
        assert_eq!(packet_samples(&[0x0b, 2]), Some(1920), "SILK 20 ms, two frames by count");
        assert_eq!(packet_samples(&[0x79]), Some(1920), "hybrid 20 ms, two equal frames");
        assert_eq!(packet_samples(&[0x1b, 3]), None, "180 ms");
        assert_eq!(packet_samples(&[]), None);
    }
}
