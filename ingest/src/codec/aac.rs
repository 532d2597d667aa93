//! AudioSpecificConfig (ISO 14496-3 1.6.2.1).

use super::{AudioFormat, bits::BitReader};
use crate::error::Error;
use bytes::Bytes;

const WHAT: &str = "AudioSpecificConfig";
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
const LC: u8 = 2;
const SBR: u8 = 5;
const PS: u8 = 29;

/// AudioSpecificConfig (ISO 14496-3 1.6.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The record's bytes.
    pub record: Bytes,
    /// What a decoder puts out: with SBR the doubled rate and frame, with PS two channels.
    pub format: AudioFormat,
    /// Audio object type as signalled first (2 = AAC-LC, 5 = SBR, 29 = PS); what CODECS names.
    pub object_type: u8,
    /// Object type of the core coder; the ADTS profile is this minus one.
    pub core_object_type: u8,
    /// Sampling frequency of the core coder in Hz; what ADTS carries.
    pub core_sample_rate: u32,
    /// channelConfiguration 0..=15; 0 means that a program config element says.
    pub channel_configuration: u8,
}

impl Config {
    /// Parses the record.
    ///
    /// # Errors
    /// When it is malformed, cut short, or of an object type whose configuration is not known here.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let mut bits = BitReader::new(WHAT, record);
        let object_type = object_type(&mut bits)?;
        let core_sample_rate = sample_rate(&mut bits)?;
        let channel_configuration = nibble(&mut bits)?;
        let mut core_object_type = object_type;
        let mut output_rate = core_sample_rate;
        if matches!(object_type, SBR | PS) {
            output_rate = sample_rate(&mut bits)?;
            core_object_type = self::object_type(&mut bits)?;
            if core_object_type == 22 {
                bits.skip(4)?;
            }
        }
        let core = general_audio(&mut bits, core_object_type, channel_configuration)?;
        let mut channels = core.channels;
        let mut config_type = object_type;
        if !matches!(object_type, SBR | PS)
            && let Some(extension) = sync_extension(&mut bits)
        {
            output_rate = extension.rate;
            config_type = if extension.parametric_stereo { PS } else { SBR };
        }
        if config_type == PS && channels == 1 {
            channels = 2;
        }
        // SBR at the core's own rate ("downsampled") keeps the frame; otherwise the frame grows with the rate.
        let samples_per_frame =
            if output_rate >= core_sample_rate.saturating_mul(2) { core.samples * 2 } else { core.samples };
        Ok(Self {
            record: record.clone(),
            format: AudioFormat { sample_rate: output_rate, channels, samples_per_frame },
            object_type: config_type,
            core_object_type,
            core_sample_rate,
            channel_configuration,
        })
    }

    /// AAC-LC at a given rate (Hz) and channel count, for publishers that send no configuration.
    ///
    /// # Errors
    /// When no channelConfiguration stands for that many channels.
    pub fn low_complexity(sample_rate: u32, channels: u32) -> Result<Self, Error> {
        let configuration = match channels {
            1..=6 => channels,
            8 => 7,
            _ => return Err(Error::Unsupported { what: "AAC channel count", value: channels.to_string() }),
        };
        let record = match RATES.iter().zip(0u32..).find(|(rate, _)| **rate == sample_rate) {
            Some((_, index)) => {
                let word = (u32::from(LC) << 11) | (index << 7) | (configuration << 3);
                word.to_be_bytes()[2..].to_vec()
            }
            None => {
                let rate = u64::from(sample_rate & 0x00ff_ffff);
                let word = (u64::from(LC) << 35) | (15 << 31) | (rate << 7) | (u64::from(configuration) << 3);
                word.to_be_bytes()[3..].to_vec()
            }
        };
        Self::parse(&Bytes::from(record))
    }

    /// The CODECS parameter.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        format!("mp4a.40.{}", self.object_type)
    }

    /// samplingFrequencyIndex of the core coder for ADTS (ISO 14496-3 1.A.2.2): the exact one, else the nearest.
    #[must_use]
    pub fn frequency_index(&self) -> u8 {
        let nearest = RATES.iter().zip(0u8..).min_by_key(|(rate, _)| rate.abs_diff(self.core_sample_rate));
        nearest.map_or(4, |(_, index)| index)
    }
}

fn nibble(bits: &mut BitReader<'_>) -> Result<u8, Error> {
    Ok(u8::try_from(bits.bits(4)?).unwrap_or_default())
}

/// GetAudioObjectType (table 1.16).
fn object_type(bits: &mut BitReader<'_>) -> Result<u8, Error> {
    let value = match bits.bits(5)? {
        31 => bits.bits(6)? + 32,
        value => value,
    };
    Ok(u8::try_from(value).unwrap_or_default())
}

/// samplingFrequencyIndex with its escape to 24 explicit bits (table 1.18), in Hz.
fn sample_rate(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    let rate = match bits.bits(4)? {
        15 => bits.bits(24)?,
        index => *RATES.get(index as usize).ok_or(Error::malformed(WHAT, "reserved sampling frequency index"))?,
    };
    if !(1_000..=192_000).contains(&rate) {
        return Err(Error::Limit { what: "AAC sampling frequency", value: rate.into(), max: 192_000 });
    }
    Ok(rate)
}

struct Core {
    channels: u32,
    samples: u32,
}

/// GASpecificConfig (4.4.1, table 4.1).
fn general_audio(bits: &mut BitReader<'_>, object_type: u8, configuration: u8) -> Result<Core, Error> {
    let error_resilient = matches!(object_type, 17 | 19..=23);
    if !matches!(object_type, 1..=4 | 6 | 7) && !error_resilient {
        return Err(Error::Unsupported { what: "AAC object type", value: object_type.to_string() });
    }
    let short_frame = bits.flag()?;
    if bits.flag()? {
        bits.skip(14)?;
    }
    let extension = bits.flag()?;
    let channels = match configuration {
        0 => program_config_channels(bits)?,
        1..=6 => configuration.into(),
        7 | 12 | 14 => 8,
        11 => 7,
        13 => 24,
        _ => return Err(Error::malformed(WHAT, "reserved channel configuration")),
    };
    if matches!(object_type, 6 | 20) {
        bits.skip(3)?;
    }
    if extension {
        match object_type {
            22 => bits.skip(16)?,
            17 | 19 | 20 | 23 => bits.skip(3)?,
            _ => {}
        }
        bits.skip(1)?;
    }
    let samples = match (object_type, short_frame) {
        (23, true) => 480,
        (23, false) => 512,
        (_, true) => 960,
        (_, false) => 1024,
    };
    Ok(Core { channels, samples })
}

/// The channels a program_config_element names (4.4.1.1, table 4.2), read to its end.
fn program_config_channels(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    bits.skip(10)?;
    let [front, side, back] = [bits.bits(4)?, bits.bits(4)?, bits.bits(4)?];
    let [low_frequency, associated, coupling] = [bits.bits(2)?, bits.bits(3)?, bits.bits(4)?];
    for mixdown_bits in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(mixdown_bits)?;
        }
    }
    let mut channels = low_frequency;
    for _ in 0..front + side + back {
        channels += if bits.flag()? { 2 } else { 1 };
        bits.skip(4)?;
    }
    bits.skip(4 * low_frequency as usize + 4 * associated as usize + 5 * coupling as usize)?;
    bits.align();
    let comment = usize::from(bits.byte()?);
    bits.skip(comment * 8)?;
    match channels {
        0 => Err(Error::malformed(WHAT, "a program config element without channels")),
        channels => Ok(channels),
    }
}

struct Extension {
    rate: u32,
    parametric_stereo: bool,
}

/// The backward-compatible SBR and PS signal behind the core's configuration (1.6.5.3), when it is there and says yes.
/// What does not parse is padding.
fn sync_extension(bits: &mut BitReader<'_>) -> Option<Extension> {
    if bits.bits(11).ok()? != 0x2b7 || object_type(bits).ok()? != SBR || !bits.flag().ok()? {
        return None;
    }
    let rate = sample_rate(bits).ok()?;
    let parametric_stereo = bits.bits(11).is_ok_and(|sync| sync == 0x548) && bits.flag().unwrap_or(false);
    Some(Extension { rate, parametric_stereo })
}
