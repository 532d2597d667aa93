//! AudioSpecificConfigs in the forms publishers send them.

use bytes::Bytes;
use synctv_ingest::{Error, codec::aac::Config};

fn parse(bytes: &'static [u8]) -> Result<Config, Error> {
    Config::parse(&Bytes::from_static(bytes))
}

/// Bits written as text, padded with zeros to a whole byte.
fn bits(text: &str) -> Bytes {
    let bits: Vec<u8> = text.bytes().filter(|b| *b != b' ').map(|b| b - b'0').collect();
    bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | bit << (7 - at))).collect()
}

#[test]
fn plain_low_complexity() {
    let config = parse(&[0x12, 0x10]).unwrap();
    assert_eq!((config.format.sample_rate, config.format.channels, config.format.samples_per_frame), (44_100, 2, 1024));
    assert_eq!((config.rfc6381().as_str(), config.frequency_index(), config.core_object_type), ("mp4a.40.2", 4, 2));
}

#[test]
fn explicit_sbr_doubles_the_rate_and_keeps_the_core_for_adts() {
    // AOT 5, core 24 kHz, stereo, extension 48 kHz, core AOT 2.
    let config = Config::parse(&bits("00101 0110 0010 0011 00010 000")).unwrap();
    assert_eq!((config.format.sample_rate, config.format.samples_per_frame), (48_000, 2048));
    assert_eq!((config.core_sample_rate, config.core_object_type, config.frequency_index()), (24_000, 2, 6));
    assert_eq!(config.rfc6381(), "mp4a.40.5");
}

#[test]
fn explicit_parametric_stereo_is_two_channels_from_one() {
    let config = Config::parse(&bits("11101 0110 0001 0011 00010 000")).unwrap();
    assert_eq!((config.format.channels, config.channel_configuration), (2, 1));
    assert_eq!(config.rfc6381(), "mp4a.40.29");
}

#[test]
fn backward_compatible_sbr_signal_counts_only_when_it_says_yes() {
    let yes = Config::parse(&bits("00010 0110 0010 000 01010110111 00101 1 0011")).unwrap();
    assert_eq!((yes.format.sample_rate, yes.rfc6381().as_str()), (48_000, "mp4a.40.5"));
    // ffmpeg's AAC encoder writes the signal with sbrPresentFlag 0.
    let no = parse(&[0x12, 0x10, 0x56, 0xe5, 0x00]).unwrap();
    assert_eq!((no.format.sample_rate, no.rfc6381().as_str()), (44_100, "mp4a.40.2"));
}

#[test]
fn escaped_sampling_frequency_is_read_and_written() {
    let config = Config::low_complexity(37_800, 1).unwrap();
    assert_eq!((config.record.len(), config.core_sample_rate, config.format.channels), (5, 37_800, 1));
    assert_eq!(Config::low_complexity(44_100, 2).unwrap().record, [0x12, 0x10][..]);
    assert!(Config::low_complexity(48_000, 7).is_err());
}

#[test]
fn channel_configurations_count_their_speakers() {
    for (configuration, channels) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 8)] {
        let config = Config::parse(&bits(&format!("00010 0011 {configuration:04b} 000"))).unwrap();
        assert_eq!(config.format.channels, channels);
    }
}

#[test]
fn a_program_config_element_counts_its_elements() {
    // One front pair, one LFE, no comment; byte alignment counts from the start of the record.
    let config = Config::parse(&bits(
        "00010 0011 0000 000 0000 01 0011 0001 0000 0000 01 000 0000 0 0 0 1 0000 0000 0000000 00000000",
    ))
    .unwrap();
    assert_eq!(config.format.channels, 3);
}

#[test]
fn frames_of_960_samples_and_unknown_object_types() {
    assert_eq!(Config::parse(&bits("00010 0011 0010 100")).unwrap().format.samples_per_frame, 960);
    assert!(matches!(Config::parse(&bits("01000 0011 0010 000")), Err(Error::Unsupported { .. })));
    assert!(matches!(parse(&[0x12]), Err(Error::Truncated { .. })));
}
