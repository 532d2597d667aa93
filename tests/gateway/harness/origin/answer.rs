//! How one file is answered.

use std::{
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use super::{Lie, reply::Reply, request::Request, wire};

/// A file and how it is answered. Honest about ranges and conditions unless it [lies](Answer::lying).
#[derive(Default)]
pub struct Answer {
    pub(super) body: Arc<Vec<u8>>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    status: Option<u16>,
    required: Vec<(String, String, u16)>,
    first_byte_after: Duration,
    only_first: Option<u64>,
    lie: Option<Lie>,
    times: AtomicU64,
}

impl Answer {
    /// An honest file without validators.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { body: Arc::new(bytes.into()), ..Self::default() }
    }

    /// Nothing but a status, and a body that says so.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::new(format!("status {status}\n")) }
    }

    /// A redirect.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("Location", to)
    }

    /// One more header of the answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// `Content-Type`.
    pub fn content_type(self, value: &str) -> Self {
        self.header("Content-Type", value)
    }

    /// `Cache-Control`.
    pub fn cache_control(self, value: &str) -> Self {
        self.header("Cache-Control", value)
    }

    /// `ETag`, with its quotes; conditions are answered by it.
    pub fn etag(mut self, value: &str) -> Self {
        self.etag = Some(value.into());
        self
    }

    /// `Last-Modified`; conditions are answered by it (compared as text).
    pub fn last_modified(mut self, value: &str) -> Self {
        self.last_modified = Some(value.into());
        self
    }

    /// Without this header and value (name in lower case) the answer is this status: 401 or 403.
    pub fn requires(mut self, name: &str, value: &str, otherwise: u16) -> Self {
        self.required.push((name.into(), value.into(), otherwise));
        self
    }

    /// The head is held back for so long.
    pub fn first_byte_after(mut self, delay: Duration) -> Self {
        self.first_byte_after = delay;
        self
    }

    /// Lies, always.
    pub fn lying(mut self, lie: Lie) -> Self {
        self.lie = Some(lie);
        self
    }

    /// Lies in the first answers, and is honest afterwards.
    pub fn lying_first(mut self, lie: Lie, answers: u64) -> Self {
        (self.lie, self.only_first) = (Some(lie), Some(answers));
        self
    }

    /// Answers; whether the connection may be used again.
    pub(super) fn write(&self, socket: &TcpStream, request: &Request) -> std::io::Result<bool> {
        let earlier = self.times.fetch_add(1, SeqCst);
        thread::sleep(self.first_byte_after);
        let missing = self.required.iter().find(|(name, value, _)| request.header(name) != Some(value));
        if let Some((_, _, status)) = missing {
            return wire::write(socket, request, &Reply::empty(*status), None);
        }
        if let Some(status) = self.status {
            let reply = Reply::whole(status, &self.body, &self.headers);
            return wire::write(socket, request, &reply, None);
        }
        let lie = self.lie.filter(|_| self.only_first.is_none_or(|first| earlier < first));
        let honest = Reply::honest(self, request);
        let reply = match lie {
            None => honest,
            Some(lie) => lie.told(honest, self, request, earlier),
        };
        wire::write(socket, request, &reply, lie)
    }
}
