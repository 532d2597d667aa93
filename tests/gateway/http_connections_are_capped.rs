//! `http.max_connections`: one more is closed, and a place given back is taken again.

use crate::harness::*;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

#[test]
fn members_of_rooms_take_no_place_from_others() {
    let gateway = Gateway::start_with(&[], "[http]\nmax_connections = 3\n");
    let room = TestRoom::create(&gateway, "crowded");
    let target = format!("/api/v1/rooms/{}/ws?token={}", room.id, room.owner);
    let members: Vec<_> = (0..5).map(|_| Member::open(gateway.http, &target, &[]).expect("a seat")).collect();
    let mut socket = TcpStream::connect(gateway.http).unwrap();
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{} members keep nobody else out: {answer}", members.len());
}

#[test]
fn one_connection_above_the_cap_is_closed_and_a_place_given_back_is_taken_again() {
    let gateway = Gateway::start_with(&[], "[http]\nmax_connections = 3\n");
    let dial = || {
        let mut socket = TcpStream::connect(gateway.http).unwrap();
        let _ = socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        socket
    };
    let answered = |socket: &mut TcpStream| {
        let mut status = [0; 12];
        socket.read_exact(&mut status).is_ok() && status == *b"HTTP/1.1 200"
    };
    let mut kept: Vec<_> = (0..3).map(|_| dial()).collect();
    assert!(kept.iter_mut().all(answered), "three are within the limit");
    assert!(is_closed(&mut dial(), s(5)), "the fourth is refused");
    drop(kept);
    eventually("a place is given back", s(5), || answered(&mut dial()).then_some(()));
    assert!(gateway.log().contains("http.max_connections"), "the log names the limit");
}
