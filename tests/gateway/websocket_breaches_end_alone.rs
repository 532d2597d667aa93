//! WebSocket viewers that break the protocol (RFC 6455), and what is answered to those that keep it.

use crate::harness::*;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

const UPGRADE: [&str; 3] = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/// Upgrades on a plain socket, with these bytes right behind the request.
#[track_caller]
fn upgrade(to: SocketAddr, target: &str, behind: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(s(5))).unwrap();
    let mut request =
        format!("GET {target} HTTP/1.1\r\nHost: {to}\r\n{}\r\n{KEY}\r\n\r\n", UPGRADE.join("\r\n")).into_bytes();
    request.extend(behind);
    socket.write_all(&request).unwrap();
    socket
}

/// A frame with the mask a client must use (5.3): zeros mask nothing.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).ok().filter(|n| *n < 126).expect("a short frame");
    [&[0x80 | opcode, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

/// Reads until these bytes have come; false when the server closes or falls silent first.
fn hears(socket: &mut TcpStream, wanted: &[u8], within: Duration) -> bool {
    let begun = Instant::now();
    let (mut heard, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    while begun.elapsed() < within {
        match socket.read(&mut buffer) {
            Ok(got @ 1..) => heard.extend_from_slice(&buffer[..got]),
            _ => return false,
        }
        if heard.windows(wanted.len()).any(|window| window == wanted) {
            return true;
        }
        heard.drain(..heard.len().saturating_sub(wanted.len()));
    }
    false
}

#[test]
fn upgrades_without_a_key_or_in_another_version_are_refused() {
    let gateway = Gateway::start();
    let _bystander = Bystander::start(&gateway);
    let ask = |head: &[&str]| open(gateway.http, "GET", "/live/bystander.flv", head).unwrap();
    assert_eq!(ask(&UPGRADE).status, 400, "no key");
    assert_eq!(ask(&[&UPGRADE[..], &["Sec-WebSocket-Key: short"]].concat()).status, 400, "a malformed key");
    for version in ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: x", "X-Nothing: 1"] {
        let refused = ask(&["Connection: Upgrade", "Upgrade: websocket", version, KEY]);
        assert_eq!((refused.status, refused.header("sec-websocket-version")), (426, Some("13")), "{version}");
    }
    let missing = open(gateway.http, "GET", "/live/nobody.flv", &[&UPGRADE[..], &[KEY]].concat()).unwrap();
    assert_eq!(missing.status, 404);
    gateway.assert_healthy();
}

#[test]
fn frames_that_are_unmasked_or_too_long_and_closes_end_the_viewer() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let frames: [(&str, Vec<u8>); 6] = [
        ("an unmasked frame", vec![0x81, 1, b'a']),
        ("a frame of 16 MiB", vec![0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        ("a frame of 2^63 bytes", vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("a frame of 65 535 bytes", vec![0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0]),
        ("a ping of 126 bytes", [vec![0x89, 0xfe, 0, 126, 0, 0, 0, 0], vec![0; 126]].concat()),
        ("a close", masked(8, &[3, 232])),
    ];
    for (what, frame) in frames {
        let mut viewer = upgrade(gateway.http, "/live/bystander.flv", &[]);
        assert!(hears(&mut viewer, b"FLV\x01", s(5)), "{what}: no media before it");
        viewer.write_all(&frame).unwrap();
        assert!(is_closed(&mut viewer, s(5)), "{what}: still open");
    }
    gateway.wait_for("bystander", "has one viewer left", s(5), |show| show["viewers"] == 1);
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn a_ping_gets_its_pong_behind_the_upgrade_and_later() {
    let gateway = Gateway::start();
    let _bystander = Bystander::start(&gateway);
    let pong = |text: &[u8]| [&[0x8a, u8::try_from(text.len()).unwrap()], text].concat();
    let mut viewer = upgrade(gateway.http, "/live/bystander.flv", &masked(9, b"at once"));
    assert!(hears(&mut viewer, &pong(b"at once"), s(5)), "a ping sent together with the upgrade is answered");
    viewer.write_all(&masked(9, b"and later")).unwrap();
    assert!(hears(&mut viewer, &pong(b"and later"), s(5)), "a ping between frames is answered");
}

#[test]
fn a_viewer_that_talks_without_end_holds_up_nobody() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let over = Arc::new(AtomicBool::new(false));
    // Twice the processors: each shard of the stream's viewers gets one.
    let talkers: Vec<_> = (0..4)
        .map(|_| {
            let mut talker = upgrade(gateway.http, "/live/bystander.flv", &[]);
            let over = over.clone();
            talker.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            std::thread::spawn(move || {
                let chatter = masked(1, &[b'x'; 100]).repeat(600);
                while !over.load(Relaxed) {
                    // Whole or in part, or not at all: the server takes what it wants to.
                    if talker.write_all(&chatter).is_err() {
                        break;
                    }
                }
            })
        })
        .collect();
    let begun = Instant::now();
    bystander.await_frames(50);
    assert!(begun.elapsed() < s(6), "two seconds of media took {:?}", begun.elapsed());
    over.store(true, Relaxed);
    for talker in talkers {
        talker.join().unwrap();
    }
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}
