//! The receiving side of a WebSocket that only sends: pings are answered, a close ends it, data is skipped (RFC 6455 5).

use bytes::Bytes;
use std::io;
use tokio::net::TcpStream;

/// A player has nothing to say: a frame above this ends the connection.
const MAX_FRAME: u64 = 4096;
/// Pings answered at once; a further one replaces the answer (RFC 6455 5.5.3 allows that).
const MAX_CONTROL: usize = 125;
/// Bytes read from one viewer in a pass over all: a talkative one waits for the next.
const MAX_READ: usize = 4096;

/// What a viewer's player sends, read without waiting.
#[derive(Debug, Default)]
pub struct Incoming {
    buffer: Vec<u8>,
    pong: Option<Bytes>,
    closed: bool,
}

impl Incoming {
    /// Starts with the bytes that came behind the upgrade request.
    pub fn new(early: &[u8]) -> Self {
        Self { buffer: early.to_vec(), ..Self::default() }
    }

    /// Reads what is there, up to [`MAX_READ`].
    ///
    /// # Errors
    /// When the peer closed, or broke the protocol.
    pub fn read_from(&mut self, socket: &TcpStream) -> io::Result<()> {
        // What came behind the upgrade request has not been looked at.
        self.parse()?;
        let mut chunk = [0; 1024];
        for _ in 0..MAX_READ / chunk.len() {
            match socket.try_read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    self.buffer.extend_from_slice(&chunk[..n]);
                    self.parse()?;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Takes bytes read elsewhere.
    ///
    /// # Errors
    /// When the peer closed, or broke the protocol.
    pub fn feed(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.parse()
    }

    /// The pong that is owed.
    pub fn reply(&mut self) -> Option<Bytes> {
        self.pong.take()
    }

    fn parse(&mut self) -> io::Result<()> {
        while let Some((opcode, payload, used)) = frame(&self.buffer)? {
            match opcode {
                0x8 => self.closed = true,
                0x9 if payload.len() <= MAX_CONTROL => {
                    let mut pong = vec![0x8a, payload.len() as u8];
                    pong.extend_from_slice(&payload);
                    self.pong = Some(pong.into());
                }
                0x9 => return Err(io::ErrorKind::InvalidData.into()),
                _ => {}
            }
            self.buffer.drain(..used);
        }
        self.buffer.shrink_to(64);
        if self.closed { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

/// The first whole frame: opcode, unmasked payload, bytes used.
fn frame(bytes: &[u8]) -> io::Result<Option<(u8, Vec<u8>, usize)>> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    if second & 0x80 == 0 {
        // 5.1: a client masks every frame.
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (length, mut at) = match second & 0x7f {
        126 => match bytes.get(2..4) {
            Some(b) => (u64::from(u16::from_be_bytes([b[0], b[1]])), 4),
            None => return Ok(None),
        },
        127 => return Err(io::ErrorKind::InvalidData.into()),
        n => (u64::from(n), 2),
    };
    if length > MAX_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let length = length as usize;
    let Some(mask) = bytes.get(at..at + 4) else { return Ok(None) };
    at += 4;
    let Some(payload) = bytes.get(at..at + length) else { return Ok(None) };
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
    Ok(Some((first & 0x0f, payload, at + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![0x80 | opcode, 0x80 | payload.len() as u8, 1, 2, 3, 4];
        out.extend(payload.iter().zip([1u8, 2, 3, 4].iter().cycle()).map(|(b, m)| b ^ m));
        out
    }

    #[test]
    fn a_ping_is_answered_in_any_cut() {
        let wire = masked(0x9, b"hello");
        for cut in 0..wire.len() {
            let mut incoming = Incoming::new(&[]);
            incoming.feed(&wire[..cut]).unwrap();
            incoming.feed(&wire[cut..]).unwrap();
            assert_eq!(incoming.reply().unwrap()[..], b"\x8a\x05hello"[..]);
        }
    }

    #[test]
    fn a_close_ends_it_and_text_is_skipped() {
        let mut incoming = Incoming::new(&[]);
        incoming.feed(&masked(0x1, b"what?")).unwrap();
        assert!(incoming.reply().is_none());
        assert!(incoming.feed(&masked(0x8, &[3, 232])).is_err());
    }

    #[test]
    fn unmasked_and_oversized_frames_are_refused() {
        assert!(Incoming::new(&[]).feed(&[0x81, 0x01, 0x61]).is_err());
        assert!(Incoming::new(&[]).feed(&[0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0]).is_err());
        assert!(Incoming::new(&[]).feed(&[0x82, 0xfe, 0xff, 0xff]).is_err());
    }
}
