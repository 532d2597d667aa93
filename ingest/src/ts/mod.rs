//! MPEG-TS (ISO 13818-1): segments for players that want them, and [`Demuxer`] for what comes in. H.264, HEVC, AAC and MP3.
//!
//! A segment is rendered at once, from all its samples, into one buffer: PAT and PMT first, then PES packets in decoding
//! order. The muxer outlives segments, because continuity counters and the PCR run on from one to the next.

mod adts;
mod annexb;
mod demux;
mod packet;
mod pes;
mod psi;

pub use demux::{Demuxer, Warning};

use crate::{
    codec::{Codec, Config},
    error::Error,
    frame::Track,
};
use bytes::Bytes;
use packet::{PacketWriter, Pid, TS_PACKET};

/// Ticks of PTS and DTS in a second (ISO 13818-1 2.4.3.7).
pub const TICKS_PER_SECOND: i64 = 90_000;

/// Added to every timestamp, so that the PCR, which runs ahead of the media, does not start below zero.
const ORIGIN: i64 = 126_000;
/// How far the PCR runs ahead of the DTS of what is being sent: room for sound and picture that arrive apart.
const PCR_LEAD: i64 = 63_000;
/// The longest way between two PCRs (40 ms; ISO 13818-1 2.7.2 asks for at most 100 ms).
const PCR_INTERVAL: i64 = 3_600;
/// A step above this is a hole in the media and not filled with PCRs.
const PCR_HOLE: i64 = 2 * TICKS_PER_SECOND;
/// A PES packet gathers audio frames for at most this long ...
const AUDIO_PES_TICKS: i64 = 5_400;
/// ... and until it holds this many bytes.
const AUDIO_PES_BYTES: usize = 2_800;

/// One access unit as the TS muxer takes it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Picture or sound.
    pub track: Track,
    /// Decoding time in 90 kHz ticks since the timeline's zero.
    pub dts: i64,
    /// PTS - DTS in 90 kHz ticks; below 0 is taken as 0.
    pub cts: i64,
    /// A decoder may start here.
    pub keyframe: bool,
    /// Length-prefixed NAL units, a raw AAC frame, an MP3 frame.
    pub payload: Bytes,
}

/// What the video track needs besides its samples.
#[derive(Debug, Clone)]
struct Video {
    units: annexb::AnnexB,
    stream_type: u8,
}

/// How an audio frame is wrapped.
#[derive(Debug, Clone)]
enum AudioForm {
    Adts(adts::Header),
    Bare,
}

#[derive(Debug, Clone)]
struct Audio {
    form: AudioForm,
    stream_type: u8,
}

/// Audio frames waiting for their PES packet.
#[derive(Debug, Clone, Default)]
struct AudioGroup {
    first_dts: Option<i64>,
    bytes: Vec<u8>,
}

/// Renders segments of one stream; keeps continuity counters and the PCR between them.
#[derive(Debug, Clone)]
pub struct Muxer {
    video: Option<Video>,
    audio: Option<Audio>,
    pmt_version: u8,
    packets: PacketWriter,
    last_pcr: Option<i64>,
    group: AudioGroup,
    access_unit: Vec<u8>,
}

impl Muxer {
    /// A muxer for the given tracks.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when a codec has no place in MPEG-TS here (AV1, VP9, Opus) or there is no track at all.
    pub fn new(video: Option<&Config>, audio: Option<&Config>) -> Result<Self, Error> {
        let (video, audio) = tracks(video, audio)?;
        Ok(Self {
            video,
            audio,
            pmt_version: 0,
            packets: PacketWriter::default(),
            last_pcr: None,
            group: AudioGroup::default(),
            access_unit: Vec::new(),
        })
    }

    /// Changes the tracks from the next segment on; counters run on and the PMT gets a new version.
    ///
    /// # Errors
    /// As [`Self::new`]; the muxer is then unchanged.
    pub fn reconfigure(&mut self, video: Option<&Config>, audio: Option<&Config>) -> Result<(), Error> {
        (self.video, self.audio) = tracks(video, audio)?;
        self.pmt_version = (self.pmt_version + 1) & 0x1f;
        Ok(())
    }

    /// The next segment begins at another time or with another encoder: its first PCR stands for itself.
    pub fn discontinuity(&mut self) {
        self.last_pcr = None;
    }

    /// Renders one segment. Samples of a track this muxer does not carry are left out.
    pub fn segment(&mut self, samples: &[Sample]) -> Bytes {
        let mut out = Vec::with_capacity(capacity(samples));
        self.tables(&mut out);
        let mut order: Vec<&Sample> = samples.iter().collect();
        order.sort_by_key(|sample| sample.dts);
        for sample in order {
            match sample.track {
                Track::Video if self.video.is_some() => self.video_sample(&mut out, sample),
                Track::Audio if self.audio.is_some() => self.audio_sample(&mut out, sample),
                Track::Video | Track::Audio => {}
            }
        }
        self.flush_audio(&mut out);
        Bytes::from(out)
    }

    fn clock_pid(&self) -> Pid {
        if self.video.is_some() { Pid::Video } else { Pid::Audio }
    }

    fn tables(&mut self, out: &mut Vec<u8>) {
        self.packets.table(out, Pid::Pat, &psi::pat());
        let streams = [
            self.video.as_ref().map(|video| (video.stream_type, Pid::Video)),
            self.audio.as_ref().map(|audio| (audio.stream_type, Pid::Audio)),
        ];
        let pmt = psi::pmt(self.pmt_version, self.clock_pid(), streams.into_iter().flatten());
        self.packets.table(out, Pid::Pmt, &pmt);
    }

    fn video_sample(&mut self, out: &mut Vec<u8>, sample: &Sample) {
        if self.group.first_dts.is_some_and(|first| sample.dts - first >= AUDIO_PES_TICKS) {
            self.flush_audio(out);
        }
        let Some(video) = &self.video else { return };
        self.access_unit.clear();
        let random_access = video.units.append(&mut self.access_unit, &sample.payload, sample.keyframe);
        let pcr = self.clock_up_to(out, sample.dts, true);
        let dts = sample.dts + ORIGIN;
        let header = pes::Header::video(dts + sample.cts.max(0), dts, self.access_unit.len());
        self.packets.pes(out, Pid::Video, pcr, random_access, header.bytes(), &self.access_unit);
    }

    fn audio_sample(&mut self, out: &mut Vec<u8>, sample: &Sample) {
        let full = self.group.first_dts.is_some_and(|first| {
            sample.dts - first >= AUDIO_PES_TICKS || self.group.bytes.len() + sample.payload.len() > AUDIO_PES_BYTES
        });
        if full {
            self.flush_audio(out);
        }
        let Some(audio) = &self.audio else { return };
        if sample.payload.is_empty() || sample.payload.len() > pes::MAX_AUDIO {
            return;
        }
        if let AudioForm::Adts(header) = &audio.form {
            let Some(header) = header.of_frame(sample.payload.len()) else { return };
            self.group.bytes.extend_from_slice(&header);
        }
        self.group.bytes.extend_from_slice(&sample.payload);
        self.group.first_dts.get_or_insert(sample.dts);
    }

    fn flush_audio(&mut self, out: &mut Vec<u8>) {
        let Some(first) = self.group.first_dts.take() else { return };
        let carries_clock = self.clock_pid() == Pid::Audio;
        let pcr = self.clock_up_to(out, first, carries_clock);
        let header = pes::Header::audio(first + ORIGIN, self.group.bytes.len());
        self.packets.pes(out, Pid::Audio, pcr, true, header.bytes(), &self.group.bytes);
        self.group.bytes.clear();
    }

    /// Brings the PCR up to media at `dts`, with packets of their own where the gap is too long. The PCR for the
    /// packet that comes next is returned when that packet is on the clock's PID.
    fn clock_up_to(&mut self, out: &mut Vec<u8>, dts: i64, carries_clock: bool) -> Option<i64> {
        let target = dts + ORIGIN - PCR_LEAD;
        let Some(last) = self.last_pcr else {
            self.last_pcr = Some(target);
            if carries_clock {
                return Some(target);
            }
            self.packets.clock(out, self.clock_pid(), target);
            return None;
        };
        let target = target.max(last);
        if target - last <= PCR_HOLE {
            let mut at = last;
            while target - at > PCR_INTERVAL {
                at += PCR_INTERVAL;
                self.packets.clock(out, self.clock_pid(), at);
                self.last_pcr = Some(at);
            }
        }
        if carries_clock {
            self.last_pcr = Some(target);
            return Some(target);
        }
        None
    }
}

fn tracks(video: Option<&Config>, audio: Option<&Config>) -> Result<(Option<Video>, Option<Audio>), Error> {
    if video.is_none() && audio.is_none() {
        return Err(Error::Unsupported { what: "MPEG-TS programme", value: "no track".into() });
    }
    let video = video.map(|config| match config {
        Config::Avc(avc) => Ok(Video { units: annexb::AnnexB::avc(avc), stream_type: 0x1b }),
        Config::Hevc(hevc) => Ok(Video { units: annexb::AnnexB::hevc(hevc), stream_type: 0x24 }),
        other => Err(unsupported(other.codec())),
    });
    let audio = audio.map(|config| match config {
        Config::Aac(aac) => Ok(Audio { form: AudioForm::Adts(adts::Header::new(aac)), stream_type: 0x0f }),
        // ISO 13818-1 table 2-34: 0x03 is MPEG-1 audio, 0x04 the half sample rates of MPEG-2.
        Config::Mp3(mp3) => {
            Ok(Audio { form: AudioForm::Bare, stream_type: if mp3.format.sample_rate < 32_000 { 0x04 } else { 0x03 } })
        }
        other => Err(unsupported(other.codec())),
    });
    Ok((video.transpose()?, audio.transpose()?))
}

fn unsupported(codec: Codec) -> Error {
    Error::Unsupported { what: "codec in MPEG-TS", value: codec.name().into() }
}

/// Bytes a segment of these samples takes, a little rounded up.
fn capacity(samples: &[Sample]) -> usize {
    let media: usize = samples.iter().map(|sample| sample.payload.len()).sum();
    (media / 184 + 8) * TS_PACKET + samples.len() * 2 * TS_PACKET
}
