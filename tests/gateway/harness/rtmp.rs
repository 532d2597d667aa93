//! A publisher made by hand, byte by byte (RTMP 1.0, 5.2, 5.3 and 7): it can do what no encoder does.

use super::{Tag, TagKind, s};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Bytes of C1 and of C2.
const HANDSHAKE: usize = 1536;
/// The message stream media goes to: the first one the server makes.
const MEDIA_STREAM: u32 = 1;

/// Chunk stream, message type: what the writer uses for each kind of message.
pub const COMMAND: (u8, u8) = (3, 20);
pub const AUDIO: (u8, u8) = (4, 8);
pub const VIDEO: (u8, u8) = (6, 9);
pub const SCRIPT: (u8, u8) = (5, 18);
/// Set Chunk Size (5.4.1).
pub const CHUNK_SIZE: (u8, u8) = (2, 1);

/// A connection to the RTMP port.
pub struct RtmpClient {
    pub socket: TcpStream,
    /// Payload bytes of the chunks it writes.
    pub chunk_size: usize,
}

/// Connects from an address of this host: limits are counted by it.
pub fn connect_from(source: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SockAddr::from(SocketAddr::new(IpAddr::V4(source), 0)))?;
    socket.connect_timeout(&SockAddr::from(to), s(5))?;
    let socket = TcpStream::from(socket);
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(s(20)))?;
    socket.set_write_timeout(Some(s(20)))?;
    Ok(socket)
}

/// C0 and C1.
pub fn hello() -> Vec<u8> {
    let mut bytes = vec![0; 1 + HANDSHAKE];
    bytes[0] = 3;
    bytes
}

impl RtmpClient {
    /// Connects and shakes hands.
    #[track_caller]
    pub fn connect(to: SocketAddr) -> Self {
        let mut socket = connect_from(Ipv4Addr::LOCALHOST, to).expect("the RTMP port accepts");
        socket.write_all(&hello()).expect("the server takes C0 and C1");
        let mut answer = vec![0; 1 + 2 * HANDSHAKE];
        socket.read_exact(&mut answer).expect("S0, S1 and S2");
        socket.write_all(&answer[1..=HANDSHAKE]).expect("the server takes C2");
        Self { socket, chunk_size: 128 }
    }

    /// Connects and publishes `stream_key` (as a key's creation prints it) at this chunk size.
    #[track_caller]
    pub fn publish(to: SocketAddr, stream_key: &str, chunk_size: u32) -> Self {
        let mut client = Self::connect(to);
        client.open_stream();
        if chunk_size != 128 {
            client.send(CHUNK_SIZE, 0, 0, &chunk_size.to_be_bytes()).expect("the server takes a chunk size");
            client.chunk_size = chunk_size as usize;
        }
        let body = [amf_string("publish"), amf_number(3.0), vec![5], amf_string(stream_key), amf_string("live")];
        client.send(COMMAND, 0, MEDIA_STREAM, &body.concat()).expect("the server takes a command");
        client.await_text("NetStream.Publish.Start");
        client
    }

    /// connect and createStream, answered.
    #[track_caller]
    pub fn open_stream(&mut self) {
        let mut application = vec![3];
        application.extend(property("app", &amf_string("live")));
        application.extend([0, 0, 9]);
        let connect = [amf_string("connect"), amf_number(1.0), application].concat();
        self.send(COMMAND, 0, 0, &connect).expect("the server takes a command");
        self.await_text("NetConnection.Connect.Success");
        let create = [amf_string("createStream"), amf_number(2.0), vec![5]].concat();
        self.send(COMMAND, 0, 0, &create).expect("the server takes a command");
        self.await_text("_result");
    }

    /// Writes one message whose chunks follow each other.
    pub fn send(&mut self, kind: (u8, u8), timestamp: u32, stream_id: u32, body: &[u8]) -> io::Result<()> {
        let bytes = chunks(kind, timestamp, stream_id, body, self.chunk_size).concat();
        self.socket.write_all(&bytes)
    }

    /// Writes bytes as they are.
    #[track_caller]
    pub fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the server takes bytes");
    }

    /// Writes one audio, video or script message of the publication.
    pub fn send_tag(&mut self, tag: &Tag) -> io::Result<()> {
        self.send(message_of(tag.kind), tag.timestamp, MEDIA_STREAM, &tag.body)
    }

    /// The chunks of one media message, to be written in any order with those of others.
    pub fn chunks_of(&self, tag: &Tag) -> Vec<Vec<u8>> {
        chunks(message_of(tag.kind), tag.timestamp, MEDIA_STREAM, &tag.body, self.chunk_size)
    }

    /// Reads until the server has said this.
    #[track_caller]
    pub fn await_text(&mut self, text: &str) {
        let mut said = Vec::new();
        let mut buffer = [0; 4096];
        while !said.windows(text.len()).any(|window| window == text.as_bytes()) {
            match self.socket.read(&mut buffer) {
                Ok(0) => panic!("closed before {text:?}: {}", String::from_utf8_lossy(&said)),
                Ok(got) => said.extend_from_slice(&buffer[..got]),
                Err(error) => panic!("no {text:?} ({error}): {}", String::from_utf8_lossy(&said)),
            }
        }
    }

    /// Panics unless the server closes within this time.
    #[track_caller]
    pub fn assert_closed(&mut self, what: &str, within: Duration) {
        assert!(is_closed(&mut self.socket, within), "{what}: still open after {within:?}");
    }
}

/// Reads until the peer has closed or reset the connection; false when it has not in time.
pub fn is_closed(socket: &mut TcpStream, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    let mut buffer = [0; 16 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        socket.set_read_timeout(Some(left)).expect("a timeout can be set");
        match socket.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) if Instant::now() < deadline => {}
            Ok(_) => return false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}

/// A message cut into chunks: a type 0 header, then type 3 (5.3.1.2). Timestamps stay below the extended ones.
pub fn chunks((csid, kind): (u8, u8), timestamp: u32, stream_id: u32, body: &[u8], chunk_size: usize) -> Vec<Vec<u8>> {
    let mut header = vec![csid];
    header.extend_from_slice(&timestamp.min(0xff_ffff).to_be_bytes()[1..]);
    header.extend_from_slice(&u32::try_from(body.len()).expect("a message").to_be_bytes()[1..]);
    header.push(kind);
    header.extend_from_slice(&stream_id.to_le_bytes());
    let extended = (timestamp >= 0xff_ffff).then_some(timestamp.to_be_bytes());
    header.extend(extended.iter().flatten());
    let mut rest = vec![0xc0 | csid];
    rest.extend(extended.iter().flatten());
    let mut pieces = body.chunks(chunk_size);
    let mut all = vec![[&header, pieces.next().unwrap_or_default()].concat()];
    all.extend(pieces.map(|piece| [&rest, piece].concat()));
    all
}

fn message_of(kind: TagKind) -> (u8, u8) {
    match kind {
        TagKind::Audio => AUDIO,
        TagKind::Video => VIDEO,
        TagKind::Script => SCRIPT,
    }
}

/// An AMF0 string (2.4).
pub fn amf_string(text: &str) -> Vec<u8> {
    let mut bytes = vec![2];
    bytes.extend(u16::try_from(text.len()).expect("a short string").to_be_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// An AMF0 number (2.2).
pub fn amf_number(number: f64) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(number.to_be_bytes());
    bytes
}

/// A property of an AMF0 object (2.5): its name without a marker, then its value.
pub fn property(name: &str, value: &[u8]) -> Vec<u8> {
    [&amf_string(name)[1..], value].concat()
}
