//! Length-prefixed NAL units to the byte stream format (ITU-T H.264 and H.265 annex B).

use crate::codec::{avc, hevc};
use bytes::Bytes;

const START_CODE: [u8; 4] = [0, 0, 0, 1];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    Avc,
    Hevc,
}

/// What a NAL unit means for the order of an access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Delimiter,
    ParameterSet(u8),
    RandomAccess,
    Other,
}

/// Turns the samples of one track into access units as MPEG-TS wants them: a delimiter first, and the parameter sets
/// before every place where a decoder may start.
#[derive(Debug, Clone)]
pub(super) struct AnnexB {
    syntax: Syntax,
    length_size: usize,
    parameter_sets: Vec<u8>,
}

impl AnnexB {
    pub(super) fn avc(config: &avc::Config) -> Self {
        Self::new(Syntax::Avc, config.nal_length_size, config.sps.iter().chain(&config.pps))
    }

    pub(super) fn hevc(config: &hevc::Config) -> Self {
        Self::new(Syntax::Hevc, config.nal_length_size, config.vps.iter().chain(&config.sps).chain(&config.pps))
    }

    fn new<'a>(syntax: Syntax, length_size: u8, sets: impl Iterator<Item = &'a Bytes>) -> Self {
        let mut parameter_sets = Vec::new();
        for set in sets {
            parameter_sets.extend_from_slice(&START_CODE);
            parameter_sets.extend_from_slice(set);
        }
        Self { syntax, length_size: usize::from(length_size.clamp(1, 4)), parameter_sets }
    }

    /// Appends the access unit in `sample`; says whether a decoder may start at it. A NAL unit that claims to be longer
    /// than the sample ends it.
    pub(super) fn append(&self, out: &mut Vec<u8>, sample: &[u8], keyframe: bool) -> bool {
        let mut random_access = keyframe;
        let mut sets_in_band = 0_u8;
        for unit in self.units(sample) {
            match self.kind(unit) {
                Unit::RandomAccess => random_access = true,
                Unit::ParameterSet(which) => sets_in_band |= which,
                Unit::Delimiter | Unit::Other => {}
            }
        }
        let all_sets = if self.syntax == Syntax::Avc { 0b011 } else { 0b111 };

        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(match self.syntax {
            Syntax::Avc => &[0x09, 0xf0],
            Syntax::Hevc => &[0x46, 0x01, 0x50],
        });
        // A sample that brings some of its sets in band may mean others than the sequence header: those come later
        // in the access unit and win.
        if random_access && sets_in_band != all_sets {
            out.extend_from_slice(&self.parameter_sets);
        }
        for unit in self.units(sample).filter(|unit| self.kind(unit) != Unit::Delimiter) {
            out.extend_from_slice(&START_CODE);
            out.extend_from_slice(unit);
        }
        random_access
    }

    fn kind(&self, unit: &[u8]) -> Unit {
        let first = unit.first().copied().unwrap_or(0);
        match (self.syntax, if self.syntax == Syntax::Avc { first & 0x1f } else { (first >> 1) & 0x3f }) {
            (Syntax::Avc, 9) | (Syntax::Hevc, 35) => Unit::Delimiter,
            (Syntax::Avc, 7) | (Syntax::Hevc, 33) => Unit::ParameterSet(0b001),
            (Syntax::Avc, 8) | (Syntax::Hevc, 34) => Unit::ParameterSet(0b010),
            (Syntax::Hevc, 32) => Unit::ParameterSet(0b100),
            (Syntax::Avc, 5) | (Syntax::Hevc, 16..=23) => Unit::RandomAccess,
            _ => Unit::Other,
        }
    }

    fn units<'a>(&self, sample: &'a [u8]) -> Units<'a> {
        Units { rest: sample, length_size: self.length_size }
    }
}

/// The NAL units of a sample; empty ones are passed over.
struct Units<'a> {
    rest: &'a [u8],
    length_size: usize,
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let (length, rest) = self.rest.split_at_checked(self.length_size)?;
            let length = length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
            let Some((unit, rest)) = rest.split_at_checked(length) else {
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            if !unit.is_empty() {
                return Some(unit);
            }
        }
    }
}
