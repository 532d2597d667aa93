//! AAC in ADTS (ISO 14496-3 1.A.2.2) and MPEG audio frames, which may begin in one PES packet and end in the next.

use super::clock::{Clock, milliseconds};
use crate::codec::{Codec, Config, aac, mp3};
use crate::flv;
use crate::frame::Frame;
use bytes::Bytes;

/// Bytes kept for a frame that is not whole: an ADTS frame's length has 13 bits.
const REST_MAX: usize = 0x1fff;
/// Bits of an ADTS header that are the same in all frames: without private bit, copyright, length and fullness.
const LASTING: u32 = 0xffff_fdc0;

/// The audio stream.
#[derive(Debug)]
pub(super) struct Audio {
    codec: Codec,
    /// A frame's beginning.
    rest: Vec<u8>,
    /// When the next frame begins, in 90 kHz ticks, and the part of a tick that was rounded off.
    next: Option<(i64, i64)>,
    /// The configuration said last, and the header bits it was made from.
    configured: Option<(u32, Bytes)>,
}

/// A frame at the head of some bytes.
struct Found {
    /// Bytes of it, header included.
    length: usize,
    header: usize,
    /// Header bits that mean the same configuration.
    lasting: u32,
    samples: u32,
    sample_rate: u32,
}

impl Audio {
    pub(super) const fn new(codec: Codec) -> Self {
        Self { codec, rest: Vec::new(), next: None, configured: None }
    }

    pub(super) const fn codec(&self) -> Codec {
        self.codec
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    /// Another run begins here when nothing says so; where the last one ended, if there was one.
    pub(super) fn go_on(&mut self, next: Option<(i64, i64)>) {
        self.next = self.next.or(next);
    }

    /// When the next frame would begin.
    pub(super) const fn next(&self) -> Option<(i64, i64)> {
        self.next
    }

    /// What is not whole will not become so.
    pub(super) fn end_run(&mut self) {
        self.rest.clear();
        self.next = None;
    }

    /// Makes frames of a PES packet's payload; false when something in it was none, or nothing tells its time.
    pub(super) fn take(&mut self, pts: Option<u64>, payload: &[u8], clock: &mut Clock, out: &mut Vec<Frame>) -> bool {
        let pts = pts.map(|pts| clock.ticks(pts));
        let tail = self.rest.len();
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(payload);
        let mut at = 0;
        let mut understood = true;
        // The PTS belongs to the first frame that begins in this packet (2.4.3.7).
        let mut pending = pts;
        while let Some(left) = bytes.get(at..).filter(|left| !left.is_empty()) {
            if at >= tail
                && let Some(pts) = pending.take()
            {
                self.next = Some((pts, 0));
            }
            match self.find(left) {
                Ok(Some(found)) if found.length <= left.len() => {
                    understood &= self.frame(left, &found, out);
                    at += found.length;
                }
                Ok(_) if left.len() <= REST_MAX => {
                    self.rest.extend_from_slice(left);
                    break;
                }
                Ok(_) | Err(()) => {
                    // No frame begins here: on to the next sync word.
                    understood = false;
                    at += 1 + left.iter().skip(1).position(|byte| *byte == 0xff).unwrap_or(left.len());
                }
            }
        }
        understood
    }

    /// The frame at the head of `bytes`; `Ok(None)` when its header is not whole.
    fn find(&self, bytes: &[u8]) -> Result<Option<Found>, ()> {
        match self.codec {
            Codec::Aac => adts(bytes),
            _ => mpeg_audio(bytes),
        }
    }

    fn frame(&mut self, bytes: &[u8], found: &Found, out: &mut Vec<Frame>) -> bool {
        let Some((ticks, rounded)) = self.next else { return false };
        // In units of a tick over the sample rate, so that nothing adds up.
        let (rate, step) = (i64::from(found.sample_rate), i64::from(found.samples) * 90_000 + rounded);
        self.next = Some((ticks.saturating_add(step / rate), step % rate));
        let dts = milliseconds(ticks);
        let frame = bytes.get(..found.length).unwrap_or_default();
        let payload = frame.get(found.header..).unwrap_or_default();
        if payload.is_empty() {
            return true;
        }
        if self.configured.as_ref().is_none_or(|(lasting, _)| *lasting != found.lasting) {
            let Some(record) = self.record(frame) else { return false };
            if self.configured.as_ref().is_none_or(|(_, before)| *before != record) {
                out.push(flv::sequence_header(self.codec, &record, dts));
            }
            self.configured = Some((found.lasting, record));
        }
        out.push(flv::media(self.codec, true, dts, 0, payload));
        true
    }

    /// AudioSpecificConfig of an ADTS header; an MP3 frame stands for itself.
    fn record(&self, frame: &[u8]) -> Option<Bytes> {
        let frame = Bytes::copy_from_slice(frame);
        if self.codec == Codec::Mp3 {
            return Config::parse(Codec::Mp3, &frame).ok().map(|_| frame);
        }
        let &[_, _, third, fourth] = frame.first_chunk::<4>()?;
        let (object_type, rate) = ((third >> 6) + 1, (third >> 2) & 0x0f);
        // 0 promises a program config element in the frame: stereo is what it says nearly always.
        let channels = match ((third & 1) << 2) | (fourth >> 6) {
            0 => 2,
            channels => channels,
        };
        let word = u16::from(object_type) << 11 | u16::from(rate) << 7 | u16::from(channels) << 3;
        let record = Bytes::copy_from_slice(&word.to_be_bytes());
        aac::Config::parse(&record).ok().map(|_| record)
    }
}

/// Samples a second by sampling_frequency_index (ISO 14496-3 table 1.18).
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

fn adts(bytes: &[u8]) -> Result<Option<Found>, ()> {
    let Some(&[first, second, third, fourth, fifth, sixth, seventh]) = bytes.first_chunk::<7>() else {
        let begins = bytes.first() == Some(&0xff) && bytes.get(1).is_none_or(|second| second & 0xf6 == 0xf0);
        return if begins { Ok(None) } else { Err(()) };
    };
    let rate = RATES.get(usize::from((third >> 2) & 0x0f)).copied().ok_or(())?;
    let header = if second & 1 == 1 { 7 } else { 9 };
    let length = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
    // Several raw data blocks in one frame cannot be told apart without decoding.
    if first != 0xff || second & 0xf6 != 0xf0 || length < header || seventh & 3 != 0 {
        return Err(());
    }
    let lasting = u32::from_be_bytes([first, second, third, fourth]) & LASTING;
    Ok(Some(Found { length, header, lasting, samples: 1024, sample_rate: rate }))
}

fn mpeg_audio(bytes: &[u8]) -> Result<Option<Found>, ()> {
    let Some(word) = bytes.first_chunk::<4>().map(|word| u32::from_be_bytes(*word)) else {
        return if bytes.first() == Some(&0xff) { Ok(None) } else { Err(()) };
    };
    let (length, format) = mp3::frame(word).ok_or(())?;
    let lasting = word & 0xfffe_0c00 | u32::from(word & 0xc0 == 0xc0);
    let (samples, sample_rate) = (format.samples_per_frame, format.sample_rate);
    Ok(Some(Found { length, header: 0, lasting, samples, sample_rate }))
}
