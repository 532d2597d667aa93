//! Connections are used again, and only when that is sound.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use hyper::{HeaderMap, Method};

use super::pool::{IDLE_PER_ORIGIN_MAX, IDLE_TIMEOUT};
use super::script_tests::{Script, Then};
use super::{Ask, Client, Error, OwnPorts, Settings, parse_url};

fn client() -> Client {
    Client::new(vec!["127.0.0.1/32".parse().unwrap()])
}

fn ask(origin: &Script) -> Ask {
    Ask::get(parse_url(&origin.url("/film.mp4?x=1")).unwrap())
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn what_was_read_to_its_end_leaves_its_connection_for_the_next() {
    let origin = Script::start(|_| Then::Send(OK.to_vec())).await;
    let client = client();
    for _ in 0..5 {
        let mut upstream = client.open(ask(&origin)).await.unwrap();
        assert_eq!(upstream.next().await.unwrap().unwrap(), "hello");
        // The promised length has come: nobody needs to ask for the end.
        assert!(upstream.is_over());
        assert_eq!(client.idle(), 1);
        assert_eq!(upstream.next().await, Ok(None));
    }
    assert_eq!((origin.connections(), client.idle()), (1, 1));
}

#[tokio::test]
async fn what_was_not_read_to_its_end_ends_its_connection() {
    let origin = Script::start(|_| Then::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello".to_vec())).await;
    let client = client();
    for _ in 0..3 {
        let mut upstream = client.open(ask(&origin)).await.unwrap();
        assert_eq!(upstream.next().await.unwrap().unwrap(), "hello");
    }
    assert_eq!((origin.connections(), client.idle()), (3, 0));
}

#[tokio::test]
async fn answers_without_a_body_leave_their_connection_too() {
    let origin = Script::start(|head| {
        Then::Send(match head.split(' ').next() {
            Some("HEAD") => b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".to_vec(),
            _ => b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n".to_vec(),
        })
    })
    .await;
    let client = client();
    for method in [Method::HEAD, Method::GET, Method::HEAD] {
        let upstream = client.open(Ask { method, ..ask(&origin) }).await.unwrap();
        assert!(upstream.is_over());
        assert_eq!(upstream.length(), (upstream.status == 200).then_some(5000));
    }
    assert_eq!((origin.connections(), client.idle()), (1, 1));
}

#[tokio::test]
async fn a_kept_connection_that_breaks_is_replaced_once() {
    let origin = Script::start(|_| Then::SendClose(OK.to_vec())).await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(client.text_as(ask(&origin), 10).await.unwrap().body, "hello");
    }
    assert_eq!(origin.connections(), 3);
    // One that closes only when it is asked again: nobody could know before.
    let asked = AtomicUsize::new(0);
    let tired = Script::start(move |_| match asked.fetch_add(1, SeqCst) {
        1 => Then::SendClose(Vec::new()),
        _ => Then::Send(OK.to_vec()),
    })
    .await;
    for _ in 0..3 {
        assert_eq!(client.text_as(ask(&tired), 10).await.unwrap().body, "hello");
    }
    assert_eq!((tired.connections(), tired.heads.lock().unwrap().len()), (2, 4));
    let deaf = Script::start(|_| Then::SendClose(Vec::new())).await;
    assert_eq!(client.text_as(ask(&deaf), 10).await.unwrap_err(), Error::Connection);
    assert_eq!(deaf.connections(), 1, "a fresh connection that breaks is an answer");
}

#[tokio::test]
async fn bytes_behind_the_promised_length_never_become_an_answer() {
    let more = [OK, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"].concat();
    let origin = Script::start(move |_| Then::Send(more.clone())).await;
    let client = client();
    for _ in 0..20 {
        assert_eq!(client.text_as(ask(&origin), 10).await.unwrap().body, "hello");
    }
}

#[tokio::test]
async fn idle_connections_are_few_and_do_not_stay() {
    let origin = Script::start(|_| Then::Send(OK.to_vec())).await;
    let client = client();
    let mut open = Vec::new();
    for _ in 0..IDLE_PER_ORIGIN_MAX + 5 {
        open.push(client.open(ask(&origin)).await.unwrap());
    }
    for mut upstream in open {
        while upstream.next().await.unwrap().is_some() {}
    }
    assert_eq!((origin.connections(), client.idle()), (IDLE_PER_ORIGIN_MAX + 5, IDLE_PER_ORIGIN_MAX));
    tokio::time::pause();
    tokio::time::sleep(IDLE_TIMEOUT + Duration::from_millis(10)).await;
    assert_eq!(client.idle(), 0, "nobody asked, and they are closed");
}

#[tokio::test]
async fn configured_headers_go_to_their_origin_and_credentials_to_no_other() {
    let target = Script::start(|_| Then::Send(OK.to_vec())).await;
    let answer = format!("HTTP/1.1 302 X\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", target.url("/"));
    let back = Script::start(move |_| Then::Send(answer.clone().into())).await;
    let mut headers = HeaderMap::new();
    for (name, value) in [("authorization", "Bearer x"), ("cookie", "a=b"), ("x-token", "y"), ("referer", "http://r/")]
    {
        headers.insert(name, value.parse().unwrap());
    }
    headers.insert("user-agent", "film player".parse().unwrap());
    let upstream = client().open(Ask { headers, range: Some((5, None)), ..ask(&back) }).await.unwrap();
    assert!(upstream.stripped && upstream.final_url.as_str() == target.url("/"));
    let head = |origin: &Script| origin.heads.lock().unwrap()[0].to_ascii_lowercase();
    for line in ["authorization: bearer x", "cookie: a=b", "x-token: y", "referer: http://r/", "range: bytes=5-"] {
        assert!(head(&back).contains(&format!("\r\n{line}\r\n")), "{line}");
        let kept = line.starts_with("referer") || line.starts_with("range");
        assert_eq!(head(&target).contains(line), kept, "{line}: {}", head(&target));
    }
    assert_eq!(head(&target).matches("user-agent: film player").count(), 1);
}

#[tokio::test]
async fn our_own_listeners_are_never_dialled_whatever_is_allowed() {
    let ours = Script::start(|_| Then::Send(OK.to_vec())).await;
    let port = ours.address.port();
    let all = || vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    let public = url::Url::parse("https://tv.example/").unwrap();
    let own = OwnPorts::new(vec![port]).published_at(public);
    let client = Client::with_settings(Settings { allow: all(), own, ..Settings::default() });
    for host in ["127.0.0.1", "localhost", "0x7f.1", "127.7.7.7", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]", "[::]"] {
        let url = format!("http://{host}:{port}/live/a.flv");
        assert_eq!(client.text(&url, 10).await.unwrap_err(), Error::Refused, "{host}");
        assert_eq!(client.dial(host, port).await.unwrap_err(), Error::Refused, "{host}");
        let answer = format!("HTTP/1.1 302 X\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n");
        let hop = Script::start(move |_| Then::Send(answer.clone().into())).await;
        assert_eq!(client.text_as(ask(&hop), 10).await.unwrap_err(), Error::Refused, "{host}");
    }
    assert_eq!(client.text("https://tv.example/live/a.flv", 10).await.unwrap_err(), Error::Refused);
    assert_eq!(ours.connections(), 0);
    // Without that knowledge they are reached.
    assert!(Client::new(all()).text(&ours.url("/"), 10).await.is_ok());
    assert!(Client::new(all()).dial("127.0.0.1", port).await.is_ok());
}

#[test]
fn what_was_not_reached_reads_alike() {
    let alike = [Error::Refused, Error::Unresolved, Error::Connection, Error::Tls, Error::Timeout("answer")];
    for error in alike {
        assert_eq!((error.outward().as_str(), error.is_lasting()), (super::UNREACHABLE, false), "{error:?}");
    }
    assert_eq!(Error::Status(404).outward(), "the origin answered 404");
}
