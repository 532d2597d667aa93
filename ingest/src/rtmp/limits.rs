//! What one connection may ask of us before anybody knows who it is.

use crate::flv::amf0;

/// Bounds on one connection. The default is what the server documents.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one message once publishing was accepted: 10 MiB.
    pub message_bytes: usize,
    /// Bytes of one message before that, and half of what all incomplete messages may hold then: 64 KiB.
    pub message_bytes_before_publish: usize,
    /// Chunk streams of one connection: 64.
    pub chunk_streams: usize,
    /// Bytes held by all incomplete messages of one connection: 16 MiB.
    pub partial_bytes: usize,
    /// Nested AMF containers: 16.
    pub amf_depth: usize,
    /// AMF values in one message: 1024.
    pub amf_elements: usize,
    /// Bytes of one AMF message: 64 KiB.
    pub amf_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let amf = amf0::Bounds::default();
        Self {
            message_bytes: 10 * 1024 * 1024,
            message_bytes_before_publish: 64 * 1024,
            chunk_streams: 64,
            partial_bytes: 16 * 1024 * 1024,
            amf_depth: amf.depth,
            amf_elements: amf.elements,
            amf_bytes: amf.bytes,
        }
    }
}

impl Limits {
    /// The part of the limits the AMF reader wants.
    #[must_use]
    pub const fn amf(&self) -> amf0::Bounds {
        amf0::Bounds { depth: self.amf_depth, elements: self.amf_elements, bytes: self.amf_bytes }
    }
}
