//! The scripted origin itself: honest where it should be, and every lie is told.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::harness::*;

/// What comes back for one request, at most 200 000 bytes, until the connection ends or nothing comes for a while.
fn raw(origin: &Origin, request: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(origin.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = socket.read(&mut piece)
        && answer.len() < 200_000
    {
        answer.extend_from_slice(&piece[..length]);
    }
    answer
}

fn part(name: &str) -> String {
    format!("GET /{name}?sig=1 HTTP/1.1\r\nHost: x\r\nRange: bytes=100-199\r\n\r\n")
}

#[test]
fn an_honest_origin_answers_ranges_and_conditions_and_writes_everything_down() {
    let origin = Origin::start();
    let file: Vec<u8> = (0..=255).collect();
    let url = origin.put_as("a", Answer::new(file.clone()).etag("\"1\"").content_type("video/mp4"));
    assert_eq!(url, format!("http://{}/a", origin.address()));
    let answer = raw(&origin, &part("a"));
    assert!(answer.ends_with(&file[100..200]), "{}", String::from_utf8_lossy(&answer));
    let head = String::from_utf8_lossy(&answer[..answer.len() - 100]).into_owned();
    assert!(head.starts_with("HTTP/1.1 206 ") && head.contains("Content-Range: bytes 100-199/256\r\n"), "{head}");
    let asked = |header: &str| {
        String::from_utf8_lossy(&raw(&origin, &format!("GET /a HTTP/1.1\r\n{header}\r\n\r\n")))[9..12].to_owned()
    };
    assert_eq!(asked("If-None-Match: W/\"1\""), "304");
    assert_eq!(asked("Range: bytes=256-"), "416");
    assert_eq!(asked("Range: bytes=-5"), "206");
    assert_eq!(asked("Range: bytes=0-1\r\nIf-Range: \"2\""), "200");
    origin.put_as("secret", Answer::new("x").requires("authorization", "Bearer y", 401));
    assert!(raw(&origin, &part("secret")).starts_with(b"HTTP/1.1 401"));
    assert_eq!((origin.requests(), origin.requests_for("a"), origin.requests_for("secret")), (6, 5, 1));
    let first = &origin.log_of("a")[0];
    assert_eq!((first.method.as_str(), first.query(), first.header("range")), ("GET", "sig=1", Some("bytes=100-199")));
}

#[test]
fn no_lie_is_the_truth() {
    let origin = Origin::start();
    let file: Vec<u8> = (0..=255).collect();
    origin.put("honest", file.clone());
    let honest = raw(&origin, &part("honest"));
    // These need a look from elsewhere: a second answer, no range, HEAD, or a clock.
    let elsewhere = [Lie::Changes, Lie::ChangesSilently, Lie::PartialUnasked, Lie::HeadDiffers, Lie::Drips];
    for lie in Lie::ALL.iter().filter(|lie| !elsewhere.contains(lie)) {
        origin.put_as("lie", Answer::new(file.clone()).lying(*lie));
        assert_ne!(raw(&origin, &part("lie")), honest, "{lie:?}");
    }
    assert!(Lie::ALL.len() >= 40);
    origin.put_as("changes", Answer::new(file.clone()).lying(Lie::Changes));
    assert!(raw(&origin, &part("changes")).ends_with(&file[100..200]));
    assert!(!raw(&origin, &part("changes")).ends_with(&file[100..200]));
    origin.put_as("once", Answer::new(file.clone()).lying_first(Lie::Expired, 1));
    assert!(raw(&origin, &part("once")).starts_with(b"HTTP/1.1 403"));
    assert_eq!(raw(&origin, &part("once")), honest);
}
