use super::*;

fn resource(url: &str, headers: &[(&'static str, &'static str)], stripped: bool) -> Resource {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Resource {
        kind: crate::proxy::resource::Kind::Hls,
        url: url.parse().unwrap(),
        headers: Arc::new(headers),
        stripped,
    }
}

#[test]
fn only_the_same_request_shares_an_answer() {
    let one = key(&resource("http://o/a", &[("x", "1"), ("y", "2")], false));
    assert_eq!(one, key(&resource("http://o/a", &[("y", "2"), ("x", "1")], false)));
    for other in [
        resource("http://o/b", &[("x", "1"), ("y", "2")], false),
        resource("http://o/a", &[("x", "1"), ("y", "3")], false),
        resource("http://o/a", &[("x", "1")], false),
        resource("http://o/a", &[("x", "1"), ("y", "2")], true),
    ] {
        assert_ne!(one, key(&other), "{other:?}");
    }
}

/// An origin that answers everything with this head, so much later.
fn origin(head: &'static str, later: Duration) -> Resource {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/live.m3u8", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let _ = socket.read(&mut [0; 1024]);
                std::thread::sleep(later);
                write!(socket, "HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            });
        }
    });
    resource(&url, &[], false)
}

fn texts(head: Duration) -> Texts {
    let limits = fetch::Limits { head, ..fetch::Limits::default() };
    let allow = vec!["127.0.0.0/8".parse().unwrap()];
    Texts::new(Client::with_settings(fetch::Settings { allow, limits, ..fetch::Settings::default() }))
}

#[tokio::test]
async fn a_playlist_that_is_held_back_is_waited_for() {
    let texts = texts(Duration::from_millis(100));
    let origin = origin("200 OK", Duration::from_millis(500));
    let late = texts.get(&origin, |_| false, false).await;
    assert!(
        matches!(late, Err(TextFailure::Origin(Failure::Unreachable(fetch::Error::Timeout("answer"))))),
        "{late:?}"
    );
    let held_back = Resource { url: origin.url.join("?_HLS_msn=1").unwrap(), ..origin };
    assert!(texts.get(&held_back, |_| false, true).await.is_ok());
}

#[tokio::test]
async fn an_origin_that_refuses_is_not_asked_again_at_once() {
    let texts = texts(Duration::from_secs(10));
    let origin = origin("503 Service Unavailable", Duration::ZERO);
    let first = texts.get(&origin, |_| false, false).await;
    assert!(matches!(first, Err(TextFailure::Origin(Failure::Status(503)))), "{first:?}");
    let again = texts.get(&origin, |_| false, false).await;
    assert!(matches!(again, Err(TextFailure::Origin(Failure::Remembered(_)))), "{again:?}");
    let other = Resource { url: origin.url.join("?_HLS_msn=1").unwrap(), ..origin };
    let other = texts.get(&other, |_| false, true).await;
    assert!(matches!(other, Err(TextFailure::Origin(Failure::Status(503)))), "{other:?}");
}
