//! Aggregate messages (RTMP 1.0, 7.1.6): FLV tags one after another in one message.

use super::chunk::Message;
use crate::flv::{Tag, TagKind};

/// Type, size, timestamp, its extension, stream id.
const TAG_HEADER: usize = 11;
/// The back pointer behind each tag.
const BACK_POINTER: usize = 4;

/// The tags of an aggregate message, sharing its bytes. Their timestamps move by the difference between the message's
/// and the first tag's. What is cut short at the end is left out.
pub(super) fn split(message: &Message) -> impl Iterator<Item = Tag> {
    let mut at = 0_usize;
    let mut offset = None;
    std::iter::from_fn(move || {
        loop {
            let header = message.body.get(at..)?.first_chunk::<TAG_HEADER>()?;
            let [kind, s0, s1, s2, t0, t1, t2, t3, ..] = *header;
            let size = u32::from_be_bytes([0, s0, s1, s2]) as usize;
            let timestamp = u32::from_be_bytes([t3, t0, t1, t2]);
            let start = at.checked_add(TAG_HEADER)?;
            let end = start.checked_add(size)?;
            if end > message.body.len() {
                return None;
            }
            at = end.checked_add(BACK_POINTER)?;
            let offset = *offset.get_or_insert(message.timestamp.wrapping_sub(timestamp));
            if let Some(kind) = TagKind::from_id(kind) {
                let body = message.body.slice(start..end);
                return Some(Tag { kind, timestamp: timestamp.wrapping_add(offset), body });
            }
        }
    })
}
