//! The decoder configurations segments are made with.

use crate::{
    codec::{Codec, Config},
    frame::{Frame, FrameKind, Track},
};
use bytes::Bytes;

/// At most one track of each kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tracks {
    /// The picture.
    pub video: Option<Config>,
    /// The sound.
    pub audio: Option<Config>,
}

impl Tracks {
    /// The configuration of a track.
    #[must_use]
    pub const fn get(&self, track: Track) -> Option<&Config> {
        match track {
            Track::Video => self.video.as_ref(),
            Track::Audio => self.audio.as_ref(),
        }
    }
}

/// What a publisher says its tracks are, as it comes: in sequence headers, in key frames, in MP3 frame headers.
#[derive(Debug, Clone, Default)]
pub(super) struct Announced {
    tracks: Tracks,
    /// Sound of which only the sequence header has come: some publishers announce a track and never send it.
    sound: Option<Config>,
    /// The picture's sequence header as sent, and what it says; key frames complete it.
    picture: Option<(Bytes, Config)>,
}

impl Announced {
    pub(super) const fn tracks(&self) -> &Tracks {
        &self.tracks
    }

    /// Whether the frame's track is configured, completely, for the frame's codec.
    pub(super) fn describes(&self, frame: &Frame) -> bool {
        self.tracks.get(frame.track).is_some_and(|config| config.codec() == frame.codec)
    }

    /// Learns from a frame; says whether that changes a configuration. Repeated bytes are no change, and a header
    /// that cannot be read is as if it had not come.
    pub(super) fn observe(&mut self, frame: &Frame) -> bool {
        match (frame.track, frame.kind) {
            (Track::Audio, FrameKind::SequenceHeader) => {
                self.sound_header(frame);
                false
            }
            (Track::Audio, FrameKind::Media) => self.sound_begins(frame),
            (Track::Video, FrameKind::SequenceHeader) => self.picture_header(frame),
            (Track::Video, FrameKind::Media) => frame.keyframe && self.picture_in_band(frame),
        }
    }

    fn sound_header(&mut self, frame: &Frame) {
        let known = self.sound.as_ref().or(self.tracks.audio.as_ref()).filter(|config| config.codec() == frame.codec);
        if known.is_some_and(|config| config.record().as_ref() == frame.payload()) {
            return;
        }
        if let Ok(config) = Config::parse(frame.codec, &frame.payload_bytes()) {
            self.sound = Some(config);
        }
    }

    fn sound_begins(&mut self, frame: &Frame) -> bool {
        if frame.codec == Codec::Mp3 {
            self.sound_header(frame);
        }
        match self.sound.take_if(|config| config.codec() == frame.codec) {
            Some(config) if self.tracks.audio.as_ref() != Some(&config) => {
                self.tracks.audio = Some(config);
                true
            }
            _ => false,
        }
    }

    fn picture_header(&mut self, frame: &Frame) -> bool {
        let same = |(header, config): &(Bytes, Config)| config.codec() == frame.codec && header == frame.payload();
        if self.picture.as_ref().is_some_and(same) {
            return false;
        }
        let header = frame.payload_bytes();
        let Ok(config) = Config::parse(frame.codec, &header) else { return false };
        let changed = config.is_complete() && self.tracks.video.as_ref() != Some(&config);
        if changed {
            self.tracks.video = Some(config.clone());
        } else if !config.is_complete() && self.tracks.video.as_ref().is_some_and(|old| old.codec() != frame.codec) {
            self.tracks.video = None;
        }
        self.picture = Some((header, config));
        changed
    }

    fn picture_in_band(&mut self, frame: &Frame) -> bool {
        let incomplete = |(_, config): &&(Bytes, Config)| config.codec() == frame.codec && !config.is_complete();
        let Some((_, announced)) = self.picture.as_ref().filter(incomplete) else { return false };
        match announced.completed_by(frame.payload()) {
            Ok(Some(config)) if config.is_complete() && self.tracks.video.as_ref() != Some(&config) => {
                self.tracks.video = Some(config);
                true
            }
            _ => false,
        }
    }
}
