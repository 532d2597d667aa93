//! Synthetic media: FLV tags of the sizes and at the times of a live encoder, each picture with its number and send time inside.

use crate::harness::{DEMO_CLIP, FlvReader, Tag, TagKind};
use std::{fs::File, io::BufReader, time::Duration};

const FRAMES_PER_S: u32 = 30;
const GOP_FRAMES: u32 = 60;
/// A key frame is so many times larger than the others.
const KEY_FRAME_WEIGHT: usize = 8;
const AAC_FRAME_SAMPLES: u64 = 1024;
const SAMPLES_PER_S: u64 = 44_100;
/// Tag header (5 bytes), NAL unit length (4) and type (1) come before the stamp.
const STAMP_AT: usize = 10;
/// Seven bits a byte, top bit set, so that no start code can arise: 5 bytes of number, 10 of time.
const NUMBER_BYTES: usize = 5;
const TIME_BYTES: usize = 10;

/// Bits a second.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub video: usize,
    pub audio: usize,
}

/// What a picture says about itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp {
    pub number: u64,
    /// When it was sent, on the clock of `meter::now_ns`.
    pub sent_ns: u64,
}

/// One publication's tags, in order.
pub struct Feed {
    picture_bytes: usize,
    sound_bytes: usize,
    pictures: u32,
    sounds: u32,
}

impl Feed {
    pub fn new(rate: Rate) -> Self {
        let gop_bytes = rate.video / 8 * (GOP_FRAMES / FRAMES_PER_S) as usize;
        let picture_bytes = gop_bytes / (GOP_FRAMES as usize - 1 + KEY_FRAME_WEIGHT);
        let sound_bytes = rate.audio / 8 * AAC_FRAME_SAMPLES as usize / SAMPLES_PER_S as usize;
        Self { picture_bytes, sound_bytes, pictures: 0, sounds: 0 }
    }

    /// Sequence headers of the bundled clip: the server must believe that this is H.264 and AAC.
    pub fn sequence_headers() -> Vec<Tag> {
        let mut clip = FlvReader::new(BufReader::new(File::open(DEMO_CLIP).expect("the bundled clip")));
        let mut found = Vec::new();
        while found.len() < 2 {
            found.push(Tag { timestamp: 0, ..clip.until(Tag::is_sequence_header) });
        }
        found
    }

    /// When the next tag is to be sent, from the publication's beginning.
    pub fn due(&self) -> Duration {
        self.picture_due().min(self.sound_due())
    }

    fn picture_due(&self) -> Duration {
        Duration::from_secs(1) * self.pictures / FRAMES_PER_S
    }

    fn sound_due(&self) -> Duration {
        Duration::from_nanos(u64::from(self.sounds) * AAC_FRAME_SAMPLES * 1_000_000_000 / SAMPLES_PER_S)
    }

    /// The tag that is due, stamped with this time.
    pub fn next_tag(&mut self, now_ns: u64) -> Tag {
        let timestamp = u32::try_from(self.due().as_millis()).expect("fewer than 49 days");
        if self.sound_due() < self.picture_due() {
            self.sounds += 1;
            let mut body = vec![0xaf, 1];
            body.resize(2 + self.sound_bytes, 0x5a);
            return Tag { kind: TagKind::Audio, timestamp, body };
        }
        let key = self.pictures.is_multiple_of(GOP_FRAMES);
        let size = if key { KEY_FRAME_WEIGHT * self.picture_bytes } else { self.picture_bytes };
        let mut body = vec![if key { 0x17 } else { 0x27 }, 1, 0, 0, 0];
        body.extend(u32::try_from(size).expect("a picture").to_be_bytes());
        // nal_unit_type 5 (IDR) and 1 (ISO 14496-10 table 7-1).
        body.push(if key { 0x65 } else { 0x41 });
        body.extend(sevens::<NUMBER_BYTES>(self.pictures.into()));
        body.extend(sevens::<TIME_BYTES>(now_ns));
        body.resize(9 + size, 0xa5);
        self.pictures += 1;
        Tag { kind: TagKind::Video, timestamp, body }
    }
}

impl Stamp {
    /// Of a video tag's body; `None` for a sequence header.
    pub fn of(body: &[u8]) -> Option<Self> {
        if *body.get(1)? != 1 {
            return None;
        }
        let number = body.get(STAMP_AT..STAMP_AT + NUMBER_BYTES)?;
        let time = body.get(STAMP_AT + NUMBER_BYTES..STAMP_AT + NUMBER_BYTES + TIME_BYTES)?;
        Some(Self { number: from_sevens(number), sent_ns: from_sevens(time) })
    }
}

fn sevens<const N: usize>(value: u64) -> [u8; N] {
    std::array::from_fn(|i| 0x80 | (value >> (7 * i) & 0x7f) as u8)
}

fn from_sevens(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}
