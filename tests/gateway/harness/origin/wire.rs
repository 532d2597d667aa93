//! Replies as bytes on a socket.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use super::{
    Lie,
    reply::{End, Framing, Reply},
    request::Request,
};

/// The most bytes of what never ends, in case nobody hangs up.
const ENDLESS: usize = 1 << 30;

/// Writes a reply; whether the connection may be used again.
pub fn write(mut socket: &TcpStream, request: &Request, reply: &Reply, lie: Option<Lie>) -> std::io::Result<bool> {
    match lie {
        Some(Lie::EndlessHead) => return endless(socket, b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
        Some(Lie::EndlessInterim) => return endless(socket, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        Some(Lie::NeverAnswers) => return stall(socket),
        Some(Lie::ClosesBeforeHead) => return Ok(false),
        Some(Lie::NotHttp) => {
            socket.write_all(b"SSH-2.0-OpenSSH_9.0\r\n\0\x01\x02 this is another protocol\r\n\r\n")?;
            return Ok(false);
        }
        Some(Lie::SwitchingProtocols) => {
            let head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
            socket.write_all(head)?;
            return Ok(false);
        }
        _ => {}
    }
    socket.write_all(head(reply, lie).as_bytes())?;
    if request.method == "HEAD" || reply.status == 304 {
        return Ok(reply.end == End::Keep);
    }
    match (lie, reply.framing) {
        (Some(Lie::Drips), _) => {
            for byte in reply.bytes() {
                socket.write_all(&[*byte])?;
                thread::sleep(Duration::from_millis(5));
            }
        }
        (_, Framing::Chunked) => {
            for chunk in reply.bytes().chunks(7001) {
                socket.write_all(format!("{:x}\r\n", chunk.len()).as_bytes())?;
                socket.write_all(chunk)?;
                socket.write_all(b"\r\n")?;
            }
            socket.write_all(match lie {
                Some(Lie::ChunkedCutOff) => b"",
                Some(Lie::ChunkedGarbled) => b"many\r\nbytes\r\n",
                _ => b"0\r\n\r\n",
            })?;
        }
        _ => socket.write_all(reply.bytes())?,
    }
    match reply.end {
        End::Keep => Ok(true),
        End::Close => Ok(false),
        End::Stall => stall(socket),
    }
}

fn head(reply: &Reply, lie: Option<Lie>) -> String {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if lie == Some(Lie::LargeHead) {
        head += &format!("X-Large: {}\r\n", "x".repeat(1 << 20));
    }
    match reply.framing {
        // A 304's length would be that of a 200 (RFC 9110 8.6).
        Framing::Length(_) if reply.status == 304 => {}
        Framing::Length(length) => head += &format!("Content-Length: {length}\r\n"),
        Framing::Chunked => head += "Transfer-Encoding: chunked\r\n",
        Framing::UntilClose => head += "Connection: close\r\n",
    }
    head + "\r\n"
}

fn endless(mut socket: &TcpStream, first: &[u8], again: &[u8]) -> std::io::Result<bool> {
    socket.write_all(first)?;
    let many = again.repeat(100);
    for _ in 0..ENDLESS / many.len() {
        socket.write_all(&many)?;
    }
    Ok(false)
}

/// Says nothing until the other end hangs up.
fn stall(mut socket: &TcpStream) -> std::io::Result<bool> {
    let mut byte = [0];
    loop {
        match socket.read(&mut byte) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(err) if err.kind() == ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
}
