//! What segments are made of, whatever it is, to frames.

use bytes::Bytes;
use synctv_ingest::{Error, Frame, fmp4, ts};

/// What an MPEG-TS segment begins with.
const TS_SYNC: u8 = 0x47;

/// The demuxer of one rendition.
#[derive(Debug, Default)]
pub struct Container {
    ts: ts::Demuxer,
    fmp4: Option<fmp4::Demuxer>,
}

impl Container {
    /// Another init section is in force; `None` for segments without one.
    ///
    /// # Errors
    /// When it cannot be read, or has no track that is carried.
    pub fn begin(&mut self, init: Option<&Bytes>) -> Result<(), Error> {
        self.fmp4 = init.map(|init| fmp4::Demuxer::new(init)).transpose()?;
        Ok(())
    }

    /// What follows has nothing to do with what came.
    pub fn discontinuity(&mut self) {
        self.ts.discontinuity();
    }

    /// The frames of a segment, and what the operator should hear of it.
    ///
    /// # Errors
    /// When there is nothing in it that can be read.
    pub fn segment(&mut self, segment: &Bytes) -> Result<(Vec<Frame>, Vec<String>), Error> {
        let mut frames = Vec::new();
        let mut warnings = Vec::new();
        let read = match &mut self.fmp4 {
            Some(demuxer) => {
                let read = demuxer.segment(segment, &mut frames);
                let left_out = demuxer.take_unsupported().into_iter();
                warnings.extend(left_out.map(|name| format!("{name} in MP4 is not carried and left out")));
                read
            }
            None if segment.first() == Some(&TS_SYNC) => {
                let read = self.ts.feed(segment, &mut frames);
                self.ts.flush(&mut frames);
                warnings.extend(self.ts.take_warnings().iter().map(ToString::to_string));
                read
            }
            None => {
                let read = self.ts.packed_audio(segment, &mut frames);
                warnings.extend(self.ts.take_warnings().iter().map(ToString::to_string));
                read
            }
        };
        if let Err(error) = read {
            if frames.is_empty() {
                return Err(error);
            }
            warnings.push(error.to_string());
        }
        Ok((frames, warnings))
    }
}
