//! The handshake (RTMP 1.0, 5.2, and the digest form encoders use), as rml_rtmp does it.

use crate::error::Error;
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};

/// C0, C1 and C2, or S0, S1 and S2.
const HANDSHAKE_BYTES: usize = 1 + 1536 + 1536;

/// One side's half. Given to it are exactly the bytes of the handshake, so that it never holds what follows them.
pub(super) struct HandshakeHalf {
    machine: Handshake,
    left: usize,
}

impl HandshakeHalf {
    /// The server's: it answers.
    pub fn server() -> Self {
        Self { machine: Handshake::new(PeerType::Server), left: HANDSHAKE_BYTES }
    }

    /// The client's, and what it says first: C0 and C1.
    pub fn client() -> Result<(Self, Vec<u8>), Error> {
        let mut machine = Handshake::new(PeerType::Client);
        let opening = machine.generate_outbound_p0_and_p1();
        let opening = opening.map_err(|_| Error::malformed("RTMP handshake", "could not begin"))?;
        Ok((Self { machine, left: HANDSHAKE_BYTES }, opening))
    }

    /// Takes what belongs to the handshake off the front of `input`; returns what to send, and whether it is done.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<(Vec<u8>, bool), Error> {
        let (front, rest) = input.split_at(self.left.min(input.len()));
        if front.is_empty() {
            return Ok((Vec::new(), false));
        }
        let result = self.machine.process_bytes(front);
        *input = rest;
        self.left -= front.len();
        match result {
            Ok(HandshakeProcessResult::Completed { response_bytes, .. }) => Ok((response_bytes, true)),
            Ok(HandshakeProcessResult::InProgress { response_bytes }) if self.left > 0 => Ok((response_bytes, false)),
            Ok(HandshakeProcessResult::InProgress { .. }) => {
                Err(Error::malformed("RTMP handshake", "did not complete"))
            }
            Err(_) => Err(Error::malformed("RTMP handshake", "not version 3")),
        }
    }
}
