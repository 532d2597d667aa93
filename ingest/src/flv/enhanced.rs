//! The headers Enhanced RTMP v2 shares between video and audio: ModEx, Multitrack, FourCC.

use super::TagKind;
use crate::error::Error;
use bytes::Bytes;

/// Where the codec's bytes start behind one byte of header and a FourCC.
pub(super) const PAYLOAD_AT: u8 = 5;
/// Packet types of both kinds of tag.
pub(super) const SEQUENCE_START: u8 = 0;
pub(super) const CODED_FRAMES: u8 = 1;
pub(super) const SEQUENCE_END: u8 = 2;
pub(super) const CODED_FRAMES_X: u8 = 3;
/// Video Metadata, audio MultichannelConfig: not forwarded, players fail on them.
const SIDE_DATA: u8 = 4;
const MOD_EX: u8 = 7;
/// Frame type of a command frame (FLV 10.1, E.4.3.1).
pub(super) const COMMAND_FRAME: u8 = 5;

/// A packet as a plain single-track tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    pub packet_type: u8,
    pub four_cc: [u8; 4],
    /// Header byte, FourCC, and what follows them for track 0.
    pub tag: Bytes,
}

/// Walks the header of an enhanced tag.
struct Cursor<'a> {
    body: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let found = self.body.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        let Some(found) = found else {
            let needed = self.at.saturating_add(N);
            return Err(Error::Truncated { what: "enhanced FLV tag header", needed, got: self.body.len() });
        };
        self.at += N;
        Ok(*found)
    }

    fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(|[byte]| byte)
    }

    fn skip(&mut self, n: usize) {
        self.at = self.at.saturating_add(n);
    }
}

/// Unwraps ModEx and Multitrack; `None` when nothing of it is for track 0 or for a decoder.
///
/// The tag is shared as it is where it was plain already, and written anew where it was wrapped.
pub(super) fn unwrap(kind: TagKind, body: &Bytes) -> Result<Option<Plain>, Error> {
    let mut cursor = Cursor { body, at: 0 };
    let first = cursor.u8()?;
    let multitrack = if kind == TagKind::Video { 6 } else { 5 };
    let mut packet_type = first & 0x0f;
    while packet_type == MOD_EX {
        let mut size = usize::from(cursor.u8()?) + 1;
        if size == 256 {
            size = usize::from(u16::from_be_bytes(cursor.array()?)) + 1;
        }
        // The only extension defined is a nanosecond offset, which a millisecond timeline has no use for.
        cursor.skip(size);
        packet_type = cursor.u8()? & 0x0f;
    }
    if packet_type == SIDE_DATA {
        return Ok(None);
    }
    if kind == TagKind::Video && (first >> 4) & 0x07 == COMMAND_FRAME {
        return Ok(None);
    }
    let mut end = body.len();
    let four_cc;
    if packet_type == multitrack {
        let header = cursor.u8()?;
        packet_type = header & 0x0f;
        if packet_type == multitrack || packet_type == MOD_EX {
            return Err(Error::malformed("multitrack FLV tag", "wraps another wrapper"));
        }
        if packet_type == SIDE_DATA {
            return Ok(None);
        }
        let Some(found) = first_track(&mut cursor, header >> 4)? else { return Ok(None) };
        (four_cc, end) = found;
    } else {
        four_cc = cursor.array()?;
    }
    if cursor.at == usize::from(PAYLOAD_AT) && end == body.len() {
        return Ok(Some(Plain { packet_type, four_cc, tag: body.clone() }));
    }
    let payload = body.get(cursor.at..end).unwrap_or_default();
    let mut tag = Vec::with_capacity(usize::from(PAYLOAD_AT) + payload.len());
    tag.push((first & 0xf0) | packet_type);
    tag.extend_from_slice(&four_cc);
    tag.extend_from_slice(payload);
    Ok(Some(Plain { packet_type, four_cc, tag: Bytes::from(tag) }))
}

/// Leaves the cursor at the payload of track 0 and returns its FourCC and where it ends.
fn first_track(cursor: &mut Cursor<'_>, layout: u8) -> Result<Option<([u8; 4], usize)>, Error> {
    const ONE_TRACK: u8 = 0;
    const MANY_CODECS: u8 = 2;
    if layout > MANY_CODECS {
        return Err(Error::malformed("multitrack FLV tag", "unknown layout"));
    }
    let shared = if layout == MANY_CODECS { None } else { Some(cursor.array::<4>()?) };
    while cursor.at < cursor.body.len() {
        let four_cc = match shared {
            Some(four_cc) => four_cc,
            None => cursor.array()?,
        };
        let track = cursor.u8()?;
        let size = if layout == ONE_TRACK {
            cursor.body.len().saturating_sub(cursor.at)
        } else {
            let [a, b, c] = cursor.array()?;
            u32::from_be_bytes([0, a, b, c]) as usize
        };
        let end = cursor.at.saturating_add(size);
        if end > cursor.body.len() {
            return Err(Error::Truncated { what: "multitrack FLV tag", needed: end, got: cursor.body.len() });
        }
        if track == 0 {
            return Ok(Some((four_cc, end)));
        }
        cursor.at = end;
    }
    Ok(None)
}

/// A FourCC fit for a message to people.
pub(super) fn four_cc_name(four_cc: [u8; 4]) -> String {
    four_cc.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect()
}
