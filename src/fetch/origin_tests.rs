//! Origins that are right, wrong, and hostile.

use std::time::{Duration, Instant};

use super::script_tests::{Script, Then, honest, range, whole};
use super::{Client, Error, Limits, Settings};

fn client() -> Client {
    Client::new(vec!["127.0.0.1/32".parse().unwrap()])
}

fn hasty() -> Client {
    let ms = Duration::from_millis;
    let limits = Limits { connect: ms(200), head: ms(200), whole: ms(400) };
    let allow = vec!["127.0.0.1/32".parse().unwrap()];
    Client::with_settings(Settings { allow, limits, ..Settings::default() })
}

fn file() -> Vec<u8> {
    (0..3_000_000_u32).map(|nth| ((nth * 7) >> 3) as u8).collect()
}

/// What reading 100 bytes at 50 gives, of an origin that sends this.
async fn read_of(answer: &'static str) -> Result<usize, Error> {
    let origin = Script::start(move |_| Then::SendClose(answer.as_bytes().to_vec())).await;
    let mut ranged = hasty().ranged(&origin.url("/x")).unwrap();
    ranged.read_at(50, 100).await.map(|bytes| bytes.len())
}

#[tokio::test]
async fn ranges_come_exactly_over_one_connection() {
    let (file, served) = (file(), file());
    let origin = Script::start(move |head| Then::Send(honest(head, &served))).await;
    let mut ranged = client().ranged(&origin.url("/a?b=c#d")).unwrap();
    assert_eq!(ranged.size(), None);
    for (offset, len) in [(0, 10), (2_999_990, 10), (2_999_990, 100), (1000, 1 << 20), (5, 1)] {
        let end = (offset + len).min(file.len());
        assert_eq!(ranged.read_at(offset as u64, len).await.unwrap(), file[offset..end], "{offset} {len}");
        assert_eq!(ranged.size(), Some(3_000_000));
    }
    assert_eq!(origin.connections(), 1);
    assert_eq!(ranged.read_at(3_000_000, 10).await.unwrap().len(), 0);
    let head = origin.heads.lock().unwrap()[0].to_ascii_lowercase();
    assert!(
        head.starts_with("get /a?b=c http/1.1\r\n") && head.contains("\r\naccept-encoding: identity\r\n"),
        "{head}"
    );
    assert_eq!(head.lines().count(), 7, "only host, user-agent, accept, accept-encoding and range: {head}");
}

#[tokio::test]
async fn a_connection_closed_between_reads_is_replaced() {
    let (file, served) = (file(), file());
    let origin = Script::start(move |head| Then::SendClose(honest(head, &served))).await;
    let mut ranged = client().ranged(&origin.url("/")).unwrap();
    for offset in [0, 100, 200] {
        assert_eq!(ranged.read_at(offset as u64, 10).await.unwrap(), file[offset..offset + 10]);
    }
    assert_eq!(origin.connections(), 3);
}

#[tokio::test]
async fn an_origin_that_ignores_ranges_gives_its_first_bytes_once() {
    let (file, served) = (file(), file());
    let origin = Script::start(move |_| Then::Send(whole(&served))).await;
    let mut ranged = client().ranged(&origin.url("/")).unwrap();
    assert_eq!(ranged.read_at(0, 10).await.unwrap(), file[..10]);
    assert_eq!((ranged.size(), ranged.content_type()), (Some(3_000_000), Some("video/mp4")));
    assert_eq!(ranged.read_at(500_000, 1000).await.unwrap(), file[500_000..501_000]);
    assert_eq!(ranged.read_at(4, 4).await.unwrap(), file[4..8]);
    assert_eq!(ranged.read_at(2_000_000, 10).await, Err(Error::NoRanges));
    assert_eq!(origin.heads.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_live_origin_without_length_gives_what_has_come() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\nFLV\x01";
    let origin = Script::start(|_| Then::Send(answer.into())).await;
    let mut ranged = hasty().ranged(&origin.url("/")).unwrap();
    assert_eq!(ranged.read_at(0, 1000).await.unwrap(), b"FLV\x01"[..]);
    assert_eq!(ranged.size(), None);
}

#[tokio::test]
async fn answers_that_lie_about_the_range_are_errors() {
    for answer in [
        "HTTP/1.1 206 X\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 0-99/1000\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-52/1000\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-200/1000\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-149/100\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 149-50/1000\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-18446744073709551615/*\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 147-149/1000\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: items 50-149/1000\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Type: multipart/byteranges; boundary=a\r\n\r\n--a--",
        "HTTP/1.1 416 X\r\nContent-Range: bytes */1000\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 416 X\r\nContent-Length: 0\r\n\r\n",
    ] {
        assert_eq!(read_of(answer).await, Err(Error::Range), "{answer}");
    }
}

#[tokio::test]
async fn answers_of_another_length_than_promised_are_errors() {
    for answer in [
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-149/1000\r\nContent-Length: 100\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-149/1000\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-149/1000\r\n\r\nabc",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-52/53\r\n\r\nabcdef",
        "HTTP/1.1 206 X\r\nContent-Range: bytes 50-149/1000\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nabc",
    ] {
        assert_eq!(read_of(answer).await, Err(Error::Length), "{answer}");
    }
    assert_eq!(read_of("HTTP/1.1 206 X\r\nContent-Range: bytes 50-52/53\r\nContent-Length: 3\r\n\r\nabc").await, Ok(3));
}

#[tokio::test]
async fn compressed_answers_are_errors() {
    for (status, coding) in [("200", "gzip"), ("206", "gzip"), ("200", "br, identity")] {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Encoding: {coding}\r\nContent-Length: 3\r\n\r\nabc");
        let origin = Script::start(move |_| Then::Send(answer.clone().into())).await;
        assert_eq!(client().ranged(&origin.url("/")).unwrap().read_at(0, 3).await, Err(Error::Encoded));
        assert_eq!(client().text(&origin.url("/"), 100).await.unwrap_err(), Error::Encoded);
    }
}

#[tokio::test]
async fn a_file_that_changes_between_reads_is_an_error() {
    for (first, second) in
        [("ETag: \"a\"\r\n", "ETag: \"b\"\r\n"), ("ETag: \"a\"\r\n", ""), ("X: y\r\n", "X: size\r\n")]
    {
        let origin = Script::start(move |head| {
            let (offset, _) = range(head).unwrap();
            let tag = if offset == 0 { first } else { second };
            let size = if tag.contains("size") { 2000 } else { 1000 };
            let range = format!("Content-Range: bytes {offset}-{offset}/{size}");
            Then::Send(format!("HTTP/1.1 206 X\r\n{tag}{range}\r\nContent-Length: 1\r\n\r\na").into())
        })
        .await;
        let mut ranged = client().ranged(&origin.url("/")).unwrap();
        assert_eq!(ranged.read_at(0, 1).await.unwrap(), b"a"[..]);
        assert_eq!(ranged.read_at(7, 1).await, Err(Error::Changed), "{first} {second}");
    }
}

#[tokio::test]
async fn redirects_are_followed_five_times_and_not_for_ever() {
    let origin = Script::start(|head| {
        let nth: u32 = head.strip_prefix("GET /").unwrap().split(' ').next().unwrap().parse().unwrap();
        if nth == 0 {
            return Then::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone".to_vec());
        }
        Then::Send(format!("HTTP/1.1 302 X\r\nLocation: ./{}\r\nContent-Length: 0\r\n\r\n", nth - 1).into())
    })
    .await;
    let text = client().text(&origin.url("/5"), 100).await.unwrap();
    assert_eq!((text.final_url, &text.body[..]), (origin.url("/0"), &b"done"[..]));
    assert_eq!(client().text(&origin.url("/6"), 100).await.unwrap_err(), Error::Redirects);
    let looping =
        Script::start(|_| Then::Send(b"HTTP/1.1 301 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".to_vec())).await;
    assert_eq!(client().text(&looping.url("/"), 100).await.unwrap_err(), Error::Redirects);
    assert_eq!(looping.heads.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn origins_that_do_not_answer_are_given_up_in_time() {
    let trickle = || Then::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\nab".to_vec());
    for (what, origin) in [
        ("hangs", Script::start(|_| Then::Hang).await),
        ("stops in the head", Script::start(|_| Then::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec())).await),
        ("stops in the body", Script::start(move |_| trickle()).await),
    ] {
        let begun = Instant::now();
        let err = hasty().text(&origin.url("/"), 20_000_000).await.unwrap_err();
        assert!(matches!(err, Error::Timeout(_)), "{what}: {err:?}");
        assert!(!err.is_lasting() && begun.elapsed() < Duration::from_secs(3), "{what}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn endless_heads_and_bodies_are_cut() {
    let waiting = Script::start(|_| Then::Endlessly(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())).await;
    assert_eq!(client().text(&waiting.url("/"), 100).await.unwrap_err(), Error::Connection);
    let heads =
        Script::start(|_| Then::Endlessly(b"HTTP/1.1 200 OK\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec())).await;
    assert_eq!(client().text(&heads.url("/"), 100).await.unwrap_err(), Error::Connection);
    let one_line = Script::start(|_| Then::Endlessly(vec![b'H'; 4096])).await;
    assert_eq!(client().text(&one_line.url("/"), 100).await.unwrap_err(), Error::Connection);
    let told = Script::start(|_| Then::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n".to_vec())).await;
    assert_eq!(client().text(&told.url("/"), 100).await.unwrap_err(), Error::TooLarge);
    let untold = Script::start(|_| Then::SendClose([&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 5000]].concat())).await;
    assert_eq!(client().text(&untold.url("/"), 100).await.unwrap_err(), Error::TooLarge);
}

#[tokio::test]
async fn failures_name_their_kind() {
    assert_eq!(read_of("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n").await, Err(Error::Status(404)));
    assert_eq!(read_of("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n").await, Err(Error::Status(503)));
    assert!(Error::Status(404).is_lasting() && !Error::Status(503).is_lasting() && !Error::Status(429).is_lasting());
    assert_eq!(read_of("SSH-2.0-x\r\n").await, Err(Error::Connection));
    assert_eq!(read_of("").await, Err(Error::Connection));
    let plain = Script::start(|_| Then::Hang).await;
    let https = plain.url("/").replace("http:", "https:");
    assert!(matches!(hasty().text(&https, 1).await.unwrap_err(), Error::Tls | Error::Timeout(_)));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(client().text(&format!("http://{closed}/"), 1).await.unwrap_err(), Error::Connection);
}
