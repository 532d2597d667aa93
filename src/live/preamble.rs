//! What an FLV viewer gets before its first frame: file header, onMetaData, sequence headers.

use super::feed::{Feed, TrackState};
use bytes::{Bytes, BytesMut};
use synctv_ingest::{
    Frame, Track,
    flv::{self, TagKind},
};

/// Bytes of an FLV tag header.
pub const TAG_HEADER_BYTES: usize = 11;

/// The opening bytes, shared by all viewers that join under one configuration.
#[derive(Debug)]
pub struct Preamble {
    /// FLV file header up to the last sequence header, each tag with its PreviousTagSize.
    pub bytes: Bytes,
    /// The sequence headers alone, for a viewer that skipped a change of configuration.
    pub headers: Vec<Frame>,
    /// [`Feed::config_version`] it was built from.
    pub config_version: u32,
}

/// Builds the opening of a feed whose tracks are known.
pub fn build(feed: &Feed) -> Preamble {
    let (video, audio) = (feed.shown_video(), feed.shown_audio());
    let headers: Vec<Frame> = [video, audio].into_iter().flatten().filter_map(TrackState::header).cloned().collect();
    let mut bytes = BytesMut::new();
    bytes.extend_from_slice(&flv::file_header(audio.is_some(), video.is_some()));
    put_tag(&mut bytes, TagKind::Script, &metadata(video, audio));
    for header in &headers {
        put_tag(&mut bytes, kind_of(header.track), &header.tag);
    }
    Preamble { bytes: bytes.freeze(), headers, config_version: feed.config_version }
}

/// The kind of tag a track's frames are.
pub const fn kind_of(track: Track) -> TagKind {
    match track {
        Track::Video => TagKind::Video,
        Track::Audio => TagKind::Audio,
    }
}

fn put_tag(to: &mut BytesMut, kind: TagKind, body: &[u8]) {
    to.extend_from_slice(&flv::tag_header(kind, body.len(), 0));
    to.extend_from_slice(body);
    to.extend_from_slice(&previous_tag_size(body.len()));
}

fn metadata(video: Option<&TrackState>, audio: Option<&TrackState>) -> Bytes {
    flv::on_metadata(
        video.map(|t| (t.config.codec(), t.config.video())),
        audio.map(|t| (t.config.codec(), t.config.audio())),
    )
}

/// What follows a tag (FLV 10.1, E.3).
pub fn previous_tag_size(body: usize) -> [u8; 4] {
    ((body + TAG_HEADER_BYTES) as u32).to_be_bytes()
}
