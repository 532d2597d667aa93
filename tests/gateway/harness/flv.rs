//! A strict FLV reader (FLV 10.1 E.2-E.4), written apart from the one under test.

use std::io::{self, Read};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    Audio,
    Video,
    Script,
}

#[derive(Debug, Clone)]
pub struct Tag {
    pub kind: TagKind,
    /// ms.
    pub timestamp: u32,
    pub body: Vec<u8>,
}

impl Tag {
    /// A legacy or Enhanced RTMP video tag whose frame type says key frame.
    pub fn is_video_keyframe(&self) -> bool {
        self.kind == TagKind::Video
            && self.body.first().is_some_and(|b| b >> 4 & 0x7 == 1)
            && !self.is_sequence_header()
    }

    /// AVC or AAC sequence header, or an Enhanced RTMP SequenceStart.
    pub fn is_sequence_header(&self) -> bool {
        match (self.kind, self.body.as_slice()) {
            (TagKind::Video, [first, ..]) if first & 0x80 != 0 => first & 0x0f == 0,
            (TagKind::Audio, [first, ..]) if first >> 4 == 9 => first & 0x0f == 0,
            (TagKind::Video, [first, second, ..]) => matches!(first & 0x0f, 7 | 12) && *second == 0,
            (TagKind::Audio, [first, second, ..]) => first >> 4 == 10 && *second == 0,
            _ => false,
        }
    }
}

/// How an FLV body ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// After a whole tag and its PreviousTagSize.
    OnTagBoundary,
    /// Inside one.
    MidTag,
}

pub struct FlvReader<R> {
    source: R,
    pub has_audio: bool,
    pub has_video: bool,
}

impl<R: Read> FlvReader<R> {
    /// Reads the file header and PreviousTagSize0.
    #[track_caller]
    pub fn new(mut source: R) -> Self {
        let mut header = [0; 13];
        source.read_exact(&mut header).expect("13 bytes of FLV header");
        assert_eq!(&header[..4], b"FLV\x01");
        assert_eq!(&header[5..], &[0, 0, 0, 9, 0, 0, 0, 0], "data offset 9, PreviousTagSize0 0");
        Self { source, has_audio: header[4] & 4 != 0, has_video: header[4] & 1 != 0 }
    }

    /// The next tag, or how the stream ended.
    pub fn next_tag(&mut self) -> io::Result<Result<Tag, End>> {
        let mut header = [0; 11];
        match self.fill(&mut header)? {
            0 => return Ok(Err(End::OnTagBoundary)),
            11 => {}
            _ => return Ok(Err(End::MidTag)),
        }
        let kind = match header[0] {
            8 => TagKind::Audio,
            9 => TagKind::Video,
            18 => TagKind::Script,
            other => panic!("tag type {other}: the framing is lost"),
        };
        assert_eq!(header[8..], [0, 0, 0], "stream id");
        let size = u32::from_be_bytes([0, header[1], header[2], header[3]]);
        let timestamp = u32::from_be_bytes([header[7], header[4], header[5], header[6]]);
        let mut body = vec![0; size as usize];
        let mut trailer = [0; 4];
        if self.fill(&mut body)? < body.len() || self.fill(&mut trailer)? < 4 {
            return Ok(Err(End::MidTag));
        }
        assert_eq!(u32::from_be_bytes(trailer), size + 11, "PreviousTagSize");
        Ok(Ok(Tag { kind, timestamp, body }))
    }

    /// The next tag where the stream must go on.
    #[track_caller]
    pub fn tag(&mut self) -> Tag {
        match self.next_tag() {
            Ok(Ok(tag)) => tag,
            other => panic!("the stream goes on, but: {other:?}"),
        }
    }

    /// Reads tags until one satisfies the test.
    #[track_caller]
    pub fn until(&mut self, test: impl Fn(&Tag) -> bool) -> Tag {
        loop {
            let tag = self.tag();
            if test(&tag) {
                return tag;
            }
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.source.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(got) => filled += got,
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }
}
