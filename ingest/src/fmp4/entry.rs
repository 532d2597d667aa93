//! Sample entries (ISO 14496-12 8.5.2): the decoder configuration of a track.

use super::boxes::{nest, nest_full, put16, put32, zeros};
use crate::{
    codec::{AudioFormat, Config, VideoFormat, aac, mp3, opus},
    error::Error,
};

/// Appends the sample entry for `config`.
pub(super) fn sample_entry(out: &mut Vec<u8>, config: &Config) -> Result<(), Error> {
    match config {
        Config::Avc(c) => visual(out, *b"avc1", c.format, *b"avcC", &c.record),
        Config::Hevc(c) => visual(out, *b"hvc1", c.format, *b"hvcC", &c.out_of_band_record()),
        Config::Av1(c) => visual(out, *b"av01", c.format, *b"av1C", &c.record),
        Config::Vp9(c) => {
            // vpcC is a full box of version 1 (VP-ISOBMFF 2.2).
            let full = [&[1, 0, 0, 0], &c.fields[..]].concat();
            visual(out, *b"vp09", c.format, *b"vpcC", &full)
        }
        Config::Aac(c) => audio(out, *b"mp4a", c.format, |out| aac_descriptor(out, c)),
        Config::Mp3(c) => audio(out, *b"mp4a", c.format, |out| mp3_descriptor(out, c)),
        Config::Opus(c) => audio(out, *b"Opus", c.format, |out| opus_specific(out, c)),
    }
}

/// VisualSampleEntry (12.1.3) with its configuration box.
fn visual(
    out: &mut Vec<u8>,
    kind: [u8; 4],
    format: VideoFormat,
    record_kind: [u8; 4],
    record: &[u8],
) -> Result<(), Error> {
    let (width, height) = size(format)?;
    nest(out, kind, |out| {
        zeros(out, 6);
        put16(out, 1);
        zeros(out, 16);
        put16(out, width);
        put16(out, height);
        put32(out, 0x0048_0000);
        put32(out, 0x0048_0000);
        zeros(out, 4);
        put16(out, 1);
        zeros(out, 32);
        put16(out, 0x18);
        put16(out, u16::MAX);
        nest(out, record_kind, |out| out.extend_from_slice(record));
    });
    Ok(())
}

/// Width and height as the 16 bits a sample entry has.
pub(super) fn size(format: VideoFormat) -> Result<(u16, u16), Error> {
    let side = |side: u32| u16::try_from(side).ok().filter(|&side| side > 0);
    side(format.width)
        .zip(side(format.height))
        .ok_or(Error::malformed("video configuration", "no picture size that fits an MP4 sample entry"))
}

/// AudioSampleEntry (12.2.3) with its configuration box.
fn audio(
    out: &mut Vec<u8>,
    kind: [u8; 4],
    format: AudioFormat,
    configuration: impl FnOnce(&mut Vec<u8>),
) -> Result<(), Error> {
    let channels = u16::try_from(format.channels).map_err(|_| Error::Limit {
        what: "audio channels",
        value: format.channels.into(),
        max: u16::MAX.into(),
    })?;
    nest(out, kind, |out| {
        zeros(out, 6);
        put16(out, 1);
        zeros(out, 8);
        put16(out, channels);
        put16(out, 16);
        zeros(out, 4);
        // 16.16; a rate that does not fit is 0 and stands in the decoder configuration alone.
        put32(out, u16::try_from(format.sample_rate).map_or(0, |rate| u32::from(rate) << 16));
        configuration(out);
    });
    Ok(())
}

fn aac_descriptor(out: &mut Vec<u8>, config: &aac::Config) {
    elementary_stream(out, 0x40, Some(&config.record));
}

fn mp3_descriptor(out: &mut Vec<u8>, config: &mp3::Config) {
    elementary_stream(out, config.object_type_indication(), None);
}

/// esds (ISO 14496-14 5.6) with an ES_Descriptor (ISO 14496-1 7.2.6.5).
fn elementary_stream(out: &mut Vec<u8>, object_type: u8, specific: Option<&[u8]>) {
    let mut decoder = vec![object_type, 0x15];
    // bufferSizeDB, maxBitrate, avgBitrate: not known.
    zeros(&mut decoder, 11);
    if let Some(specific) = specific {
        descriptor(&mut decoder, 5, specific);
    }
    // ES_ID 0 and no optional fields, as stored in a file.
    let mut stream = vec![0, 0, 0];
    descriptor(&mut stream, 4, &decoder);
    descriptor(&mut stream, 6, &[2]);
    nest_full(out, *b"esds", 0, 0, |out| descriptor(out, 3, &stream));
}

/// Tag and a length of four 7-bit groups (ISO 14496-1 8.3.3). Longer records than 28 bits say do not exist: messages
/// are capped far below.
fn descriptor(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let groups = [21, 14, 7, 0].map(|shift| u8::try_from((length >> shift) & 0x7f).unwrap_or_default());
    out.push(tag);
    out.extend_from_slice(&[groups[0] | 0x80, groups[1] | 0x80, groups[2] | 0x80, groups[3]]);
    out.extend_from_slice(content);
}

/// dOps (Opus in ISOBMFF 4.3.2): OpusHead's fields in big-endian order.
fn opus_specific(out: &mut Vec<u8>, config: &opus::Config) {
    nest(out, *b"dOps", |out| {
        out.push(0);
        out.push(u8::try_from(config.format.channels).unwrap_or(2));
        put16(out, config.pre_skip);
        put32(out, config.input_sample_rate);
        out.extend_from_slice(&config.output_gain.to_be_bytes());
        out.push(config.mapping_family);
        out.extend_from_slice(&config.mapping);
    });
}
