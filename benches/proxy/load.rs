//! A client that asks for ranges and throws the bytes away.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Where a file is to be had.
#[derive(Clone)]
pub struct Place {
    pub address: SocketAddr,
    pub path: String,
}

/// One kept connection.
pub struct Client {
    socket: BufReader<TcpStream>,
    path: String,
}

/// An answer to one range.
pub struct Taken {
    /// Until the first byte of the body.
    pub first_byte: Duration,
    pub bytes: u64,
    /// Of the bytes, so that two places can be compared.
    pub sum: u64,
}

impl Client {
    pub fn connect(place: &Place) -> Self {
        let socket = TcpStream::connect(place.address).expect("the server accepts");
        socket.set_nodelay(true).expect("a socket option");
        Self { socket: BufReader::with_capacity(256 << 10, socket), path: place.path.clone() }
    }

    /// Takes positions `first..=last`; panics unless the answer is 206 with exactly them.
    pub fn take(&mut self, first: u64, last: u64, check: bool) -> Taken {
        let begun = Instant::now();
        let request = format!("GET {} HTTP/1.1\r\nHost: bench\r\nRange: bytes={first}-{last}\r\n\r\n", self.path);
        self.socket.get_mut().write_all(request.as_bytes()).expect("a request is written");
        let mut line = String::new();
        self.socket.read_line(&mut line).expect("a status line");
        assert!(line.starts_with("HTTP/1.1 206"), "{}: {line}", self.path);
        let mut length = None;
        loop {
            line.clear();
            self.socket.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse::<u64>().ok();
            }
        }
        assert_eq!(length, Some(last - first + 1), "the whole range");
        let (mut left, mut sum, mut first_byte) = (last - first + 1, 0_u64, None);
        while left > 0 {
            let piece = self.socket.fill_buf().expect("a body");
            assert!(!piece.is_empty(), "the body ends too soon");
            first_byte.get_or_insert_with(|| begun.elapsed());
            let n = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if check {
                sum = piece[..n].iter().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
            }
            self.socket.consume(n);
            left -= n as u64;
        }
        Taken { first_byte: first_byte.unwrap_or_default(), bytes: last - first + 1, sum }
    }
}

/// Numbers that are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    /// Below `end`.
    pub fn roll(&mut self, end: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }
}
