//! What an FLV viewer gets before its first frame: file header, onMetaData, sequence headers.

use super::feed::{Feed, TrackState};
use bytes::{Bytes, BytesMut};
use synctv_ingest::flv::{self, TagKind};

/// Bytes of an FLV tag header.
pub const TAG_HEADER_BYTES: usize = 11;

/// The opening bytes, shared by all viewers that join under one configuration.
#[derive(Debug)]
pub struct Preamble {
    /// FLV file header up to the last sequence header, each tag with its PreviousTagSize.
    pub bytes: Bytes,
    /// The sequence headers alone, for a viewer that skipped a change of configuration.
    pub headers: Bytes,
    /// [`Feed::config_version`] it was built from.
    pub config_version: u32,
}

/// Builds the opening of a feed whose tracks are known.
pub fn build(feed: &Feed) -> Preamble {
    let video = feed.video.as_ref().filter(|_| feed.has_video());
    let audio = feed.audio.as_ref();
    let mut headers = BytesMut::new();
    for (track, kind) in [(video, TagKind::Video), (audio, TagKind::Audio)] {
        if let Some(header) = track.and_then(TrackState::header) {
            put_tag(&mut headers, kind, &header.tag);
        }
    }
    let mut bytes = BytesMut::new();
    bytes.extend_from_slice(&flv::file_header(audio.is_some(), video.is_some()));
    put_tag(&mut bytes, TagKind::Script, &metadata(video, audio));
    bytes.extend_from_slice(&headers);
    Preamble { bytes: bytes.freeze(), headers: headers.freeze(), config_version: feed.config_version }
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
