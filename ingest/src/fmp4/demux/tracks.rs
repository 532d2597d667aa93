//! The init section: which tracks there are, and how they are decoded.

use super::read::{Reader, boxes, descend, find};
use crate::codec::{Codec, Config};
use crate::error::Error;
use crate::frame::Track;
use bytes::{BufMut, Bytes, BytesMut};

const WHAT: &str = "MP4 init section";
/// Bytes of a VisualSampleEntry and an AudioSampleEntry before the boxes in them (ISO 14496-12 12.1.3, 12.2.3).
const VISUAL_ENTRY: usize = 78;
const AUDIO_ENTRY: usize = 28;
/// Nested descriptors of an `esds` that are looked through.
const DESCRIPTORS_MAX: usize = 16;

/// A track that is carried.
#[derive(Debug)]
pub(super) struct Source {
    pub id: u32,
    pub codec: Codec,
    /// As a sequence header has it; empty for MP3, whose frames configure themselves.
    pub record: Bytes,
    /// Bytes of a NAL unit's length.
    pub nal_length_size: u8,
    /// Parameter sets may come in key frames.
    pub in_band: bool,
    timescale: u32,
    /// Ticks of the media before the presentation begins (edit list); below 0 when it begins with nothing.
    pub media_time: i64,
    /// trex: what fragments leave out.
    pub default_duration: u32,
    pub default_size: u32,
    pub default_flags: u32,
}

impl Source {
    /// Ticks as ms, rounded.
    pub(super) fn milliseconds(&self, ticks: i64) -> i64 {
        let scale = i128::from(self.timescale);
        let ms = (i128::from(ticks) * 1000 + scale / 2).div_euclid(scale);
        i64::try_from(ms).unwrap_or_default()
    }
}

/// What an init section holds.
pub(super) struct Tracks {
    pub sources: Vec<Source>,
    pub unsupported: Vec<String>,
}

/// Reads `moov`.
pub(super) fn read(init: &[u8]) -> Result<Tracks, Error> {
    let moov = find(init, b"moov").ok_or(Error::malformed(WHAT, "no moov"))?;
    let movie_timescale = find(moov, b"mvhd").and_then(|mvhd| timescale(mvhd).ok()).unwrap_or(1000);
    let mut tracks = Tracks { sources: Vec::new(), unsupported: Vec::new() };
    for found in boxes(moov).map_while(Result::ok).filter(|found| found.kind == *b"trak") {
        match track(found.content, movie_timescale) {
            Ok(Some(mut source)) => {
                let taken = tracks.sources.iter().any(|other| other.codec.track() == source.codec.track());
                if !taken {
                    defaults(moov, &mut source);
                    tracks.sources.push(source);
                }
            }
            Ok(None) => {}
            Err(Error::Unsupported { value, .. }) => tracks.unsupported.push(value),
            Err(error) => return Err(error),
        }
        if tracks.unsupported.len() > DESCRIPTORS_MAX {
            return Err(Error::malformed(WHAT, "too many tracks"));
        }
    }
    Ok(tracks)
}

fn track(trak: &[u8], movie_timescale: u32) -> Result<Option<Source>, Error> {
    let missing = Error::malformed(WHAT, "a track without its header");
    let tkhd = find(trak, b"tkhd").ok_or(missing.clone())?;
    let mut header = Reader::new(WHAT, tkhd);
    let (version, _) = header.version_and_flags()?;
    header.take(if version == 0 { 8 } else { 16 })?;
    let id = header.u32()?;
    let mdia = find(trak, b"mdia").ok_or(missing.clone())?;
    let timescale = timescale(find(mdia, b"mdhd").ok_or(missing.clone())?)?;
    let handler = find(mdia, b"hdlr").and_then(|hdlr| hdlr.get(8..12)).unwrap_or_default();
    let kind = match handler {
        b"vide" => Track::Video,
        b"soun" => Track::Audio,
        _ => return Ok(None),
    };
    let stsd = descend(mdia, &[b"minf", b"stbl", b"stsd"]).and_then(|stsd| stsd.get(8..)).ok_or(missing)?;
    let entry = boxes(stsd).next().ok_or(Error::malformed(WHAT, "a track without sample entry"))??;
    let Some(format) = format(entry.kind, entry.content, kind)? else { return Ok(None) };
    let (codec, record, in_band) = format;
    let config = if codec == Codec::Mp3 { None } else { Some(Config::parse(codec, &record)?) };
    let nal_length_size = match &config {
        Some(Config::Avc(config)) => config.nal_length_size,
        Some(Config::Hevc(config)) => config.nal_length_size,
        _ => 4,
    };
    let media_time = find(trak, b"edts").and_then(|edts| find(edts, b"elst"));
    let media_time = media_time.and_then(|elst| edit(elst, timescale, movie_timescale).ok()).unwrap_or_default();
    let (default_duration, default_size, default_flags) = (0, 0, 0);
    Ok(Some(Source {
        id,
        codec,
        record,
        nal_length_size,
        in_band,
        timescale,
        media_time,
        default_duration,
        default_size,
        default_flags,
    }))
}

/// Ticks a second, out of `mvhd` or `mdhd`.
fn timescale(content: &[u8]) -> Result<u32, Error> {
    let mut header = Reader::new(WHAT, content);
    let (version, _) = header.version_and_flags()?;
    header.take(if version == 0 { 8 } else { 16 })?;
    match header.u32()? {
        0 => Err(Error::malformed(WHAT, "a timescale of 0")),
        timescale => Ok(timescale),
    }
}

/// Where the presentation begins in the media (8.6.6): an edit at a media time, behind an empty one or not.
fn edit(elst: &[u8], timescale: u32, movie_timescale: u32) -> Result<i64, Error> {
    let mut list = Reader::new(WHAT, elst);
    let (version, _) = list.version_and_flags()?;
    let mut empty = 0_i64;
    for _ in 0..list.u32()?.min(2) {
        let duration = list.by_version(version)?;
        let media_time = match version {
            0 => i64::from(list.u32()?.cast_signed()),
            _ => list.u64()?.cast_signed(),
        };
        list.take(4)?;
        if media_time >= 0 {
            return Ok(media_time.saturating_sub(empty));
        }
        let ticks = u128::from(duration) * u128::from(timescale) / u128::from(movie_timescale);
        empty = i64::try_from(ticks).unwrap_or_default();
    }
    Ok(empty.saturating_neg())
}

/// `trex` (8.8.3).
fn defaults(moov: &[u8], source: &mut Source) {
    let Some(mvex) = find(moov, b"mvex") else { return };
    for found in boxes(mvex).map_while(Result::ok).filter(|found| found.kind == *b"trex") {
        let mut trex = Reader::new(WHAT, found.content);
        let fields: Result<Vec<u32>, _> = (0..6).map(|_| trex.u32()).collect();
        if let Ok(&[_, id, _, duration, size, flags]) = fields.as_deref()
            && id == source.id
        {
            (source.default_duration, source.default_size, source.default_flags) = (duration, size, flags);
        }
    }
}

/// Codec, record, and whether parameter sets may come in-band; `None` for what is neither carried nor named.
fn format(kind: [u8; 4], entry: &[u8], track: Track) -> Result<Option<(Codec, Bytes, bool)>, Error> {
    let at = if track == Track::Video { VISUAL_ENTRY } else { AUDIO_ENTRY };
    let inner = entry.get(at..).ok_or(Error::Truncated { what: "sample entry", needed: at, got: entry.len() })?;
    let record = |kind: &[u8; 4]| {
        let record = find(inner, kind).ok_or(Error::malformed("sample entry", "no decoder configuration"))?;
        Ok::<_, Error>(Bytes::copy_from_slice(record))
    };
    Ok(Some(match &kind {
        b"avc1" => (Codec::H264, record(b"avcC")?, false),
        b"avc3" => (Codec::H264, record(b"avcC")?, true),
        b"hvc1" => (Codec::Hevc, record(b"hvcC")?, false),
        b"hev1" => (Codec::Hevc, record(b"hvcC")?, true),
        b"av01" => (Codec::Av1, record(b"av1C")?, false),
        b"vp09" => (Codec::Vp9, record(b"vpcC")?, false),
        b"mp4a" => elementary_stream(&record(b"esds")?)?,
        b".mp3" => (Codec::Mp3, Bytes::new(), true),
        b"Opus" => (Codec::Opus, opus_head(&record(b"dOps")?)?, false),
        other => {
            let value =
                other.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' }).collect();
            return Err(Error::Unsupported { what: "codec in MP4", value });
        }
    }))
}

/// `esds` (ISO 14496-14 5.6): objectTypeIndication and DecoderSpecificInfo.
fn elementary_stream(esds: &[u8]) -> Result<(Codec, Bytes, bool), Error> {
    let malformed = Error::malformed("esds", "no decoder configuration");
    let mut reader = Reader::new("esds", esds.get(4..).ok_or(malformed.clone())?);
    let mut object_type = 0;
    for _ in 0..DESCRIPTORS_MAX {
        let tag = reader.u8()?;
        let mut length = 0_usize;
        for _ in 0..4 {
            let byte = reader.u8()?;
            length = length << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                break;
            }
        }
        match tag {
            // ES_Descriptor (ISO 14496-1 7.2.6.5): its optional fields come before what is nested.
            3 => {
                reader.take(2)?;
                let flags = reader.u8()?;
                if flags & 0x80 != 0 {
                    reader.take(2)?;
                }
                if flags & 0x40 != 0 {
                    let url = reader.u8()?;
                    reader.take(url.into())?;
                }
                if flags & 0x20 != 0 {
                    reader.take(2)?;
                }
            }
            4 => {
                object_type = reader.u8()?;
                reader.take(12)?;
                match object_type {
                    0x69 | 0x6b => return Ok((Codec::Mp3, Bytes::new(), true)),
                    0x40 | 0x66..=0x68 => {}
                    other => {
                        let value = format!("object type {other:#04x}");
                        return Err(Error::Unsupported { what: "codec in MP4", value });
                    }
                }
            }
            5 if object_type != 0 => {
                return Ok((Codec::Aac, Bytes::copy_from_slice(reader.take(length)?), false));
            }
            _ => {
                reader.take(length)?;
            }
        }
    }
    Err(malformed)
}

/// OpusHead (RFC 7845 5.1) of a `dOps` (Opus in ISOBMFF 4.3.2), which has its fields in the other byte order.
fn opus_head(specific: &[u8]) -> Result<Bytes, Error> {
    let mut reader = Reader::new("dOps", specific);
    reader.u8()?;
    let (channels, pre_skip, rate, gain) = (reader.u8()?, reader.u16()?, reader.u32()?, reader.u16()?);
    let mut head = BytesMut::from(&b"OpusHead\x01"[..]);
    head.put_u8(channels);
    head.put_u16_le(pre_skip);
    head.put_u32_le(rate);
    head.put_u16_le(gain);
    head.put_slice(reader.rest);
    Ok(head.freeze())
}
