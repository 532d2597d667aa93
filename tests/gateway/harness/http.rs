//! An HTTP/1.1 client over a plain socket: it shows what is on the wire and hides nothing.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// An answer whose body is still arriving; reading it takes the chunked coding off.
pub struct Body {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub(super) socket: BufReader<TcpStream>,
    left: Left,
}

enum Left {
    UntilClose,
    Bytes(u64),
    /// Bytes left in the current chunk.
    Chunk(u64),
    Over,
}

impl Body {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    fn next_chunk(&mut self) -> io::Result<u64> {
        let mut line = String::new();
        self.socket.read_line(&mut line)?;
        if line.trim().is_empty() {
            line.clear();
            self.socket.read_line(&mut line)?;
        }
        let size = line.trim().split(';').next().unwrap_or_default();
        u64::from_str_radix(size, 16).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("chunk {line:?}")))
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Left::Chunk(0) = self.left {
            self.left = match self.next_chunk()? {
                0 => Left::Over,
                size => Left::Chunk(size),
            };
        }
        let most = match self.left {
            Left::Over | Left::Bytes(0) => return Ok(0),
            Left::UntilClose => buffer.len(),
            Left::Bytes(left) | Left::Chunk(left) => buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX)),
        };
        let got = self.socket.read(&mut buffer[..most])?;
        match &mut self.left {
            Left::Bytes(left) | Left::Chunk(left) if got == 0 && *left > 0 => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body is cut short"));
            }
            Left::Bytes(left) | Left::Chunk(left) => *left -= got as u64,
            Left::UntilClose | Left::Over => {}
        }
        Ok(got)
    }
}

/// Sends a request and reads the answer's head. `head` lines come after the request line, each without its CRLF.
pub fn open(to: SocketAddr, method: &str, target: &str, head: &[&str]) -> io::Result<Body> {
    let mut socket = TcpStream::connect_timeout(&to, Duration::from_secs(5))?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    socket.set_nodelay(true)?;
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {to}\r\n");
    for line in head {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    socket.write_all(text.as_bytes())?;
    let mut socket = BufReader::new(socket);
    let (status, headers) = read_head(&mut socket)?;
    let left = if method == "HEAD" || status == 204 || status == 304 {
        Left::Over
    } else if find(&headers, "transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        Left::Chunk(0)
    } else if let Some(length) = find(&headers, "content-length").and_then(|v| v.parse().ok()) {
        Left::Bytes(length)
    } else {
        Left::UntilClose
    };
    Ok(Body { status, headers, socket, left })
}

fn read_head(socket: &mut BufReader<TcpStream>) -> io::Result<(u16, Vec<(String, String)>)> {
    let bad = |line: &str| io::Error::new(io::ErrorKind::InvalidData, format!("not a status line: {line:?}"));
    let mut line = String::new();
    socket.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| bad(&line))?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        socket.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
            None => return Ok((status, headers)),
        }
    }
}

/// One request, the whole answer.
#[track_caller]
pub fn request(to: SocketAddr, method: &str, target: &str, head: &[&str]) -> Reply {
    let head: Vec<_> = head.iter().copied().chain(["Connection: close"]).collect();
    let mut answer = open(to, method, target, &head).unwrap_or_else(|e| panic!("{method} {target}: {e}"));
    let mut body = Vec::new();
    answer.read_to_end(&mut body).unwrap_or_else(|e| panic!("{method} {target}: {e}"));
    Reply { status: answer.status, headers: answer.headers, body }
}

/// GET; `target` may be an absolute URL of this server.
#[track_caller]
pub fn get(to: SocketAddr, target: &str) -> Reply {
    request(to, "GET", path_of(target), &[])
}

#[track_caller]
pub fn head(to: SocketAddr, target: &str) -> Reply {
    request(to, "HEAD", path_of(target), &[])
}

/// The path and query of an absolute URL; a path stays as it is.
pub fn path_of(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://") else { return target };
    rest.find('/').map_or("/", |slash| &rest[slash..])
}
