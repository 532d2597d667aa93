//! Access units of H.264 and HEVC in the byte stream format: one PES packet each.

use super::clock::{Clock, milliseconds};
use super::packets::Unit;
use crate::codec::nal::{NalKind, annex_b_units, length_prefixed};
use crate::codec::{Codec, avc, hevc};
use crate::flv;
use crate::frame::Frame;
use bytes::Bytes;

/// The video stream.
#[derive(Debug)]
pub(super) struct Video {
    codec: Codec,
    /// The configuration said last.
    record: Option<Bytes>,
}

impl Video {
    pub(super) const fn new(codec: Codec) -> Self {
        Self { codec, record: None }
    }

    pub(super) const fn codec(&self) -> Codec {
        self.codec
    }

    /// Makes a frame of an access unit, behind a sequence header where the parameter sets changed; false when it has no time.
    pub(super) fn take(&mut self, unit: &Unit, clock: &mut Clock, out: &mut Vec<Frame>) -> bool {
        let (Some(pts), Some(dts)) = (unit.pts, unit.dts) else { return false };
        let dts_ticks = clock.ticks(dts);
        // Not on the clock: pictures that are shown late do not move it.
        let ahead = (pts.wrapping_sub(dts) & 0x1_ffff_ffff).cast_signed();
        let ahead = if ahead >= 1 << 32 { ahead - (1 << 33) } else { ahead };
        let dts = milliseconds(dts_ticks);
        let cts = i32::try_from(milliseconds(dts_ticks + ahead) - dts).unwrap_or_default();

        let kinds = |kind: NalKind| annex_b_units(unit.payload()).any(|nal| NalKind::of(self.codec, nal) == kind);
        let has_sets = kinds(NalKind::Sps) && kinds(NalKind::Pps) && (self.codec == Codec::H264 || kinds(NalKind::Vps));
        if has_sets
            && let Some(record) = record(self.codec, unit.payload())
            && self.record.as_ref() != Some(&record)
        {
            out.push(flv::sequence_header(self.codec, &record, dts));
            self.record = Some(record);
        }
        // An access unit with a part of its sets only keeps them: they come after those of the sequence header and win.
        let takes_out = has_sets && self.record.is_some();
        let kept = annex_b_units(unit.payload()).filter(|nal| {
            let kind = NalKind::of(self.codec, nal);
            kind != NalKind::Aud && !(takes_out && kind.is_parameter_set())
        });
        let payload = length_prefixed(kept);
        if self.record.is_none() || payload.is_empty() {
            // Before its configuration nothing can be decoded.
            return true;
        }
        let may_start = unit.random_access || kinds(NalKind::RandomAccess);
        let keyframe = may_start && flv::is_keyframe(self.codec, &payload, 4);
        out.push(flv::media(self.codec, keyframe, dts, cts, &payload));
        true
    }
}

/// The configuration record of the parameter sets in an access unit.
fn record(codec: Codec, stream: &[u8]) -> Option<Bytes> {
    let sets = annex_b_units(stream).filter(|nal| NalKind::of(codec, nal).is_parameter_set());
    let sets = length_prefixed(sets);
    match codec {
        Codec::H264 => avc::Config::from_access_unit(&sets, 4).ok()?.map(|config| config.record),
        Codec::Hevc => hevc::Config::from_access_unit(&sets, 4).ok()?.map(|config| config.record),
        Codec::Av1 | Codec::Vp9 | Codec::Aac | Codec::Mp3 | Codec::Opus => None,
    }
}
