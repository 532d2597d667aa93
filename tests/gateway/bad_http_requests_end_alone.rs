//! HTTP clients that drip, shout, babble or ask a hundred things at once.

use crate::harness::*;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// A request head must come within 10 s; a busy machine comes on top.
const HEAD_WITHIN: Duration = s(13);

fn dial(gateway: &Gateway) -> TcpStream {
    let socket = TcpStream::connect(gateway.http).unwrap();
    socket.set_read_timeout(Some(s(10))).unwrap();
    socket.set_write_timeout(Some(s(10))).unwrap();
    socket
}

/// The status of the answer, when there is one.
fn status_of(socket: &mut TcpStream) -> Option<u16> {
    let mut line = [0; 12];
    socket.read_exact(&mut line).ok()?;
    std::str::from_utf8(&line).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

#[test]
fn heads_that_drip_or_never_come_are_cut_off() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let before = gateway.resident_bytes();
    let begun = Instant::now();
    let mut sockets: Vec<_> = (0..300).map(|_| dial(&gateway)).collect();
    for (n, socket) in sockets.iter_mut().enumerate() {
        // Nothing at all; the beginning of a head; a whole request and then the beginning of the next.
        match n % 3 {
            0 => {}
            1 => socket.write_all(b"GET /live/bystander.flv HTTP/1.1\r\nHost: a\r\n").unwrap(),
            _ => socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /he").unwrap(),
        }
    }
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "300 of them cost {grown} bytes");
    while begun.elapsed() < s(8) {
        for socket in sockets.iter_mut().filter(|socket| socket.peer_addr().is_ok()).skip(1).step_by(3) {
            socket.write_all(b"X-Drip: 1\r\n").expect("open until its time is over");
        }
        bystander.await_frames(10);
    }
    for (n, socket) in sockets.iter_mut().enumerate() {
        let left = HEAD_WITHIN.saturating_sub(begun.elapsed());
        assert!(is_closed(socket, left), "connection {n} is open {:?} after it began", begun.elapsed());
    }
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn a_head_of_a_mebibyte_and_garbage_are_refused() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let before = gateway.resident_bytes();
    let long = "a".repeat(1 << 20);
    let many = "X-A: b\r\n".repeat(1 << 17);
    let requests: [(&str, Vec<u8>); 7] = [
        ("a target of 1 MiB", format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n").into()),
        ("a header of 1 MiB", format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {long}\r\n\r\n").into()),
        ("131 072 headers", format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n").into()),
        ("an RTMP handshake", [vec![3], vec![0; 4096]].concat()),
        ("TLS", vec![0x16, 3, 1, 0x02, 0, 1, 0, 1, 0xfc, 3, 3, 0x0d, 0x0a, 0x0d, 0x0a]),
        ("an HTTP/2 preface and noise", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), vec![0xff; 4096]].concat()),
        (
            "two lengths",
            b"POST /live/a.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 9\r\n\r\n".to_vec(),
        ),
    ];
    for (what, request) in requests {
        let mut socket = dial(&gateway);
        // The server may close before it has taken everything.
        let _ = socket.write_all(&request);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        let refused = !text.starts_with("HTTP/1.1 ") || text.starts_with("HTTP/1.1 4");
        assert!(refused, "{what}: {text}");
    }
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "memory grew by {grown} bytes");
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn a_hundred_pipelined_requests_are_answered_in_order() {
    let gateway = Gateway::start();
    let mut socket = dial(&gateway);
    let requests: String = (0..100)
        .map(|n| {
            let (method, target) = [("GET", "/healthz"), ("GET", "/live/none.flv"), ("PUT", "/live/none.flv")][n % 3];
            let close = if n == 99 { "Connection: close\r\n" } else { "" };
            format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{close}\r\n")
        })
        .collect();
    socket.write_all(requests.as_bytes()).unwrap();
    let mut answers = String::new();
    socket.read_to_string(&mut answers).unwrap();
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    let wanted: Vec<_> = (0..100).map(|n| ["200", "404", "405"][n % 3]).collect();
    assert_eq!(statuses, wanted);
    gateway.assert_healthy();
}

#[test]
fn a_body_that_never_comes_holds_no_connection() {
    let gateway = Gateway::start();
    for target in ["/live/a.flv", "/api/v1/streams", "/healthz"] {
        let mut socket = dial(&gateway);
        socket
            .write_all(format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n").as_bytes())
            .unwrap();
        assert!(status_of(&mut socket).is_some(), "{target} is answered without its body");
        assert!(is_closed(&mut socket, HEAD_WITHIN), "{target} is open and waits for a body");
    }
    gateway.assert_healthy();
}
