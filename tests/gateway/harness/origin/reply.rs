//! One answer before it is written.

use std::sync::Arc;

use super::{Answer, request::Request};

/// How the end of the body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length` with this number, whatever the body is.
    Length(usize),
    Chunked,
    /// The connection's end is the body's.
    UntilClose,
}

/// What follows the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Keep,
    Close,
    /// The connection stays open, and nothing comes.
    Stall,
}

/// Status, headers and the part of the file that is sent.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub file: Arc<Vec<u8>>,
    /// Positions of the first byte that is sent, and behind the last one.
    pub part: (usize, usize),
    pub framing: Framing,
    pub end: End,
}

impl Reply {
    /// Only a status.
    pub fn empty(status: u16) -> Self {
        Self::whole(status, &Arc::default(), &[])
    }

    /// All of a file.
    pub fn whole(status: u16, file: &Arc<Vec<u8>>, headers: &[(String, String)]) -> Self {
        let total = file.len();
        let (file, headers) = (Arc::clone(file), headers.to_vec());
        Self { status, headers, file, part: (0, total), framing: Framing::Length(total), end: End::Keep }
    }

    /// What RFC 9110 asks for.
    pub fn honest(answer: &Answer, request: &Request) -> Self {
        let mut reply = Self::whole(200, &answer.body, &answer.headers);
        let total = answer.body.len();
        reply.set("Accept-Ranges", "bytes");
        if let Some(etag) = &answer.etag {
            reply.set("ETag", etag);
        }
        if let Some(date) = &answer.last_modified {
            reply.set("Last-Modified", date);
        }
        if unchanged(answer, request) {
            (reply.status, reply.file) = (304, Arc::default());
            reply.send(0, 0);
            return reply;
        }
        let current = request.header("if-range").is_none_or(|validator| {
            answer.etag.as_deref().is_some_and(|etag| etag == validator && !etag.starts_with("W/"))
                || answer.last_modified.as_deref() == Some(validator)
        });
        match request.range(total).filter(|_| current) {
            None => {}
            Some(Ok((first, last))) => {
                reply.status = 206;
                reply.set("Content-Range", &format!("bytes {first}-{last}/{total}"));
                reply.send(first, last + 1);
            }
            Some(Err(())) => {
                reply.status = 416;
                reply.set("Content-Range", &format!("bytes */{total}"));
                reply.send(0, 0);
            }
        }
        reply
    }

    /// Puts a header in place of all of its name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.headers.push((name.into(), value.into()));
    }

    pub fn unset(&mut self, name: &str) {
        self.headers.retain(|header| !header.0.eq_ignore_ascii_case(name));
    }

    /// Sends the file from one position to before the other, with the length that is true.
    pub fn send(&mut self, from: usize, to: usize) {
        (self.part, self.framing) = ((from, to), Framing::Length(to - from));
    }

    pub fn bytes(&self) -> &[u8] {
        &self.file[self.part.0..self.part.1]
    }
}

fn unchanged(answer: &Answer, request: &Request) -> bool {
    if let Some(tags) = request.header("if-none-match") {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = answer.etag.as_deref().map(opaque);
        return tags.split(',').any(|tag| tag.trim() == "*" || Some(opaque(tag)) == own);
    }
    answer.last_modified.is_some() && request.header("if-modified-since") == answer.last_modified.as_deref()
}
