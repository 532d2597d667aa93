//! MPEG audio frame header (ISO 11172-3 2.4.1.3, ISO 13818-3 2.4.1.3 and the 2.5 extension).

use super::AudioFormat;
use crate::error::Error;
use bytes::Bytes;

const WHAT: &str = "MP3 frame header";
/// How far into a payload a frame header is looked for: past an ID3 tag or the tail of a cut frame, not through megabytes.
const SEARCH: usize = 4096;
/// Sync word, version, layer, sampling frequency, channel mode: what stays the same from frame to frame.
const LASTING: u32 = 0xfffe_0cc0;

/// What the frames of an MP3 track have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The frame header with the fields that change from frame to frame (bit rate, padding, mode extension) cleared,
    /// so that equal bytes mean an equal configuration. 4 bytes.
    pub record: Bytes,
    /// What it describes.
    pub format: AudioFormat,
}

impl Config {
    /// Reads the header of the first frame in `frame`.
    ///
    /// # Errors
    /// When there is none, or it is of another layer.
    pub fn parse(frame: &Bytes) -> Result<Self, Error> {
        let header = match word(frame, 0) {
            Some(header) if header & 0xffe0_0000 == 0xffe0_0000 => header,
            Some(_) => find_header(frame).ok_or(Error::malformed(WHAT, "no sync word"))?,
            None => return Err(Error::Truncated { what: WHAT, needed: 4, got: frame.len() }),
        };
        let format = format(header)?;
        Ok(Self { record: Bytes::copy_from_slice(&(header & LASTING).to_be_bytes()), format })
    }

    /// objectTypeIndication (ISO 14496-1 table 5): MPEG-1 audio 0x6B, the lower sampling frequencies of MPEG-2 0x69.
    #[must_use]
    pub const fn object_type_indication(&self) -> u8 {
        if self.format.sample_rate > 24_000 { 0x6b } else { 0x69 }
    }
}

/// The first well-formed layer III header within the first 4 KiB of `payload`.
#[must_use]
pub fn find_header(payload: &[u8]) -> Option<u32> {
    (0..payload.len().min(SEARCH)).filter_map(|at| word(payload, at)).find(|&header| format(header).is_ok())
}

/// Bytes of the frame behind a layer III header, header included, and what it describes (ISO 11172-3 2.4.3.1). `None` for other layers
/// and for free format, whose length no header tells.
#[must_use]
pub fn frame(header: u32) -> Option<(usize, AudioFormat)> {
    /// kbit/s of MPEG-1 layer III, and of the lower sampling frequencies.
    const RATES: [[u32; 15]; 2] = [
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let format = format(header).ok()?;
    let rates = if (header >> 19) & 3 == 3 { &RATES[0] } else { &RATES[1] };
    let rate = rates.get(((header >> 12) & 15) as usize).copied().filter(|rate| *rate > 0)?;
    let bytes = format.samples_per_frame / 8 * rate * 1000 / format.sample_rate;
    Some(((bytes + ((header >> 9) & 1)) as usize, format))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

fn format(header: u32) -> Result<AudioFormat, Error> {
    if header >> 21 != 0x7ff {
        return Err(Error::malformed(WHAT, "no sync word"));
    }
    // Version: 0 = MPEG-2.5, 2 = MPEG-2, 3 = MPEG-1.
    let version = (header >> 19) & 3;
    let halvings = match version {
        3 => 0,
        2 => 1,
        0 => 2,
        _ => return Err(Error::malformed(WHAT, "reserved version")),
    };
    match (header >> 17) & 3 {
        1 => {}
        0 => return Err(Error::malformed(WHAT, "reserved layer")),
        layer => return Err(Error::Unsupported { what: "MPEG audio layer", value: (4 - layer).to_string() }),
    }
    if (header >> 12) & 15 == 15 {
        return Err(Error::malformed(WHAT, "reserved bit rate"));
    }
    let full_rate: u32 = match (header >> 10) & 3 {
        0 => 44_100,
        1 => 48_000,
        2 => 32_000,
        _ => return Err(Error::malformed(WHAT, "reserved sampling frequency")),
    };
    let channels = if (header >> 6) & 3 == 3 { 1 } else { 2 };
    let samples_per_frame = if version == 3 { 1152 } else { 576 };
    Ok(AudioFormat { sample_rate: full_rate >> halvings, channels, samples_per_frame })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &'static [u8]) -> Result<Config, Error> {
        Config::parse(&Bytes::from_static(bytes))
    }

    #[test]
    fn versions_halve_the_rate_and_the_frame() {
        let one = parse(&[0xff, 0xfb, 0x90, 0xc4]).unwrap().format;
        assert_eq!((one.sample_rate, one.channels, one.samples_per_frame), (44_100, 1, 1152));
        let two = parse(&[0xff, 0xf3, 0x44, 0x00]).unwrap().format;
        assert_eq!((two.sample_rate, two.channels, two.samples_per_frame), (24_000, 2, 576));
        assert_eq!(parse(&[0xff, 0xe3, 0x48, 0x00]).unwrap().format.sample_rate, 8_000);
    }

    #[test]
    fn the_header_tells_how_long_its_frame_is() {
        let length = |header| frame(header).map(|(length, _)| length);
        assert_eq!(length(0xfffb_90c4), Some(417), "128 kbit/s at 44.1 kHz");
        assert_eq!(length(0xfffb_92c4), Some(418), "padded");
        assert_eq!(length(0xfff3_4400), Some(96), "32 kbit/s at 24 kHz");
        assert_eq!(length(0xfffb_00c4), None, "free format");
    }

    #[test]
    fn bit_rate_and_padding_do_not_change_the_configuration() {
        let first = parse(&[0xff, 0xfb, 0x90, 0x44]).unwrap();
        assert_eq!(first, parse(&[0xff, 0xfb, 0xb2, 0x64]).unwrap());
        assert_eq!(first, Config::parse(&first.record).unwrap());
    }

    #[test]
    fn a_header_behind_other_bytes_is_found_and_other_layers_are_refused() {
        assert_eq!(parse(b"ID3\x04\x00\xff\xfb\x90\x44").unwrap().format.channels, 2);
        assert!(matches!(parse(&[0xff, 0xfd, 0x90, 0x44]), Err(Error::Unsupported { .. })));
        assert!(parse(&[0xff]).is_err());
    }
}
