//! Thousands of RTMP connections that begin a handshake or a message and never end it.

use crate::harness::*;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Instant,
};

const SOURCES: u8 = 10;
const PER_SOURCE: usize = 1000;
/// `rtmp.handshake_timeout_s`; the linger after the close and a busy machine come on top.
const CONFIG: &str = "[rtmp]\nmax_connections = 10001\nhandshake_timeout_s = 8\n";
const CLOSED_WITHIN: std::time::Duration = s(15);
/// What a connection may cost beside its socket, with the handshake done and a message begun, in an unoptimised build.
const BYTES_EACH: u64 = 16 * 1024;

/// Half of a handshake, or a whole one and the beginning of a message as long as may be.
fn begin(socket: &mut TcpStream, whole: bool) {
    socket.write_all(&hello()).unwrap();
    if whole {
        socket.write_all(&[0; 1536]).unwrap();
        socket.write_all(&chunks(COMMAND, 0, 0, &[2; 64 * 1024], 128)[0][..40]).unwrap();
    }
}

#[test]
fn ten_thousand_half_open_and_dripping_connections_starve_nobody() {
    let gateway = Gateway::start_with(&[], CONFIG);
    let mut bystander = Bystander::start(&gateway);
    let before = gateway.resident_bytes();
    let begun = Instant::now();
    let mut open = Vec::new();
    for source in 0..SOURCES {
        let source = Ipv4Addr::new(127, 0, 0, 10 + source);
        for n in 0..PER_SOURCE {
            let mut socket = connect_from(source, gateway.rtmp).expect("a connection within the limits");
            begin(&mut socket, n % 2 == 1);
            open.push(socket);
        }
        // Answered is accepted: from here on their time runs.
        for socket in open.iter_mut().rev().take(PER_SOURCE) {
            socket.read_exact(&mut [0]).expect("S0");
        }
    }
    let opened = Instant::now();
    let status = gateway.log();
    assert!(!status.contains("RTMP connection refused"), "{status}");
    let grown = gateway.resident_bytes().saturating_sub(before);
    let most = BYTES_EACH * open.len() as u64;
    assert!(grown < most, "{} connections cost {grown} bytes, more than {most}", open.len());
    // Each of them sends a byte now and then: that buys no time.
    while begun.elapsed() < s(6) {
        for socket in open.iter_mut().skip(1).step_by(2) {
            // On a slow machine the time of the first ones may be over.
            let _ = socket.write_all(&[2]);
        }
        bystander.await_frames(10);
    }
    for (n, socket) in open.iter_mut().enumerate() {
        let left = CLOSED_WITHIN.saturating_sub(opened.elapsed());
        assert!(is_closed(socket, left), "connection {n} is still open {:?} after the last began", opened.elapsed());
    }
    bystander.assert_undisturbed();
    let kept = gateway.resident_bytes().saturating_sub(before);
    assert!(kept < most, "{kept} bytes stay behind");
    gateway.assert_healthy();
}

#[test]
fn connections_above_a_cap_are_closed_and_a_place_given_back_is_taken_again() {
    let gateway = Gateway::start_with(&[], "[rtmp]\nmax_connections = 6\nmax_connections_per_ip = 4\n");
    let dial = |source: u8| {
        let mut socket = connect_from(Ipv4Addr::new(127, 0, 0, source), gateway.rtmp).unwrap();
        let _ = socket.write_all(&hello());
        socket
    };
    let answered = |socket: &mut TcpStream| {
        let mut version = [0];
        socket.read_exact(&mut version).is_ok() && version == [3]
    };
    let mut first: Vec<_> = (0..4).map(|_| dial(2)).collect();
    assert!(first.iter_mut().all(answered), "four from one address are within the limit");
    assert!(is_closed(&mut dial(2), s(5)), "the fifth from one address is refused");
    let mut second: Vec<_> = (0..2).map(|_| dial(3)).collect();
    assert!(second.iter_mut().all(answered), "another address has places of its own");
    assert!(is_closed(&mut dial(4), s(5)), "the seventh of all is refused");
    drop(first);
    eventually("a place is given back", s(5), || answered(&mut dial(2)).then_some(()));
    let log = gateway.log();
    assert!(log.contains("rtmp.max_connections_per_ip") && log.contains("rtmp.max_connections\""), "{log}");
    gateway.assert_healthy();
}
