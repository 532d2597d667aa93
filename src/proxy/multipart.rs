//! `multipart/byteranges` (RFC 9110 14.6): several parts in one body whose length is known before it is sent.

use std::ops::Range;

use bytes::Bytes;

/// The frame around several parts of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart {
    /// What goes before each part, and the part.
    pub parts: Vec<(Bytes, Range<u64>)>,
    /// What goes after the last one.
    pub end: Bytes,
    /// Bytes of it all.
    pub len: u64,
}

impl Multipart {
    /// Frames parts of a resource of `total` bytes. `boundary` must not stand in it: it is drawn at random.
    #[must_use]
    pub fn new(boundary: &str, content_type: &str, ranges: &[Range<u64>], total: u64) -> Self {
        let framed = ranges.iter().map(|range| {
            let (first, last) = (range.start, range.end.saturating_sub(1));
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: bytes {first}-{last}/{total}\r\n\r\n"
            );
            (Bytes::from(head), range.clone())
        });
        let parts: Vec<_> = framed.collect();
        let end = Bytes::from(format!("\r\n--{boundary}--\r\n"));
        let length = |(head, range): &(Bytes, Range<u64>)| (head.len() as u64).saturating_add(range.end - range.start);
        let len = parts.iter().map(length).fold(end.len() as u64, u64::saturating_add);
        Self { parts, end, len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_between_boundaries_and_the_length_is_exact() {
        let file = b"0123456789";
        let framed = Multipart::new("XyZ", "video/mp4", &[0..2, 9..10], 10);
        let mut body = Vec::new();
        for (head, range) in &framed.parts {
            body.extend_from_slice(head);
            body.extend_from_slice(&file[range.start as usize..range.end as usize]);
        }
        body.extend_from_slice(&framed.end);
        assert_eq!(body.len() as u64, framed.len);
        let expected = "\r\n--XyZ\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
                        \r\n--XyZ\r\nContent-Type: video/mp4\r\nContent-Range: bytes 9-9/10\r\n\r\n9\
                        \r\n--XyZ--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
